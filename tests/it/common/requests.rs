//! Requests of client D to the real server, and the parts of them that tests vary. Not
//! requests of the binary or the library (`binary`, `run`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{TestServer, client};

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

/// The samples of the server's metrics, by name and labels as they are printed.
pub async fn metrics(server: &TestServer) -> BTreeMap<String, String> {
    let response = client().get(server.url("/metrics")).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let text = response.text().await.unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(value.parse::<f64>().is_ok(), "{line}");
        (name.to_owned(), value.to_owned())
    };
    samples.map(sample).collect()
}
