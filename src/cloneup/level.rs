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

/// The level as it is now: raised by one after a good round, halved when the server throttles
/// or fails (additive increase, multiplicative decrease).
#[derive(Debug)]
pub(super) struct Level {
    current: usize,
    is_auto: bool,
    /// Answers since the level last changed or a round ended.
    answers: u32,
    /// How long they took together.
    taken: Duration,
    /// The shortest mean of a round.
    fastest: Option<Duration>,
}

impl Level {
    pub(super) fn new(concurrency: Concurrency) -> Self {
        let (current, is_auto) = match concurrency {
            Concurrency::Auto => (START, true),
            Concurrency::Fixed(number) => (number.get(), false),
        };
        Self { current, is_auto, answers: 0, taken: Duration::ZERO, fastest: None }
    }

    /// How many requests may be in flight now.
    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// A request was answered after this time; or only after it had to be sent again.
    pub(super) fn observe(&mut self, taken: Duration, was_retried: bool) {
        if !self.is_auto {
            return;
        }
        if was_retried {
            self.turn(self.current / 2, "a request had to be sent again");
            return;
        }
        self.answers += 1;
        self.taken += taken;
        if (self.answers as usize) < self.current {
            return;
        }
        let mean = self.taken / self.answers;
        let fastest = self.fastest.map_or(mean, |fastest| fastest.min(mean));
        self.fastest = Some(fastest);
        if mean > fastest * CROWDED {
            self.turn(self.current - 1, "answers take much longer than they could");
        } else if mean <= fastest * QUEUED {
            self.turn(self.current + 1, "answers come without delay");
        } else {
            self.turn(self.current, "answers begin to wait");
        }
    }

    /// Begins a new round at another level.
    fn turn(&mut self, level: usize, why: &str) {
        let level = level.clamp(1, MAX_AUTO);
        if level != self.current {
            tracing::debug!(from = self.current, to = level, why, "requests in flight");
        }
        self.current = level;
        self.answers = 0;
        self.taken = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many rounds at a server that answers after `answer(level)` milliseconds.
    fn run(level: &mut Level, rounds: usize, answer: impl Fn(usize) -> u64) {
        for _ in 0..rounds {
            for _ in 0..level.current() {
                level.observe(Duration::from_millis(answer(level.current())), false);
            }
        }
    }

    #[test]
    fn a_server_that_is_only_far_away_is_used_to_the_full() {
        let mut level = Level::new(Concurrency::Auto);
        run(&mut level, 20, |_| 25);
        assert_eq!(level.current(), MAX_AUTO);
    }

    #[test]
    fn a_server_that_only_queues_is_not_pressed() {
        let mut level = Level::new(Concurrency::Auto);
        run(&mut level, 100, |in_flight| in_flight as u64 * in_flight as u64);
        assert!(level.current() < 10, "{}", level.current());
    }

    #[test]
    fn a_server_that_throttles_halves_the_level_and_gets_its_time_to_recover() {
        let mut level = Level::new(Concurrency::Auto);
        run(&mut level, 20, |_| 25);
        for expected in [8, 4, 2, 1, 1] {
            level.observe(Duration::from_millis(25), true);
            assert_eq!(level.current(), expected);
        }
        run(&mut level, 3, |_| 25);
        assert_eq!(level.current(), 4);
    }

    #[test]
    fn a_collapsing_server_lowers_it_step_by_step() {
        let mut level = Level::new(Concurrency::Auto);
        run(&mut level, 20, |_| 10);
        run(&mut level, 40, |_| 500);
        assert_eq!(level.current(), 1);
    }

    #[test]
    fn a_fixed_number_stays() {
        let mut level = Level::new(3.try_into().unwrap());
        level.observe(Duration::from_secs(9), true);
        run(&mut level, 10, |_| 1);
        assert_eq!(level.current(), 3);
    }
}
