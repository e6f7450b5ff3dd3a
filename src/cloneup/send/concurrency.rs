//! How many requests are in flight (contract 3, `--concurrency`): a fixed number, or one
//! that finds its own level from what it observes. A pure state machine: it knows neither
//! clock nor network.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The most requests in flight that `auto` comes to (contract 3).
const MAX_AUTO: usize = 16;

/// Where `auto` begins: enough to hide the round trip of a usual server, and few enough not
/// to press a small one before it has answered once.
const START: usize = 4;

/// A round whose answers take so many times as long as the fastest ones is waiting in the
/// server's queue: more requests would only make the queue longer.
const QUEUED: u32 = 3;

/// The same, so much that the level goes down.
const CROWDED: u32 = 6;

/// How many requests may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Concurrency {
    /// Between 1 and 16, found while running.
    #[default]
    Auto,
    /// So many.
    Fixed(NonZeroUsize),
}

impl TryFrom<usize> for Concurrency {
    type Error = std::num::TryFromIntError;

    fn try_from(number: usize) -> Result<Self, Self::Error> {
        NonZeroUsize::try_from(number).map(Self::Fixed)
    }
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Observed {
    /// The server answered after this time.
    Answered(Duration),
    /// The server asks for fewer requests.
    Throttled,
    /// It failed in transport.
    Failed,
}

/// Which level a request was sent at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permit(u64);

/// The level has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) why: &'static str,
}

/// The level as it is now. It doubles after a good round until the first sign of trouble,
/// then rises by one a round, and is halved when the server throttles or fails (slow start,
/// additive increase, multiplicative decrease).
#[derive(Debug)]
pub(crate) struct ConcurrencyLimit {
    current: usize,
    is_auto: bool,
    /// Until something has gone against it.
    is_starting: bool,
    /// How often it has been halved.
    halvings: u64,
    /// Answers since the level last changed or a round ended.
    answers: u32,
    /// How long they took together.
    taken: Duration,
    /// The shortest mean of a round.
    fastest: Option<Duration>,
}

impl ConcurrencyLimit {
    pub(crate) fn new(concurrency: Concurrency) -> Self {
        let (current, is_auto) = match concurrency {
            Concurrency::Auto => (START, true),
            Concurrency::Fixed(number) => (number.get(), false),
        };
        Self {
            current,
            is_auto,
            is_starting: true,
            halvings: 0,
            answers: 0,
            taken: Duration::ZERO,
            fastest: None,
        }
    }

    /// How many requests may be in flight now.
    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// For a request that is about to be sent.
    pub(crate) fn permit(&self) -> Permit {
        Permit(self.halvings)
    }

    /// A request is done; returns how the level changes through it.
    pub(crate) fn observe(&mut self, permit: Permit, observed: Observed) -> Option<Change> {
        if !self.is_auto {
            return None;
        }
        match observed {
            Observed::Answered(taken) => self.answered(taken),
            // Requests that were in flight together fail together: that is one sign, not many.
            _ if permit != self.permit() => None,
            Observed::Throttled => self.halve("the server asks for a pause"),
            Observed::Failed => self.halve("a request failed"),
        }
    }

    fn halve(&mut self, why: &'static str) -> Option<Change> {
        self.is_starting = false;
        self.halvings += 1;
        self.turn(self.current / 2, why)
    }

    fn answered(&mut self, taken: Duration) -> Option<Change> {
        self.answers += 1;
        self.taken += taken;
        if (self.answers as usize) < self.current {
            return None;
        }
        let mean = self.taken / self.answers;
        let fastest = self.fastest.map_or(mean, |fastest| fastest.min(mean));
        self.fastest = Some(fastest);
        if mean <= fastest * QUEUED {
            let step = if self.is_starting { self.current } else { 1 };
            return self.turn(self.current + step, "answers come without delay");
        }
        self.is_starting = false;
        if mean > fastest * CROWDED {
            self.turn(self.current - 1, "answers take much longer than they could")
        } else {
            self.turn(self.current, "answers begin to wait")
        }
    }

    /// Begins a new round, perhaps at another level.
    fn turn(&mut self, level: usize, why: &'static str) -> Option<Change> {
        let (from, to) = (self.current, level.clamp(1, MAX_AUTO));
        self.current = to;
        self.answers = 0;
        self.taken = Duration::ZERO;
        (from != to).then_some(Change { from, to, why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many rounds at a server that answers after `answer(level)` milliseconds.
    fn run(level: &mut ConcurrencyLimit, rounds: usize, mut answer: impl FnMut(usize) -> u64) {
        for _ in 0..rounds {
            for _ in 0..level.current() {
                let taken = Duration::from_millis(answer(level.current()));
                level.observe(level.permit(), Observed::Answered(taken));
            }
        }
    }

    #[test]
    fn a_server_that_is_only_far_away_is_used_to_the_full_and_soon() {
        let mut level = ConcurrencyLimit::new(Concurrency::Auto);
        run(&mut level, 2, |_| 25);
        assert_eq!(level.current(), MAX_AUTO);
    }

    #[test]
    fn a_server_that_only_queues_is_not_pressed() {
        let mut level = ConcurrencyLimit::new(Concurrency::Auto);
        run(&mut level, 100, |in_flight| in_flight as u64 * in_flight as u64);
        assert!(level.current() < 10, "{}", level.current());
    }

    #[test]
    fn a_line_that_jitters_is_no_queue() {
        let (mut level, mut random) = (ConcurrencyLimit::new(Concurrency::Auto), 1_u64);
        run(&mut level, 200, |_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            10 + (random >> 33) % 60
        });
        assert_eq!(level.current(), MAX_AUTO);
    }

    #[test]
    fn a_server_that_throttles_halves_the_level_once_for_all_in_flight_and_recovers_step_by_step() {
        let mut level = ConcurrencyLimit::new(Concurrency::Auto);
        run(&mut level, 20, |_| 25);
        for expected in [8, 4, 2, 1, 1] {
            let permit = level.permit();
            for _ in 0..16 {
                level.observe(permit, Observed::Throttled);
            }
            assert_eq!(level.current(), expected);
        }
        run(&mut level, 3, |_| 25);
        assert_eq!(level.current(), 4);
    }

    #[test]
    fn a_collapsing_server_lowers_it_step_by_step() {
        let mut level = ConcurrencyLimit::new(Concurrency::Auto);
        run(&mut level, 20, |_| 10);
        run(&mut level, 40, |_| 500);
        assert_eq!(level.current(), 1);
    }

    #[test]
    fn a_change_says_why() {
        let mut level = ConcurrencyLimit::new(Concurrency::Auto);
        let change = level.observe(level.permit(), Observed::Failed);
        assert_eq!(change, Some(Change { from: 4, to: 2, why: "a request failed" }));
    }

    #[test]
    fn a_fixed_number_stays() {
        let mut level = ConcurrencyLimit::new(3.try_into().unwrap());
        level.observe(level.permit(), Observed::Throttled);
        run(&mut level, 10, |_| 1);
        assert_eq!(level.current(), 3);
    }
}
