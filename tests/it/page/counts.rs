//! The counts by resource and join store are what is in the store: from the first event on, after every kind
//! of change, and in a store that a version without counts has written. Random changes are compared in
//! `stores_agree`.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::stream::{Stream, count};
use crate::common::{SCHEMA, TestServer, mutation, push};
#[cfg(all(target_os = "linux", feature = "postgres"))]
use crate::common::{postgres::Cluster, postgres_store};

const TABLES: [&str; 4] = ["todos", "projects", "tags", "join_todos_tags_tags"];

/// The counts, once the events are at the sequence of the server.
async fn counts(server: &TestServer) -> [i64; 4] {
    let stream = Stream::current(server).await;
    TABLES.map(|table| count(&stream.state, table))
}

/// A server on each kind of store that this machine has.
async fn servers() -> Vec<TestServer> {
    let servers = vec![TestServer::start(SCHEMA).await];
    #[cfg(all(target_os = "linux", feature = "postgres"))]
    if let Some(cluster) = Cluster::shared() {
        return vec![
            TestServer::start_on(SCHEMA, postgres_store(cluster)).await,
            servers.into_iter().next().unwrap(),
        ];
    }
    servers
}

fn todo(extra: &Value) -> Value {
    let mut todo = json!({"resource": "todos", "version": 3, "id": "t", "record": {"title": "A"}});
    todo.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    todo
}

/// Pushes some mutations, as one push, and returns the counts after it.
async fn after(server: &TestServer, numbers: &mut u32, mutations: &[Value]) -> [i64; 4] {
    let numbered: Vec<_> = mutations
        .iter()
        .map(|extra| {
            *numbers += 1;
            mutation(&numbers.to_string(), extra)
        })
        .collect();
    push(server, &numbered).await;
    counts(server).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_is_counted_once() {
    let relate =
        |operation: &str, relations: Value| todo(&json!({"operation": operation, "relations": relations}));
    let tag = |id: &str, operation: &str| json!({"id": id, "operation": operation, "record": {"label": "L"}});
    for mut server in servers().await {
        assert_eq!(counts(&server).await, [0; 4]);
        let mut numbers = 0;
        for (mutations, expected) in [
            (vec![tag("g", "merge"), tag("h", "insert"), todo(&json!({}))], [1, 0, 2, 0]),
            // Again, with the same and with other content.
            (
                vec![tag("g", "merge"), tag("h", "replace"), todo(&json!({"record": {"done": true}}))],
                [1, 0, 2, 0],
            ),
            // Rejected: it is there, a field is missing, the resource is unknown.
            (
                vec![
                    tag("g", "insert"),
                    json!({"resource": "projects", "record": {}}),
                    json!({"resource": "no"}),
                ],
                [1, 0, 2, 0],
            ),
            (vec![json!({"resource": "projects", "id": "p", "record": {"name": "P"}})], [1, 1, 2, 0]),
            // What is not there may be deleted too, and twice.
            (vec![tag("h", "delete"), tag("none", "delete"), tag("none", "delete")], [1, 1, 1, 0]),
            // Over a tombstone.
            (vec![tag("h", "insert"), tag("none", "merge")], [1, 1, 3, 0]),
            (vec![tag("none", "delete")], [1, 1, 2, 0]),
            (vec![relate("relate", json!({"tags": ["g", {"$ref": "h", "order": 1}]}))], [1, 1, 2, 2]),
            (vec![relate("relate", json!({"tags": {"$ref": "g", "order": 2}}))], [1, 1, 2, 2]),
            (vec![relate("unrelate", json!({"tags": ["g", "none"]}))], [1, 1, 2, 1]),
            // In one transaction, and in one mutation.
            (
                vec![tag("x", "merge"), tag("x", "delete"), tag("y", "delete"), tag("y", "merge")],
                [1, 1, 3, 1],
            ),
            (vec![relate("relate", json!({"tags": ["g", "y"], "project": "p"}))], [1, 1, 3, 3]),
        ] {
            assert_eq!(after(&server, &mut numbers, &mutations).await, expected, "{mutations:?}");
        }
        // A repeated push changes nothing, and another run of the server knows the counts.
        push(&server, &[mutation("1", &tag("g", "merge"))]).await;
        server.restart().await;
        assert_eq!(counts(&server).await, [1, 1, 3, 3]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_counts_is_counted_when_it_is_opened() {
    let mut server = TestServer::start(SCHEMA).await;
    let mut numbers = 0;
    let tags = ["a", "b", "c"].map(|id| json!({"id": id}));
    assert_eq!(after(&server, &mut numbers, &tags).await, [0, 0, 3, 0]);
    after(&server, &mut numbers, &[todo(&json!({})), json!({"id": "b", "operation": "delete"})]).await;
    for sql in ["DROP TABLE live", "UPDATE live SET items = 77", "DELETE FROM live WHERE name = 'todos'"] {
        server.stop().await;
        Connection::open(server.data()).unwrap().execute_batch(sql).unwrap();
        server.start_again(synctool::server::Retention::default()).await;
        assert_eq!(counts(&server).await, [1, 0, 2, 0], "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_an_older_format_is_counted() {
    let store = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/server-store-format-3.db");
    let server = TestServer::start_on_copy(SCHEMA, store.as_ref()).await;
    assert_eq!(counts(&server).await, [2, 1, 2, 1]);
}
