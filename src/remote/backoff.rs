//! The pause before a request is sent again: exponential backoff with full jitter, or what the
//! server asks for with `Retry-After` (contract 3.3). Whether an error is worth a retry is decided
//! in [`super::classify`]; the loop is in [`crate::cloneup`].

use std::time::{Duration, SystemTime};

use retry_policies::policies::ExponentialBackoff;
use retry_policies::{Jitter, RetryDecision, RetryPolicy};

/// A `Retry-After` is obeyed up to this many times the longest pause (contract 3.3).
const MAX_OBEYED_FACTOR: u32 = 10;

/// The upper bound of the longest pause, whatever the options say: a program that pauses for
/// longer looks like one that hangs.
const MAX_PAUSE: Duration = Duration::from_hours(24);

/// The retry policy of a request. It holds no state: the caller counts the retries.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: ExponentialBackoff,
    max_retries: u32,
}

/// What follows a transport error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextTry {
    /// Send the request again after this pause.
    After(Duration),
    /// Give up: all retries are used up.
    Exhausted,
    /// Give up: the server asks for this pause, which is longer than ten times the longest pause.
    TooLong(Duration),
}

impl Backoff {
    /// Makes a policy of at most `max_retries` retries. A pause is random between zero and a bound
    /// (full jitter), which is `first` at first and doubles up to `longest`.
    #[must_use]
    pub fn new(first: Duration, longest: Duration, max_retries: u32) -> Self {
        let longest = longest.min(MAX_PAUSE);
        let policy = ExponentialBackoff::builder()
            .retry_bounds(first.min(longest), longest)
            .jitter(Jitter::Full)
            .base(2)
            .build_with_max_retries(max_retries);
        Self { policy, max_retries }
    }

    /// How many times a request is sent again at most.
    #[must_use]
    pub fn max_retries(&self) -> u32 {
        self.max_retries
    }

    /// Decides what follows a transport error of a request that was sent again `retries` times
    /// already; `retry_after` is the pause that the server asks for.
    #[must_use]
    pub fn next(&self, retries: u32, retry_after: Option<Duration>) -> NextTry {
        let now = SystemTime::now();
        let RetryDecision::Retry { execute_after } = self.policy.should_retry(now, retries) else {
            return NextTry::Exhausted;
        };
        match retry_after {
            // The policy reads the clock again, which may have been set back since: no pause then.
            None => NextTry::After(execute_after.duration_since(now).unwrap_or(Duration::ZERO)),
            Some(pause) if pause <= self.policy.max_retry_interval.saturating_mul(MAX_OBEYED_FACTOR) => {
                NextTry::After(pause)
            }
            Some(pause) => NextTry::TooLong(pause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_with_full_jitter() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5), 100);
        for (retries, limit) in [(0, 1), (1, 2), (2, 4), (3, 5), (50, 5)] {
            let limit = Duration::from_secs(limit);
            let pauses: Vec<_> = (0..200)
                .map(|_| match backoff.next(retries, None) {
                    NextTry::After(pause) => pause,
                    other => panic!("{other:?}"),
                })
                .collect();
            let slack = Duration::from_millis(50);
            assert!(pauses.iter().all(|pause| *pause <= limit + slack), "{retries}");
            assert!(
                pauses.iter().any(|pause| *pause < limit / 4),
                "{retries}: no pause in the lowest quarter"
            );
            assert!(
                pauses.iter().any(|pause| *pause > limit / 4 * 3),
                "{retries}: no pause in the highest quarter"
            );
        }
    }

    #[test]
    fn gives_up_after_max_retries_or_when_retry_after_is_over_ten_times_the_longest_pause() {
        let backoff = Backoff::new(Duration::ZERO, Duration::from_secs(2), 2);
        assert_eq!(backoff.next(2, None), NextTry::Exhausted);
        assert_eq!(backoff.next(2, Some(Duration::ZERO)), NextTry::Exhausted);
        let pause = Duration::from_secs(20);
        assert_eq!(backoff.next(1, Some(pause)), NextTry::After(pause));
        let pause = Duration::from_secs(21);
        assert_eq!(backoff.next(0, Some(pause)), NextTry::TooLong(pause));
    }
}
