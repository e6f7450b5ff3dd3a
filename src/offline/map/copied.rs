//! The values of a row, copied out of the database, so that another thread than the one that reads can map
//! them. They are mapped by [`super::fields`] and [`super::document`], like values in the database.

use rusqlite::types::ValueRef;

/// What a copied value begins with.
mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const INTEGER: u8 = 1;
    pub(super) const REAL: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const BLOB: u8 = 4;
}

/// A copied row that has a value that cannot be uploaded. Who has copied it finds out why, and where the row
/// is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a copied row has a value that cannot be uploaded")]
pub struct NotMapped;

/// Appends a value.
pub(crate) fn copy(out: &mut Vec<u8>, value: ValueRef<'_>) {
    let (tag, bytes) = match value {
        ValueRef::Null => return out.push(tag::NULL),
        ValueRef::Integer(number) => {
            out.push(tag::INTEGER);
            // Small numbers of either sign take one byte.
            return copy_number(out, (number << 1 ^ number >> 63).cast_unsigned());
        }
        ValueRef::Real(number) => {
            out.push(tag::REAL);
            return out.extend_from_slice(&number.to_le_bytes());
        }
        ValueRef::Text(text) => (tag::TEXT, text),
        ValueRef::Blob(bytes) => (tag::BLOB, bytes),
    };
    out.push(tag);
    copy_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a number in groups of seven bits, the lowest first (LEB128).
#[inline(always)]
fn copy_number(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// The values of a row, read back in their order.
pub(crate) struct CopiedValues<'c>(&'c [u8]);

impl<'c> CopiedValues<'c> {
    /// Reads what [`copy`] has appended.
    pub(crate) fn new(copied: &'c [u8]) -> Self {
        Self(copied)
    }

    #[inline(always)]
    fn byte(&mut self) -> Option<u8> {
        self.0.split_off_first().copied()
    }

    #[inline(always)]
    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    #[inline(always)]
    fn bytes(&mut self) -> Option<&'c [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.0.split_off(..length)
    }
}

impl<'c> Iterator for CopiedValues<'c> {
    type Item = ValueRef<'c>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.byte()? {
            tag::INTEGER => {
                let number = self.number()?;
                ValueRef::Integer((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
            }
            tag::REAL => {
                let (number, rest) = self.0.split_first_chunk()?;
                self.0 = rest;
                ValueRef::Real(f64::from_le_bytes(*number))
            }
            tag::TEXT => ValueRef::Text(self.bytes()?),
            tag::BLOB => ValueRef::Blob(self.bytes()?),
            _ => ValueRef::Null,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::types::Value;

    use super::*;

    proptest! {
        #[test]
        fn values_come_back_as_they_were(values in prop::collection::vec(
            prop_oneof![
                Just(Value::Null),
                any::<i64>().prop_map(Value::Integer),
                any::<i8>().prop_map(|number| Value::Integer(number.into())),
                any::<f64>().prop_filter("SQLite has no NaN", |number| !number.is_nan()).prop_map(Value::Real),
                any::<String>().prop_map(Value::Text),
                any::<Vec<u8>>().prop_map(Value::Blob),
            ],
            0..9,
        )) {
            let mut copied = Vec::new();
            for value in &values {
                copy(&mut copied, value.into());
            }
            let read: Vec<_> = CopiedValues::new(&copied).collect();
            prop_assert_eq!(read, values.iter().map(ValueRef::from).collect::<Vec<_>>());
        }
    }
}
