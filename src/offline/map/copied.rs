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

/// The size of a number: an integer, a double, or the length of a text or BLOB.
const NUMBER_BYTES: usize = 8;

/// Appends a value.
pub(crate) fn copy(out: &mut Vec<u8>, value: ValueRef<'_>) {
    let (tag, number, bytes): (u8, [u8; NUMBER_BYTES], &[u8]) = match value {
        ValueRef::Null => return out.push(tag::NULL),
        ValueRef::Integer(number) => (tag::INTEGER, number.to_le_bytes(), &[]),
        ValueRef::Real(number) => (tag::REAL, number.to_le_bytes(), &[]),
        ValueRef::Text(text) => (tag::TEXT, (text.len() as u64).to_le_bytes(), text),
        ValueRef::Blob(bytes) => (tag::BLOB, (bytes.len() as u64).to_le_bytes(), bytes),
    };
    out.push(tag);
    out.extend_from_slice(&number);
    out.extend_from_slice(bytes);
}

/// The values of a row, read back in their order.
pub(crate) struct CopiedValues<'c>(&'c [u8]);

impl<'c> CopiedValues<'c> {
    /// Reads what [`copy`] has appended.
    pub(crate) fn new(copied: &'c [u8]) -> Self {
        Self(copied)
    }

    fn number(&mut self) -> Option<[u8; NUMBER_BYTES]> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*number)
    }

    fn bytes(&mut self) -> Option<&'c [u8]> {
        let length = usize::try_from(u64::from_le_bytes(self.number()?)).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

impl<'c> Iterator for CopiedValues<'c> {
    type Item = ValueRef<'c>;

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(match *tag {
            tag::INTEGER => ValueRef::Integer(i64::from_le_bytes(self.number()?)),
            tag::REAL => ValueRef::Real(f64::from_le_bytes(self.number()?)),
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
