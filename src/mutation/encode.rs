//! Encoders: a row's canonical JSON becomes a mutation's bytes, its id included (contract 3.2).
//!
//! Everything that is the same for all rows of a resource or join store is prepared once; per row
//! the encoders only copy. The keys of the hashed text are in canonical order, those of the
//! mutation in the order of the contract's examples. Hashing itself is in [`super::hasher`].

use std::ops::Range;

use bytes::{BufMut as _, BytesMut};

use super::canonical::write_string;
use super::id::{ContentHash, MutationKind};
use super::operation::RecordOperation;

/// A mutation that has been appended to a body. The ranges are byte ranges of the body and hold the
/// contents of JSON strings: without the quotes, with the escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The id of the record that the mutation changes; of a join row, its `from`.
    pub id: Range<usize>,
    /// The mutation id.
    pub mutation_id: Range<usize>,
    /// The content hash at the end of the mutation id.
    pub hash: ContentHash,
}

/// Encodes the records of one resource.
#[derive(Debug, Clone)]
pub struct RecordEncoder {
    hash_middle: Vec<u8>,
    hash_tail: Vec<u8>,
    body_head: Vec<u8>,
    tail: Tail,
}

impl RecordEncoder {
    /// Prepares the bytes that all records of `resource` share.
    ///
    /// `prefix` is the first part of every mutation id (contract 3, `--mutation-id-prefix`).
    #[must_use]
    pub fn new(
        prefix: &str,
        client_id: &str,
        resource: &str,
        version: u64,
        operation: RecordOperation,
    ) -> Self {
        let kind = MutationKind::Record.as_str();
        let operation = operation.as_str();
        let resource_json = json(resource);
        Self {
            hash_middle: format!(r#","kind":"{kind}","operation":"{operation}","record":"#).into_bytes(),
            hash_tail: format!(r#","resource":{resource_json}}}"#).into_bytes(),
            body_head: format!(
                r#"{{"resource":{resource_json},"version":{version},"operation":"{operation}","id":"#
            )
            .into_bytes(),
            tail: Tail::new(client_id, &format!("{prefix}:{kind}:{resource}:")),
        }
    }

    /// Appends the text from which the content hash of a record's mutation is computed.
    ///
    /// `record` is the canonical JSON object of the record's fields.
    pub fn write_hashed(&self, text: &mut BytesMut, id: &str, record: &[u8]) {
        self.begin_hashed(text, id);
        text.extend_from_slice(record);
        self.end_hashed(text);
    }

    /// The part of [`Self::write_hashed`] before the record, which the caller appends next.
    pub fn begin_hashed(&self, text: &mut BytesMut, id: &str) {
        text.extend_from_slice(br#"{"id":"#);
        write_string(text, id);
        text.extend_from_slice(&self.hash_middle);
    }

    /// The part of [`Self::write_hashed`] after the record.
    pub fn end_hashed(&self, text: &mut BytesMut) {
        text.extend_from_slice(&self.hash_tail);
    }

    /// Appends the mutation of a record to `body`.
    ///
    /// `hash` is the content hash of the text that [`Self::write_hashed`] writes.
    pub fn encode(&self, body: &mut BytesMut, id: &str, record: &[u8], hash: ContentHash) -> Encoded {
        body.extend_from_slice(&self.body_head);
        let id = append_string(body, id);
        body.extend_from_slice(br#","record":"#);
        body.extend_from_slice(record);
        let mutation_id = self.tail.append(body, &[&id], hash);
        Encoded { id, mutation_id, hash }
    }
}

/// Encodes the join rows of one join store.
#[derive(Debug, Clone)]
pub struct JoinEncoder {
    hash_middle: Vec<u8>,
    hash_relation: Vec<u8>,
    body_head: Vec<u8>,
    body_relation: Vec<u8>,
    tail: Tail,
}

impl JoinEncoder {
    /// Prepares the bytes that all rows of `join_store` share.
    ///
    /// `resource` and `version` are those of the `from` side; `prefix` is the first part of every
    /// mutation id.
    #[must_use]
    pub fn new(
        prefix: &str,
        client_id: &str,
        join_store: &str,
        resource: &str,
        version: u64,
        relation: &str,
    ) -> Self {
        let kind = MutationKind::JoinRow.as_str();
        let (store_json, resource_json, relation_json) = (json(join_store), json(resource), json(relation));
        Self {
            hash_middle: format!(r#","joinStore":{store_json},"kind":"{kind}","metadata":"#).into_bytes(),
            hash_relation: format!(r#","relation":{relation_json},"resource":{resource_json},"to":"#)
                .into_bytes(),
            body_head: format!(
                r#"{{"resource":{resource_json},"version":{version},"operation":"relate","id":"#
            )
            .into_bytes(),
            body_relation: format!(r#","relations":{{{relation_json}:{{"$ref":"#).into_bytes(),
            tail: Tail::new(client_id, &format!("{prefix}:{kind}:{join_store}:")),
        }
    }

    /// Appends the text from which the content hash of a join row's mutation is computed. Rows with
    /// equal texts give the same mutation.
    ///
    /// `metadata` is the canonical JSON object of the row's metadata fields.
    pub fn write_hashed(&self, text: &mut BytesMut, from: &str, to: &str, metadata: &[u8]) {
        self.begin_hashed(text, from);
        text.extend_from_slice(metadata);
        self.end_hashed(text, to);
    }

    /// The part of [`Self::write_hashed`] before the metadata, which the caller appends next.
    pub fn begin_hashed(&self, text: &mut BytesMut, from: &str) {
        text.extend_from_slice(br#"{"from":"#);
        write_string(text, from);
        text.extend_from_slice(&self.hash_middle);
    }

    /// The part of [`Self::write_hashed`] after the metadata.
    pub fn end_hashed(&self, text: &mut BytesMut, to: &str) {
        text.extend_from_slice(&self.hash_relation);
        write_string(text, to);
        text.put_u8(b'}');
    }

    /// Appends the mutation of a join row to `body`.
    ///
    /// `hash` is the content hash of the text that [`Self::write_hashed`] writes.
    pub fn encode(
        &self,
        body: &mut BytesMut,
        from: &str,
        to: &str,
        metadata: &[u8],
        hash: ContentHash,
    ) -> Encoded {
        body.extend_from_slice(&self.body_head);
        let id = append_string(body, from);
        body.extend_from_slice(&self.body_relation);
        let target = append_string(body, to);
        // The metadata fields are members of the object that holds `$ref`.
        if let [b'{', inner @ .., b'}'] = metadata
            && !inner.is_empty()
        {
            body.put_u8(b',');
            body.extend_from_slice(inner);
        }
        body.extend_from_slice(b"}}");
        let mutation_id = self.tail.append(body, &[&id, &target], hash);
        Encoded { id, mutation_id, hash }
    }
}

/// Encodes the deletes of the records of one resource that the application has marked as deleted
/// (contract 3.1, stage C).
#[derive(Debug, Clone)]
pub struct DeleteEncoder {
    hash_tail: Vec<u8>,
    body_head: Vec<u8>,
    tail: Tail,
}

impl DeleteEncoder {
    /// Prepares the bytes that all deletes of `resource` share.
    ///
    /// `prefix` is the first part of every mutation id.
    #[must_use]
    pub fn new(prefix: &str, client_id: &str, resource: &str, version: u64) -> Self {
        let kind = MutationKind::Delete.as_str();
        let resource_json = json(resource);
        Self {
            hash_tail: format!(r#","kind":"{kind}","resource":{resource_json}}}"#).into_bytes(),
            body_head: format!(
                r#"{{"resource":{resource_json},"version":{version},"operation":"delete","id":"#
            )
            .into_bytes(),
            tail: Tail::new(client_id, &format!("{prefix}:{kind}:{resource}:")),
        }
    }

    /// Appends the mutation that deletes a record to `body`.
    pub fn encode(&self, body: &mut BytesMut, id: &str) -> Encoded {
        let hash = ContentHash::of(&[br#"{"id":"#, json(id).as_bytes(), &self.hash_tail]);
        body.extend_from_slice(&self.body_head);
        let id = append_string(body, id);
        let mutation_id = self.tail.append(body, &[&id], hash);
        Encoded { id, mutation_id, hash }
    }
}

/// Appends a JSON string. Returns the range of its content, without the quotes.
fn append_string(body: &mut BytesMut, text: &str) -> Range<usize> {
    let start = body.len() + 1;
    write_string(body, text);
    start..body.len() - 1
}

fn json(text: &str) -> String {
    let mut out = BytesMut::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    String::from_utf8(out.into()).expect("a JSON string of valid UTF-8 is valid UTF-8")
}

/// The end of a mutation: the client id and the start of the mutation id.
#[derive(Debug, Clone)]
struct Tail {
    bytes: Vec<u8>,
    /// The offset of the mutation id in `bytes`.
    id_start: usize,
}

impl Tail {
    fn new(client_id: &str, id_prefix: &str) -> Self {
        let mut bytes = format!(r#","clientId":{},"mutationId":"#, json(client_id));
        let id_start = bytes.len() + 1;
        bytes.push_str(&json(id_prefix));
        // Without the closing quote: the rest of the mutation id follows.
        bytes.pop();
        Self { bytes: bytes.into_bytes(), id_start }
    }

    /// Appends the end of the mutation, with the ids at the ranges `ids` of the body and the hash in
    /// its mutation id. Returns the range of the mutation id.
    fn append(&self, body: &mut BytesMut, ids: &[&Range<usize>], hash: ContentHash) -> Range<usize> {
        let start = body.len() + self.id_start;
        body.extend_from_slice(&self.bytes);
        for id in ids {
            body.extend_from_within((*id).clone());
            body.put_u8(b':');
        }
        hash.write_hex(body);
        let end = body.len();
        body.extend_from_slice(br#""}"#);
        start..end
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::canonical::write_value;
    use super::*;

    fn hash_of(write: impl FnOnce(&mut BytesMut)) -> ContentHash {
        let mut text = BytesMut::new();
        write(&mut text);
        ContentHash::of(&[&text])
    }

    fn canonical(value: &Value) -> BytesMut {
        let mut out = BytesMut::new();
        write_value(&mut out, value);
        out
    }

    #[test]
    fn gives_the_canonical_form_and_mutation_id_of_every_vector() {
        let text = include_str!("../../tests/data/mutation-id-vectors.json");
        let file: Value = serde_json::from_str(text).unwrap();
        let vectors = file["vectors"].as_array().unwrap();
        assert!(vectors.len() >= 25, "the copy of the vectors is not complete");
        for vector in vectors {
            let name = &vector["name"];
            let input = &vector["input"];
            let text = |key: &str| input[key].as_str().unwrap();
            assert_eq!(
                String::from_utf8(canonical(input).into()).unwrap(),
                vector["canonical"].as_str().unwrap(),
                "{name}"
            );
            let prefix = vector["prefix"].as_str().unwrap();
            let mut body = BytesMut::new();
            let encoded = if text("kind") == "rec" {
                let operation = match text("operation") {
                    "merge" => RecordOperation::Merge,
                    "replace" => RecordOperation::Replace,
                    _ => RecordOperation::Insert,
                };
                let encoder = RecordEncoder::new(prefix, "C", text("resource"), 1, operation);
                let record = canonical(&input["record"]);
                let hash = hash_of(|out| encoder.write_hashed(out, text("id"), &record));
                encoder.encode(&mut body, text("id"), &record, hash)
            } else {
                let encoder =
                    JoinEncoder::new(prefix, "C", text("joinStore"), text("resource"), 1, text("relation"));
                let metadata = canonical(&input["metadata"]);
                let hash = hash_of(|out| encoder.write_hashed(out, text("from"), text("to"), &metadata));
                encoder.encode(&mut body, text("from"), text("to"), &metadata, hash)
            };
            let sent: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(sent["mutationId"], vector["mutationId"], "{name}");
            let string_at = |range: Range<usize>| {
                let quoted = std::str::from_utf8(&body[range.start - 1..=range.end]).unwrap();
                serde_json::from_str::<Value>(quoted).unwrap()
            };
            assert_eq!(string_at(encoded.mutation_id), vector["mutationId"], "{name}");
            assert_eq!(string_at(encoded.id), sent["id"], "{name}");
        }
    }

    #[test]
    fn a_delete_has_the_hash_of_its_canonical_json_in_its_id() {
        for (resource, id) in [("todos", "t1"), ("a\"b", "Zürich: \u{1}\\")] {
            let mut body = BytesMut::new();
            let encoded = DeleteEncoder::new("p", "C", resource, 3).encode(&mut body, id);
            let input = canonical(&json!({"kind": "del", "resource": resource, "id": id}));
            let hash = blake3::hash(&input).to_hex()[..32].to_owned();
            let expected = json!({"resource": resource, "version": 3, "operation": "delete", "id": id,
                "clientId": "C", "mutationId": format!("p:del:{resource}:{id}:{hash}")});
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
            assert_eq!(encoded.hash, ContentHash::of(&[&input]));
        }
    }

    #[test]
    fn gives_the_mutations_of_the_contracts_examples() {
        let mut body = BytesMut::new();
        let encoded = RecordEncoder::new("p", "C", "todos", 1, RecordOperation::Merge).encode(
            &mut body,
            "t1",
            br#"{"title":"A"}"#,
            ContentHash::default(),
        );
        let id = std::str::from_utf8(&body[encoded.mutation_id]).unwrap();
        let expected = json!({"resource": "todos", "version": 1, "operation": "merge", "id": "t1",
            "record": {"title": "A"}, "clientId": "C", "mutationId": id});
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);

        for (metadata, reference) in [
            (br#"{"order":1}"#.as_slice(), json!({"$ref": "g1", "order": 1})),
            (b"{}".as_slice(), json!({"$ref": "g1"})),
        ] {
            let join_rows = JoinEncoder::new("p", "C", "join_todos_tags_tags", "todos", 1, "tags");
            let mut body = BytesMut::new();
            let encoded = join_rows.encode(&mut body, "t1", "g1", metadata, ContentHash::default());
            let id = std::str::from_utf8(&body[encoded.mutation_id]).unwrap();
            let expected = json!({"resource": "todos", "version": 1, "operation": "relate", "id": "t1",
                "relations": {"tags": reference}, "clientId": "C", "mutationId": id});
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
        }
    }
}
