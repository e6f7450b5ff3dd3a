//! How many requests a second: a bucket that fills at a steady pace and holds one second's
//! worth.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets so many requests a second in.
#[derive(Debug)]
pub(super) struct RateLimit {
    /// Between two requests at the steady pace.
    interval: Duration,
    /// When the bucket will be full again: never more than a second ahead.
    full_at: Mutex<Instant>,
}

impl RateLimit {
    pub(super) fn new(per_second: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.max(1), full_at: Mutex::new(Instant::now()) }
    }

    /// Lets a request in, or says how long to wait.
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
    fn a_second_s_worth_comes_at_once_and_then_at_a_steady_pace() {
        let limit = RateLimit::new(10);
        let now = Instant::now();
        assert_eq!((0..30).filter(|_| limit.admit(now).is_ok()).count(), 10);
        assert!(limit.admit(now).unwrap_err() <= Duration::from_millis(100));
        let later = now + Duration::from_millis(350);
        assert_eq!((0..30).filter(|_| limit.admit(later).is_ok()).count(), 3);
    }
}
