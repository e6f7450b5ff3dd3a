//! Batch ids: the time in milliseconds since 1970, and random bits. Nothing is ordered by them but what is
//! forgotten, and what the page shows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const RANDOM_BITS: u32 = 22;

/// A number that no other batch has. Should two be equal all the same, the second one is refused by the
/// primary key.
pub(super) fn new() -> i64 {
    let random = uuid::Uuid::new_v4().as_u128() & ((1 << RANDOM_BITS) - 1);
    of((now().as_millis() << RANDOM_BITS) | random)
}

/// A number that is above all batches of at least this age, and below all others.
pub(super) fn before(age: Duration) -> i64 {
    of(now().saturating_sub(age).as_millis() << RANDOM_BITS)
}

/// Divides a batch by this to have its second.
pub(super) const PER_SECOND: i64 = 1000 << RANDOM_BITS;

/// When a batch was made, in seconds since 1970.
pub(super) fn seconds(batch: i64) -> u64 {
    u64::try_from(batch / PER_SECOND).unwrap_or(0)
}

/// The time since 1970; none for a clock before that.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

/// Until the year 2109 nothing is cut off.
fn of(bits: u128) -> i64 {
    i64::try_from(bits & u128::from(i64::MAX.unsigned_abs())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_ordered_by_their_millisecond() {
        let batch = new();
        assert!(before(Duration::from_secs(1)) < batch && batch < before(Duration::ZERO) + (1 << 40));
        assert!(now().as_secs() - seconds(batch) <= 1);
    }
}
