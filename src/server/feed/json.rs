//! The JSON of an item in the feed and in a clone, from the text of its document.

use bytes::{BufMut as _, BytesMut};

use crate::mutation::canonical::{write_integer, write_string};
use crate::server::store::FeedItem;

/// Appends the feed's entry of an item (the first dialect of contract 3.4).
pub(super) fn write_change(out: &mut BytesMut, item: &FeedItem<'_>) {
    out.extend_from_slice(br#"{"serverSeq":"#);
    // No sequence reaches the end of `i64`.
    write_integer(out, i64::try_from(item.step).unwrap_or(i64::MAX));
    out.extend_from_slice(br#","resource":"#);
    write_string(out, item.name);
    out.extend_from_slice(br#","id":"#);
    if item.target.is_empty() {
        write_string(out, item.id);
    } else {
        write_string(out, &format!("{}:{}", item.id, item.target));
    }
    let op = if item.document.is_some() { "upsert" } else { "delete" };
    out.extend_from_slice(br#","op":""#);
    out.extend_from_slice(op.as_bytes());
    out.put_u8(b'"');
    // A deleted join row has its two ends and no metadata.
    let is_record = item.target.is_empty();
    if let Some(document) = item.document.or((!is_record).then_some("{}")) {
        out.extend_from_slice(br#","record":"#);
        write_with_key(out, item, document);
    }
    out.put_u8(b'}');
}

/// Appends a document with the members that name the item: `id`, or `from` and `to`. They are the last
/// ones, so that they count where the document has members of the same name.
pub(super) fn write_with_key(out: &mut BytesMut, item: &FeedItem<'_>, document: &str) {
    let members = document.strip_suffix('}').unwrap_or("{");
    out.extend_from_slice(members.as_bytes());
    if members.len() > 1 {
        out.put_u8(b',');
    }
    if item.target.is_empty() {
        out.extend_from_slice(br#""id":"#);
        write_string(out, item.id);
    } else {
        out.extend_from_slice(br#""from":"#);
        write_string(out, item.id);
        out.extend_from_slice(br#","to":"#);
        write_string(out, item.target);
    }
    out.put_u8(b'}');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_entry_has_the_document_with_the_key_of_the_item() {
        let item = |id: &'static str, target: &'static str, document: Option<&'static str>| FeedItem {
            step: 7,
            name: "n\"",
            id,
            target,
            document,
        };
        for (item, expected) in [
            (item("a\n", "", Some("{}")), json!({"id": "a\n", "op": "upsert", "record": {"id": "a\n"}})),
            (
                item("a", "", Some(r#"{"id":1,"x":[1.0]}"#)),
                json!({"id": "a", "op": "upsert", "record": {"id": "a", "x": [1.0]}}),
            ),
            (item("a", "", None), json!({"id": "a", "op": "delete"})),
            (
                item("a", "b", Some(r#"{"order":1}"#)),
                json!({"id": "a:b", "op": "upsert", "record": {"from": "a", "to": "b", "order": 1}}),
            ),
            (item("a", "b", None), json!({"id": "a:b", "op": "delete", "record": {"from": "a", "to": "b"}})),
        ] {
            let mut out = BytesMut::new();
            write_change(&mut out, &item);
            let mut expected = expected;
            expected["serverSeq"] = json!(7);
            expected["resource"] = json!("n\"");
            assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), expected);
        }
    }
}
