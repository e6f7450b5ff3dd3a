//! The content digest of a record or join row (contract 3.8): the hash of the canonical JSON of its
//! fields that are not null. Mutation ids have a hash of another text, see [`super::encode`].

use std::ops::Range;

use bytes::{BufMut as _, BytesMut};
use serde_json::{Map, Value};

use super::canonical::{compare_keys, write_string, write_value};
use super::canonical_check::null_members;
use super::id::ContentHash;

/// The content of a record or join row: a JSON object whose digest can be computed.
#[derive(Debug, Clone, PartialEq)]
pub enum Content<T> {
    /// Text that is canonical JSON, with the ranges of its members that are null.
    Canonical(T, Vec<Range<usize>>),
    /// The members, where the text was not canonical.
    Tree(Map<String, Value>),
}

impl<T: AsRef<str>> Content<T> {
    /// Reads the text of a JSON object.
    ///
    /// # Errors
    /// `serde_json`'s, when the text is no JSON object.
    pub fn read(text: T) -> serde_json::Result<Self> {
        match null_members(text.as_ref()) {
            Some(nulls) => Ok(Self::Canonical(text, nulls)),
            None => serde_json::from_str(text.as_ref()).map(Self::Tree),
        }
    }

    /// Appends the text that the digest is the hash of.
    pub fn write_hashed(&self, out: &mut BytesMut) {
        match self {
            Self::Canonical(text, nulls) => write_without(out, text.as_ref(), nulls),
            Self::Tree(members) => write_members(out, members),
        }
    }
}

/// The content digest of an object (contract 3.8).
///
/// ```
/// use synctool::internal::content_digest;
///
/// let fields = serde_json::json!({"title": "A", "done": false, "n": 1.0, "gone": null});
/// let digest = content_digest(fields.as_object().unwrap());
/// assert_eq!(digest.to_hex(), "e45e695b6a9a6c8ae68a323601a0ee24");
/// ```
#[must_use]
pub fn content_digest(members: &Map<String, Value>) -> ContentHash {
    let mut text = BytesMut::new();
    write_members(&mut text, members);
    ContentHash::of(&[&text])
}

/// Appends an object's text without some of its members.
fn write_without(out: &mut BytesMut, text: &str, left_out: &[Range<usize>]) {
    if left_out.is_empty() {
        return out.extend_from_slice(text.as_bytes());
    }
    out.put_u8(b'{');
    let start = out.len();
    let ends = left_out.iter().map(|member| member.start).chain([text.len() - 1]);
    let starts = [1].into_iter().chain(left_out.iter().map(|member| member.end));
    for (from, to) in starts.zip(ends) {
        let kept = text[from..to].trim_matches(',');
        if !kept.is_empty() {
            if out.len() > start {
                out.put_u8(b',');
            }
            out.extend_from_slice(kept.as_bytes());
        }
    }
    out.put_u8(b'}');
}

fn write_members(out: &mut BytesMut, members: &Map<String, Value>) {
    let mut kept: Vec<_> = members.iter().filter(|(_, value)| !value.is_null()).collect();
    kept.sort_unstable_by(|(a, _), (b, _)| compare_keys(a, b));
    out.put_u8(b'{');
    for (index, (key, value)) in kept.into_iter().enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        write_string(out, key);
        out.put_u8(b':');
        write_value(out, value);
    }
    out.put_u8(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_tree_are_hashed_alike_and_nulls_do_not_count() {
        for (text, hashed) in [
            ("{}", "{}"),
            (r#"{"a":null}"#, "{}"),
            (r#"{"a":null,"b":null}"#, "{}"),
            (r#"{"a":null,"b":1}"#, r#"{"b":1}"#),
            (r#"{"a":1,"b":null}"#, r#"{"a":1}"#),
            (r#"{"a":1,"b":null,"c":null,"d":[null]}"#, r#"{"a":1,"d":[null]}"#),
            (r#"{"a":1,"b":2}"#, r#"{"a":1,"b":2}"#),
            (r#"{"b": 2.0, "a": 1, "c": null}"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":1,"a":",x,"}"#, r#"{"a":",x,"}"#),
            (r#"{"a":null,"b":",","c":null}"#, r#"{"b":","}"#),
        ] {
            let mut written = BytesMut::new();
            Content::read(text).unwrap().write_hashed(&mut written);
            assert_eq!(String::from_utf8(written.into()).unwrap(), hashed, "{text}");
            let tree: Map<String, Value> = serde_json::from_str(text).unwrap();
            assert_eq!(content_digest(&tree), ContentHash::of(&[hashed.as_bytes()]), "{text}");
        }
        assert!(Content::read("[]").is_err() && Content::read("{").is_err());
    }
}
