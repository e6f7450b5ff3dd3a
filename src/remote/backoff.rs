//! When a request that failed in transport is sent again: exponential back-off with full
//! jitter, and what the server asks for (contract 3.3).

use std::time::{Duration, SystemTime};

use retry_policies::policies::ExponentialBackoff;
use retry_policies::{Jitter, RetryDecision, RetryPolicy};

/// A `Retry-After` is obeyed up to so many times the longest pause.
const MAX_OBEYED: u32 = 10;

/// No pause is longer than a day, whatever the options say: it could not be told from a hang.
const MAX_PAUSE: Duration = Duration::from_hours(24);

/// Decides about retries; has no state of its own.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: ExponentialBackoff,
    max_retries: u32,
}

/// What to do about a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextTry {
    /// Send it again after this pause.
    After(Duration),
    /// All retries are used up.
    Exhausted,
    /// The server asks for a longer pause than anybody would wait for.
    TooLong(Duration),
}

impl Backoff {
    /// `first` is the longest first pause; it doubles up to `longest`.
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

    /// How often a request may be sent again.
    #[must_use]
    pub fn max_retries(&self) -> u32 {
        self.max_retries
    }

    /// Decides after a request has been sent again `retries` times already.
    #[must_use]
    pub fn next(&self, retries: u32, retry_after: Option<Duration>) -> NextTry {
        let now = SystemTime::now();
        let RetryDecision::Retry { execute_after } = self.policy.should_retry(now, retries) else {
            return NextTry::Exhausted;
        };
        match retry_after {
            None => NextTry::After(execute_after.duration_since(now).unwrap_or_default()),
            Some(pause) if pause <= self.policy.max_retry_interval.saturating_mul(MAX_OBEYED) => {
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
    fn pauses_double_up_to_the_longest_and_are_jittered_in_full() {
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
            assert!(pauses.iter().any(|pause| *pause < limit / 4), "{retries}: no jitter to the bottom");
            assert!(pauses.iter().any(|pause| *pause > limit / 4 * 3), "{retries}: no jitter to the top");
        }
    }

    #[test]
    fn retries_are_counted_and_the_server_is_obeyed_within_reason() {
        let backoff = Backoff::new(Duration::ZERO, Duration::from_secs(2), 2);
        assert_eq!(backoff.next(2, None), NextTry::Exhausted);
        assert_eq!(backoff.next(2, Some(Duration::ZERO)), NextTry::Exhausted);
        let pause = Duration::from_secs(20);
        assert_eq!(backoff.next(1, Some(pause)), NextTry::After(pause));
        let pause = Duration::from_secs(21);
        assert_eq!(backoff.next(0, Some(pause)), NextTry::TooLong(pause));
    }
}
