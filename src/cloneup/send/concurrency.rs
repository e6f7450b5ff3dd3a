//! The concurrency limit (contract 3, `--concurrency`): how many requests may be in flight, as a
//! fixed number or found by AIMD (slow start, additive increase, multiplicative decrease). A pure
//! state machine without clock or network; [`super::gate`] applies it.

use std::time::Duration;

use crate::cloneup::options::{Concurrency, MAX_CONCURRENCY};

/// The maximum that `auto` reaches (contract 3).
const MAX_AUTO: usize = 16;

/// The limit at which `auto` begins: enough to hide the round trip of a usual server, and few
/// enough not to overload a small one before its first answer.
const START: usize = 4;

/// A round whose mean latency is more than this many times the fastest round's is waiting in a
/// queue of the server: more requests would only make the queue longer.
const QUEUED: u32 = 3;

/// A round whose mean latency is more than this many times the fastest round's lowers the limit.
const CROWDED: u32 = 6;

/// What was observed of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Observed {
    /// The server answered after this time.
    Answered(Duration),
    /// The server asks for fewer requests.
    Throttled,
    /// The request failed with a transport error.
    Failed,
}

/// How often the limit had been halved when a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch(u64);

/// A change of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LimitChange {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) reason: &'static str,
}

/// The limit as it is now. It doubles after every good round until the first bad one (slow
/// start), then grows by one a round (additive increase), and is halved when the server throttles
/// or a request fails (multiplicative decrease).
#[derive(Debug)]
pub(super) struct ConcurrencyLimit {
    current: usize,
    is_auto: bool,
    is_slow_start: bool,
    halvings: u64,
    /// The number of answers in this round; a round has as many as the limit.
    answers: u32,
    /// The sum of their latencies.
    latency: Duration,
    /// The lowest mean latency of a round.
    fastest: Option<Duration>,
}

impl ConcurrencyLimit {
    pub(super) fn new(concurrency: Concurrency) -> Self {
        let (current, is_auto) = match concurrency {
            Concurrency::Auto => (START, true),
            Concurrency::Fixed(number) => (number.get().min(MAX_CONCURRENCY), false),
        };
        Self {
            current,
            is_auto,
            is_slow_start: true,
            halvings: 0,
            answers: 0,
            latency: Duration::ZERO,
            fastest: None,
        }
    }

    /// The number of requests that may be in flight now.
    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// The epoch of a request that is sent now.
    pub(super) fn epoch(&self) -> Epoch {
        Epoch(self.halvings)
    }

    /// Records the end of a request, and returns the change of the limit that follows from it.
    pub(super) fn observe(&mut self, epoch: Epoch, observed: Observed) -> Option<LimitChange> {
        if !self.is_auto {
            return None;
        }
        match observed {
            Observed::Answered(latency) => self.answered(latency),
            // Requests that were in flight together fail together: that halves the limit once.
            _ if epoch != self.epoch() => None,
            Observed::Throttled => self.halve("the server asks for a pause"),
            Observed::Failed => self.halve("a request failed"),
        }
    }

    fn halve(&mut self, reason: &'static str) -> Option<LimitChange> {
        self.is_slow_start = false;
        self.halvings += 1;
        self.begin_round(self.current / 2, reason)
    }

    fn answered(&mut self, latency: Duration) -> Option<LimitChange> {
        self.answers += 1;
        self.latency += latency;
        if (self.answers as usize) < self.current {
            return None;
        }
        let mean = self.latency / self.answers;
        let fastest = self.fastest.map_or(mean, |fastest| fastest.min(mean));
        self.fastest = Some(fastest);
        if mean <= fastest * QUEUED {
            let step = if self.is_slow_start { self.current } else { 1 };
            return self.begin_round(self.current + step, "answers come without delay");
        }
        self.is_slow_start = false;
        if mean > fastest * CROWDED {
            self.begin_round(self.current - 1, "answers take much longer than they could")
        } else {
            self.begin_round(self.current, "answers begin to wait")
        }
    }

    /// Begins a new round with this limit, kept between 1 and the maximum.
    fn begin_round(&mut self, limit: usize, reason: &'static str) -> Option<LimitChange> {
        let (from, to) = (self.current, limit.clamp(1, MAX_AUTO));
        self.current = to;
        self.answers = 0;
        self.latency = Duration::ZERO;
        (from != to).then_some(LimitChange { from, to, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs rounds against a server whose latency is `latency(limit)` milliseconds.
    fn run(limit: &mut ConcurrencyLimit, rounds: usize, mut latency: impl FnMut(usize) -> u64) {
        for _ in 0..rounds {
            for _ in 0..limit.current() {
                let taken = Duration::from_millis(latency(limit.current()));
                limit.observe(limit.epoch(), Observed::Answered(taken));
            }
        }
    }

    #[test]
    fn a_distant_server_gets_the_maximum_within_two_rounds() {
        let mut limit = ConcurrencyLimit::new(Concurrency::Auto);
        run(&mut limit, 2, |_| 25);
        assert_eq!(limit.current(), MAX_AUTO);
    }

    #[test]
    fn a_server_that_queues_requests_gets_fewer_than_the_maximum() {
        let mut limit = ConcurrencyLimit::new(Concurrency::Auto);
        run(&mut limit, 100, |in_flight| in_flight as u64 * in_flight as u64);
        assert!(limit.current() < 10, "{}", limit.current());
    }

    #[test]
    fn jitter_is_not_taken_for_a_queue() {
        let (mut limit, mut random) = (ConcurrencyLimit::new(Concurrency::Auto), 1_u64);
        run(&mut limit, 200, |_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            10 + (random >> 33) % 60
        });
        assert_eq!(limit.current(), MAX_AUTO);
    }

    #[test]
    fn throttling_halves_the_limit_once_for_all_in_flight_and_recovery_is_additive() {
        let mut limit = ConcurrencyLimit::new(Concurrency::Auto);
        run(&mut limit, 20, |_| 25);
        for expected in [8, 4, 2, 1, 1] {
            let epoch = limit.epoch();
            for _ in 0..16 {
                limit.observe(epoch, Observed::Throttled);
            }
            assert_eq!(limit.current(), expected);
        }
        run(&mut limit, 3, |_| 25);
        assert_eq!(limit.current(), 4);
    }

    #[test]
    fn a_server_that_becomes_slow_lowers_the_limit_step_by_step() {
        let mut limit = ConcurrencyLimit::new(Concurrency::Auto);
        run(&mut limit, 20, |_| 10);
        run(&mut limit, 40, |_| 500);
        assert_eq!(limit.current(), 1);
    }

    #[test]
    fn a_change_has_a_reason() {
        let mut limit = ConcurrencyLimit::new(Concurrency::Auto);
        let change = limit.observe(limit.epoch(), Observed::Failed);
        assert_eq!(change, Some(LimitChange { from: 4, to: 2, reason: "a request failed" }));
    }

    #[test]
    fn a_fixed_limit_never_changes() {
        let mut limit = ConcurrencyLimit::new(Concurrency::Fixed(3.try_into().unwrap()));
        limit.observe(limit.epoch(), Observed::Throttled);
        run(&mut limit, 10, |_| 1);
        assert_eq!(limit.current(), 3);
    }
}
