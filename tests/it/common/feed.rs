//! The changes of a pull answer, in the first dialect (contract 3.4). Not the
//! answer around them, of which there are two forms.

use serde_json::{Value, json};

/// A change that sets a record or join row.
pub fn upsert(seq: u64, resource: &str, id: &str, record: &Value) -> Value {
    json!({"serverSeq": seq, "resource": resource, "id": id, "op": "upsert", "record": record})
}

/// A change that removes a record or join row.
pub fn delete(seq: u64, resource: &str, id: &str) -> Value {
    json!({"serverSeq": seq, "resource": resource, "id": id, "op": "delete"})
}
