//! The reference server's change feed: its sequence, its pages and what a caller may leave out
//! of them (contract 4 and 3.4). Not how a client applies a page (`pull`).

use serde_json::{Value, json};

use super::common::{SCHEMA, TestServer, mutation, pull, push};

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_without_an_effect_takes_a_step_of_the_sequence_that_survives_a_restart() {
    let mut server = TestServer::start(SCHEMA).await;
    let nothing = mutation("2", &json!({"operation": "relate", "relations": {"todos": []}}));
    assert_eq!(push(&server, &[mutation("1", &json!({})), nothing]).await["cursor"], "2");
    server.restart().await;
    assert_eq!(push(&server, &[mutation("3", &json!({}))]).await["cursor"], "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_pushes_take_one_step_of_the_sequence_per_mutation() {
    let server = TestServer::start(SCHEMA).await;
    let pushes = (0..20).map(|i| {
        let mutations: Vec<_> =
            (0..25).map(|j| mutation(&format!("{i}-{j}"), &json!({"id": format!("{i}-{j}")}))).collect();
        let server = &server;
        async move { push(server, &mutations).await }
    });
    let results = futures_util::future::join_all(pushes).await;
    assert!(results.iter().all(|result| result["ok"] == true));
    let feed = pull(&server, "0", 10_000).await;
    let sequence: Vec<_> =
        feed["changes"].as_array().unwrap().iter().map(|c| c["serverSeq"].as_u64().unwrap()).collect();
    assert_eq!(sequence, (1..=500).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_inserted_again_is_in_the_feed_as_an_upsert() {
    let server = TestServer::start(SCHEMA).await;
    let tag = |id: &str, operation: &str| mutation(id, &json!({"operation": operation}));
    push(&server, &[tag("1", "insert"), tag("2", "delete"), tag("3", "insert")]).await;
    let feed = pull(&server, "0", 10).await;
    let changes = feed["changes"].as_array().unwrap();
    assert_eq!(
        (changes.len(), &changes[0]["serverSeq"], &changes[0]["op"]),
        (1, &json!(3), &json!("upsert"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_in_the_feed_once_at_its_last_change() {
    let server = TestServer::start(SCHEMA).await;
    let tag =
        |id: &str, tag: &str, label: &str| mutation(id, &json!({"id": tag, "record": {"label": label}}));
    push(
        &server,
        &[
            tag("1", "a", "old"),
            tag("2", "b", "B"),
            tag("3", "c", "C"),
            tag("4", "a", "new"),
            mutation("5", &json!({"id": "b", "operation": "delete"})),
            mutation("6", &json!({"id": "never", "operation": "delete"})),
        ],
    )
    .await;
    let tag = |step: u64, id: &str, label: &str| json!({"serverSeq": step, "resource": "tags", "id": id, "op": "upsert", "record": {"id": id, "label": label}});
    let gone = |step: u64, id: &str| json!({"serverSeq": step, "resource": "tags", "id": id, "op": "delete"});
    let page = pull(&server, "0", 3).await;
    let expected = json!([tag(3, "c", "C"), tag(4, "a", "new"), gone(5, "b")]);
    assert_eq!((&page["changes"], &page["nextCursor"]), (&expected, &json!("5")));
    let page = pull(&server, "5", 3).await;
    assert_eq!((&page["changes"], &page["nextCursor"]), (&json!([gone(6, "never")]), &Value::Null));
    let page = pull(&server, "99999999999999999999999999", 2).await;
    assert_eq!(page["changes"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_records_ends_before_the_clients_size_limit() {
    let server = TestServer::start(SCHEMA).await;
    let tag =
        |id: String, size: usize| mutation(&id, &json!({"id": id, "record": {"label": "x".repeat(size)}}));
    for tens in 0..2 {
        let ten: Vec<_> = (0..10).map(|i| tag(format!("{tens}{i}"), 1_000_000)).collect();
        push(&server, &ten).await;
    }
    // The large record is larger than a page and is sent alone.
    push(&server, &[tag("large".into(), 10_000_000), tag("small".into(), 1)]).await;
    let (mut cursor, mut pages, mut seen) = (json!("0"), Vec::new(), Vec::new());
    while cursor.is_string() {
        let request = json!({"clientId": "E", "cursor": cursor, "limit": 1000, "excludeOwnAfter": "0"});
        let page = server.post("pull", &request).await;
        let changes = page["changes"].as_array().unwrap();
        let sequence = changes.iter().map(|change| change["serverSeq"].as_u64().unwrap());
        seen.extend(sequence);
        pages.push(changes.len());
        assert_eq!(page["reached"], seen.last().unwrap().to_string());
        cursor = page["nextCursor"].clone();
    }
    assert_eq!(pages, [8, 8, 4, 1, 1]);
    assert_eq!(seen, (1..=22).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_changes_of_one_step_are_never_split_between_pages() {
    let server = TestServer::start(SCHEMA).await;
    let tags: Vec<_> = (0..5).map(|i| mutation(&format!("{i}"), &json!({"id": format!("{i}")}))).collect();
    push(&server, &tags).await;
    let relate = json!({"resource": "todos", "id": "t", "operation": "relate",
        "relations": {"tags": ["0", "1", "2", "3", "4"]}});
    let todo = |id: &str| mutation(id, &json!({"resource": "todos", "id": "t", "record": {}}));
    let last = mutation("last", &json!({"id": "last"}));
    push(&server, &[todo("todo"), mutation("relate", &relate), last]).await;
    let page = pull(&server, "6", 1).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextCursor"]), (5, &json!("7")));
    let page = pull(&server, "5", 2).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextCursor"]), (6, &json!("7")));
}

#[tokio::test]
async fn exclude_own_after_leaves_out_only_changes_that_the_caller_knows() {
    let server = TestServer::start(SCHEMA).await;
    let push = async |client: &str, id: &str, operation: &str, record: Value| {
        let mutation = json!({"resource": "todos", "version": 1, "operation": operation, "id": id,
            "record": record, "clientId": client, "mutationId": format!("{client}{id}{record}")});
        server.post("push", &json!({"clientId": client, "mutations": [mutation]})).await
    };
    push("me", "older", "merge", json!({"title": "a"})).await;
    push("you", "yours", "merge", json!({"title": "b", "done": true})).await;
    // After cursor 2 `me` knows its own changes, but not records merged with changes of others.
    push("me", "mine", "merge", json!({"title": "c"})).await;
    push("me", "yours", "merge", json!({"title": "d"})).await;
    push("me", "replaced", "replace", json!({"title": "e"})).await;
    push("you", "last", "merge", json!({"title": "f"})).await;
    push("me", "mine", "merge", json!({"title": "g"})).await;
    let pull = async |client: &str, limit: u64, cursor: &str| {
        let request = json!({"clientId": client, "cursor": cursor, "limit": limit, "excludeOwnAfter": "2"});
        let page = server.post("pull", &request).await;
        let changes = page["changes"].as_array().unwrap().iter();
        let changes: Vec<_> = changes.map(|change| change["serverSeq"].as_u64().unwrap()).collect();
        (changes, page["nextCursor"].clone(), page["reached"].clone())
    };
    assert_eq!(pull("me", 10, "0").await, (vec![1, 4, 6], json!(null), json!("7")));
    assert_eq!(pull("you", 10, "0").await.0, [1, 4, 5, 7]);
    assert_eq!(pull("third", 10, "0").await.0, [1, 4, 5, 6, 7]);
    assert_eq!(pull("me", 2, "0").await, (vec![1, 4], json!("4"), json!("4")));
    assert_eq!(pull("me", 2, "4").await, (vec![6], json!(null), json!("7")));
    assert_eq!(pull("me", 2, "6").await, (vec![], json!(null), json!("7")));
}
