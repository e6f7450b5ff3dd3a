//! Digests of the content of a record or join row, for a comparison. Equal contents have equal digests: a
//! field that is missing and one that is null count as the same, and so do numbers of the same value.
//! Digests are compared in [`super::feed`].

use serde_json::{Map, Value};

use crate::mutation::canonical::{compare_keys, write_string, write_value};
use crate::offline::Digest;

/// The digest of an object that is canonical JSON already, as the database's rows are written.
pub(super) fn of_canonical_json(json: &[u8]) -> Digest {
    if !json.windows(5).any(|window| window == b":null") {
        return hash(json);
    }
    let object: Map<String, Value> = serde_json::from_slice(json).expect("canonical JSON is JSON");
    of_fields(object.iter())
}

/// The digest of fields, without those that are null.
pub(super) fn of_fields<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>) -> Digest {
    let mut fields: Vec<_> = fields.filter(|(_, value)| !value.is_null()).collect();
    fields.sort_by(|(a, _), (b, _)| compare_keys(a, b));
    let mut json = b"{".to_vec();
    for (name, value) in fields {
        if json.len() > 1 {
            json.push(b',');
        }
        write_string(&mut json, name);
        json.push(b':');
        write_value(&mut json, value);
    }
    json.push(b'}');
    hash(&json)
}

/// The first bytes of the BLAKE3 hash.
fn hash(json: &[u8]) -> Digest {
    let mut digest = Digest::default();
    let length = digest.len();
    digest.copy_from_slice(&blake3::hash(json).as_bytes()[..length]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_field_counts_as_missing_and_the_order_of_fields_does_not_count() {
        let fields: Map<String, Value> = serde_json::from_str(r#"{"b": 1.0, "a": "x", "c": null}"#).unwrap();
        let digest = of_fields(fields.iter());
        assert_eq!(of_canonical_json(br#"{"a":"x","b":1}"#), digest);
        assert_eq!(of_canonical_json(br#"{"a":"x","b":1,"c":null}"#), digest);
        assert_ne!(of_canonical_json(br#"{"a":"x","b":2}"#), digest);
    }
}
