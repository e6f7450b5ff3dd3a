//! Requests of client D to the real server, and the parts of them that tests vary. Not
//! requests of the binary or the library (`binary`, `run`).

use serde_json::{Value, json};

use super::TestServer;

/// A mutation of client D; `extra` replaces and adds keys.
pub fn mutation(id: &str, extra: &Value) -> Value {
    let mut mutation = json!({"clientId": "D", "mutationId": id, "resource": "tags", "version": 1,
        "operation": "merge", "id": "g", "record": {"label": "G"}});
    let Value::Object(extra) = extra else { panic!("an object") };
    mutation.as_object_mut().unwrap().extend(extra.clone());
    mutation
}

/// Pushes mutations of client D and returns the result.
pub async fn push(server: &TestServer, mutations: &[Value]) -> Value {
    server.post("push", &json!({"clientId": "D", "mutations": mutations})).await
}

/// Pulls one page as client D.
pub async fn pull(server: &TestServer, cursor: &str, limit: u64) -> Value {
    server.post("pull", &json!({"clientId": "D", "cursor": cursor, "limit": limit})).await
}

/// All records and join rows of the server.
pub async fn clone(server: &TestServer) -> Value {
    server.post("clone", &json!({"clientId": "D"})).await
}
