//! The kind of values that a column of a key holds. An id does not say it: `track:7` is made of an integer
//! or a text. It is taken from the first id of a table, and a later id that does not fit gives a column
//! that takes any value.

use crate::offline::map::local_keys::{blob, integer};

/// Minimum number of digits from which a text of hexadecimal digits is taken for a BLOB in a key of several
/// columns: 8 bytes. Shorter texts are often words or codes, and such a key has a template anyway.
const MIN_DIGITS: usize = 16;

/// The kind of values in a column of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// Texts. Any text fits.
    Text,
    /// Integers.
    Integer,
    /// BLOBs, or anything else that is not their hexadecimal form. Any text fits.
    Blob,
    /// Integers, and other texts as text. Any text fits.
    Any,
}

impl KeyKind {
    /// The kind of the value from which a template makes this text; `is_alone` if the key has no other
    /// column.
    pub(super) fn of(text: &str, is_alone: bool) -> Self {
        let min_digits = if is_alone { 2 } else { MIN_DIGITS };
        if integer(text).is_some() {
            Self::Integer
        } else if text.len() >= min_digits && blob(text).is_some() {
            Self::Blob
        } else {
            Self::Any
        }
    }

    /// Whether a column of this kind can hold the value from which a template makes this text.
    pub(super) fn fits(self, text: &str) -> bool {
        self != Self::Integer || integer(text).is_some()
    }

    /// The declared type.
    pub(super) fn declared(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer => "INTEGER",
            Self::Blob => "BLOB",
            Self::Any => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_key_is_taken_from_its_text() {
        for (text, alone, with_others) in [
            ("7", KeyKind::Integer, KeyKind::Integer),
            ("-9223372036854775808", KeyKind::Integer, KeyKind::Integer),
            ("007", KeyKind::Any, KeyKind::Any),
            ("00ff", KeyKind::Blob, KeyKind::Any),
            ("de", KeyKind::Blob, KeyKind::Any),
            ("0123456789abcdef", KeyKind::Blob, KeyKind::Blob),
            ("DE", KeyKind::Any, KeyKind::Any),
            ("", KeyKind::Any, KeyKind::Any),
        ] {
            assert_eq!((KeyKind::of(text, true), KeyKind::of(text, false)), (alone, with_others), "{text}");
            for kind in [alone, with_others, KeyKind::Any, KeyKind::Text, KeyKind::Blob] {
                assert!(kind.fits(text), "{text} {kind:?}");
            }
        }
        assert!(!KeyKind::Integer.fits("007"));
    }
}
