//! The least size of a document as JSON, computed without a tree of values. The sizes of single values
//! are in [`super::size`].

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::offline::map::fields::MappedField;
use crate::offline::map::json_key::JsonKey;
use crate::offline::map::size::least_json_size;

/// The least number of bytes that the fields of a document take as JSON, found without a tree of
/// values; zero for text that is not a JSON object.
pub(super) fn document_size(fields: &[MappedField], text: &[u8]) -> u64 {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    deserializer.deserialize_map(FieldSizes(fields)).unwrap_or(0)
}

struct FieldSizes<'f>(&'f [MappedField]);

impl<'de> Visitor<'de> for FieldSizes<'_> {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<u64, A::Error> {
        // Of equal keys the last one counts.
        let mut sizes = vec![0; self.0.len()];
        while let Some((JsonKey(key), value)) = entries.next_entry::<JsonKey<'_>, &RawValue>()? {
            if let Some(index) = self.0.iter().position(|field| field.column == key) {
                sizes[index] = least_json_size(value.get().as_bytes());
            }
        }
        Ok(sizes.iter().sum())
    }
}
