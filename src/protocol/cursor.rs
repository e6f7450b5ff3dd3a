//! Cursors: positions in a server's change feed.
//!
//! On the wire and in the database a cursor is a base-10 integer string. Its width is up to the
//! server, so a cursor keeps the digits instead of a machine integer.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The key of the global cursor in `__datafn_cursors` (contract 1.3).
pub const GLOBAL_CURSOR: &str = "__global_cursor__";

/// Maximum number of digits: more than any sequence needs, and few enough that a hostile answer
/// cannot fill the database with them.
const MAX_DIGITS: usize = 64;

/// A position in a change feed: a non-negative integer of at most 64 digits, ordered by value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

/// The error for text that is not a base-10 integer of at most 64 digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cursor must be a base-10 integer string")]
pub struct InvalidCursor;

impl Cursor {
    /// The cursor before the first change.
    #[must_use]
    pub fn zero() -> Self {
        Self("0".to_owned())
    }

    /// The digits, without leading zeros.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::zero()
    }
}

impl From<u64> for Cursor {
    fn from(sequence: u64) -> Self {
        Self(sequence.to_string())
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        if text.is_empty() || text.len() > MAX_DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidCursor);
        }
        let digits = text.trim_start_matches('0');
        Ok(Self(if digits.is_empty() { "0" } else { digits }.to_owned()))
    }
}

impl Ord for Cursor {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros, more digits are a larger number.
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for Cursor {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        text.parse().unwrap()
    }

    #[test]
    fn orders_cursors_by_value_not_by_text() {
        assert!(cursor("9") < cursor("10"));
        assert!(cursor("18446744073709551616") > cursor("18446744073709551615"));
        assert_eq!(cursor("007"), cursor("7"));
        assert_eq!(cursor("000"), Cursor::zero());
    }

    #[test]
    fn rejects_text_that_is_not_a_base_10_integer() {
        for text in ["", "-1", "+1", "1.0", "0x10", " 1", "١", &"9".repeat(65)] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text:?}");
        }
    }
}
