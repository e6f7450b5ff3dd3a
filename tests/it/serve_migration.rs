//! A store that the version before has written, opened by this one (contract 4).
//!
//! `server-store-format-3.db` was filled by that version through its push route: upserts, a merge of two
//! clients, relations of both kinds, deletes of what was there and what was not, a mutation without an
//! effect, and a record with spaces, a repeated key and escapes.

use std::path::Path;

use serde_json::{Value, json};
use synctool::internal::content_digest;

use super::common::{SCHEMA, TestServer, clone, mutation, pull, push};

fn old_store() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/server-store-format-3.db"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_store_keeps_its_records_its_feed_and_its_id() {
    let mut server = TestServer::start_on_copy(SCHEMA, old_store()).await;
    for _ in 0..2 {
        let status = server.status().await;
        assert_eq!(status["storeId"], "0c4c8281-1f1a-488f-bd41-f46a6d330d55");
        assert_eq!(status["cursor"], "14");
        let changes = pull(&server, "0", 1000).await["changes"].clone();
        let upsert = |step: u64, resource: &str, id: &str, record: Value| json!({"serverSeq": step, "resource": resource, "id": id, "op": "upsert", "record": record});
        let gone =
            |step: u64, id: &str| json!({"serverSeq": step, "resource": "tags", "id": id, "op": "delete"});
        let todo = json!({"id": "t", "title": "B", "done": true, "count": 9_007_199_254_740_993_i64, "note": null,
            "data": {"a": null, "b": [1.5]}, "projectId": "p"});
        let row = "join_todos_tags_tags";
        assert_eq!(
            changes,
            json!([
                upsert(1, "tags", "g", json!({"id": "g", "label": "G"})),
                upsert(4, "projects", "p", json!({"id": "p", "name": "P"})),
                upsert(6, row, "t:g", json!({"from": "t", "to": "g", "order": 1})),
                gone(8, "gone"),
                upsert(9, "tags", "h", json!({"id": "h", "label": "H"})),
                json!({"serverSeq": 10, "resource": row, "id": "t:h", "op": "delete",
                    "record": {"from": "t", "to": "h"}}),
                upsert(11, "todos", "t", todo.clone()),
                gone(12, "none"),
                upsert(14, "todos", "spaces", json!({"id": "spaces", "title": "A 😀", "count": 1.0})),
            ])
        );
        let all = clone(&server).await;
        assert_eq!(all["data"]["todos"][1], todo);
        assert_eq!(all["joins"][row], json!([{"from": "t", "to": "g", "order": 1}]));
        // The second round reads what the first has written.
        server.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_store_still_knows_its_mutations_and_goes_on() {
    let server = TestServer::start_on_copy(SCHEMA, old_store()).await;
    let of_a = |id: &str| {
        let mut mutation = mutation(id, &json!({"record": {"label": "again"}}));
        mutation["clientId"] = json!("A");
        mutation
    };
    let repeated_and_new = json!({"clientId": "A", "mutations": [of_a("A-1"), of_a("new")]});
    let result = server.post("push", &repeated_and_new).await;
    assert_eq!((&result["applied"], &result["cursor"]), (&json!(["A-1", "new"]), &json!("15")));
    // Of another client, the id is a new one.
    assert_eq!(push(&server, &[mutation("A-1", &json!({}))]).await["cursor"], "16");
    // What the client itself has sent last, and with what the other has merged into it.
    let query = json!({"clientId": "A", "cursor": "0", "limit": 100, "excludeOwnAfter": "0"});
    let changes = server.post("pull", &query).await["changes"].clone();
    let steps: Vec<_> =
        changes.as_array().unwrap().iter().map(|change| change["serverSeq"].clone()).collect();
    assert_eq!(steps, [8, 10, 11, 12, 14, 16].map(Value::from));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_store_gets_the_digest_of_every_document() {
    let mut server = TestServer::start_on_copy(SCHEMA, old_store()).await;
    push(&server, &[mutation("new", &json!({"record": {"label": "L"}}))]).await;
    server.stop().await;
    let store = rusqlite::Connection::open(server.data()).unwrap();
    let mut items = store.prepare("SELECT document, digest FROM item").unwrap();
    let items = items.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let (mut documents, mut tombstones) = (0, 0);
    for item in items {
        let (document, digest): (Option<String>, Option<Vec<u8>>) = item.unwrap();
        let members = document.map(|document| serde_json::from_str(&document).unwrap());
        assert_eq!(digest, members.as_ref().map(|members| content_digest(members).as_bytes().to_vec()));
        documents += usize::from(members.is_some());
        tombstones += usize::from(members.is_none());
    }
    assert_eq!((documents, tombstones), (6, 3));
}
