//! The rate limit: a token bucket that holds one second's worth of requests and is refilled at a steady
//! pace. Requests are refused by it in [`super::router`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket, kept as the time at which it will be full again (the generic cell rate algorithm),
/// so that nothing has to refill it.
#[derive(Debug)]
pub(super) struct RateLimit {
    /// The time in which one token is refilled.
    interval: Duration,
    /// When the bucket will be full again; at most a second from now, or one interval if that is
    /// longer.
    full_at: Mutex<Instant>,
}

impl RateLimit {
    pub(super) fn new(per_second: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.max(1), full_at: Mutex::new(Instant::now()) }
    }

    /// Takes a token for a request.
    ///
    /// # Errors
    /// The time until there is a token, when the bucket is empty.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*full_at).max(now) + self.interval;
        match next.duration_since(now).checked_sub(Duration::from_secs(1).max(self.interval)) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *full_at = next;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_a_burst_of_one_second_and_then_the_steady_rate() {
        let limit = RateLimit::new(10);
        let now = Instant::now();
        assert_eq!((0..30).filter(|_| limit.admit(now).is_ok()).count(), 10);
        assert!(limit.admit(now).unwrap_err() <= Duration::from_millis(100));
        let later = now + Duration::from_millis(350);
        assert_eq!((0..30).filter(|_| limit.admit(later).is_ok()).count(), 3);
    }
}
