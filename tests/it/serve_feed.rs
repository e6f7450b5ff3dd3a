//! The reference server's change feed: its sequence, its pages and what a caller may leave out
//! of them (contract 4 and 3.4). Not how a client applies a page (`pull`).

use serde_json::{Value, json};

use super::common::{SCHEMA, TestServer, mutation, pull, push};

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_changes_nothing_is_one_after_a_restart_too() {
    let mut server = TestServer::start(SCHEMA).await;
    let nothing = mutation("2", &json!({"operation": "relate", "relations": {"todos": []}}));
    assert_eq!(push(&server, &[mutation("1", &json!({})), nothing]).await["cursor"], "2");
    server.restart().await;
    assert_eq!(push(&server, &[mutation("3", &json!({}))]).await["cursor"], "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_side_by_side_take_one_step_each() {
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
async fn a_record_that_was_made_again_is_never_told_as_deleted() {
    let server = TestServer::start(SCHEMA).await;
    let tag = |id: &str, operation: &str| mutation(id, &json!({"operation": operation}));
    push(&server, &[tag("1", "insert"), tag("2", "delete"), tag("3", "insert")]).await;
    let feed = pull(&server, "1", 1).await;
    assert_eq!((&feed["changes"][0]["serverSeq"], &feed["changes"][0]["op"]), (&json!(2), &json!("upsert")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_comes_in_pages_with_each_record_as_it_is_now() {
    let server = TestServer::start(SCHEMA).await;
    let tag =
        |id: &str, tag: &str, label: &str| mutation(id, &json!({"id": tag, "record": {"label": label}}));
    push(
        &server,
        &[
            tag("1", "a", "old"),
            tag("2", "b", "B"),
            tag("3", "a", "new"),
            mutation("4", &json!({"id": "b", "operation": "delete"})),
        ],
    )
    .await;
    let page = pull(&server, "0", 2).await;
    let record = json!({"serverSeq": 1, "resource": "tags", "id": "a", "op": "upsert", "record": {"id": "a", "label": "new"}});
    let gone = json!({"serverSeq": 2, "resource": "tags", "id": "b", "op": "delete"});
    assert_eq!((&page["changes"], &page["nextCursor"]), (&json!([record, gone]), &json!("2")));
    let page = pull(&server, "2", 2).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextCursor"]), (2, &Value::Null));
    let page = pull(&server, "99999999999999999999999999", 2).await;
    assert_eq!(page["changes"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_no_larger_than_a_client_takes_however_large_the_records_are() {
    let server = TestServer::start(SCHEMA).await;
    let tag =
        |id: String, size: usize| mutation(&id, &json!({"id": id, "record": {"label": "x".repeat(size)}}));
    for tens in 0..2 {
        let ten: Vec<_> = (0..10).map(|i| tag(format!("{tens}{i}"), 1_000_000)).collect();
        push(&server, &ten).await;
    }
    // This one fills a page alone.
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
async fn a_step_is_never_cut_in_two() {
    let server = TestServer::start(SCHEMA).await;
    let tags: Vec<_> = (0..5).map(|i| mutation(&format!("{i}"), &json!({"id": format!("{i}")}))).collect();
    push(&server, &tags).await;
    let relate = json!({"resource": "todos", "id": "t", "operation": "relate",
        "relations": {"tags": ["0", "1", "2", "3", "4"]}});
    let todo = |id: &str| mutation(id, &json!({"resource": "todos", "id": "t", "record": {}}));
    push(&server, &[todo("todo"), mutation("relate", &relate), todo("last")]).await;
    let page = pull(&server, "6", 1).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextCursor"]), (5, &json!("7")));
    let page = pull(&server, "5", 2).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextCursor"]), (6, &json!("7")));
}

#[tokio::test]
async fn a_pull_can_leave_out_what_its_caller_knows_and_nothing_else() {
    let server = TestServer::start(SCHEMA).await;
    let push = async |client: &str, id: &str, operation: &str, record: Value| {
        let mutation = json!({"resource": "todos", "version": 1, "operation": operation, "id": id,
            "record": record, "clientId": client, "mutationId": format!("{client}{id}{record}")});
        server.post("push", &json!({"clientId": client, "mutations": [mutation]})).await
    };
    push("me", "older", "merge", json!({"title": "a"})).await;
    push("you", "yours", "merge", json!({"title": "b", "done": true})).await;
    // From here on it is known to `me`: its own records, but not what the server has made of others.
    push("me", "mine", "merge", json!({"title": "c"})).await;
    push("me", "yours", "merge", json!({"title": "d"})).await;
    push("me", "yours", "replace", json!({"title": "e"})).await;
    push("you", "last", "merge", json!({"title": "f"})).await;
    push("me", "mine", "merge", json!({"title": "g"})).await;
    let pull = async |client: &str, limit: u64, cursor: &str| {
        let request = json!({"clientId": client, "cursor": cursor, "limit": limit, "excludeOwnAfter": "2"});
        let page = server.post("pull", &request).await;
        let changes = page["changes"].as_array().unwrap().iter();
        let changes: Vec<_> = changes.map(|change| change["serverSeq"].as_u64().unwrap()).collect();
        (changes, page["nextCursor"].clone(), page["reached"].clone())
    };
    assert_eq!(pull("me", 10, "0").await, (vec![1, 2, 4, 6], json!(null), json!("7")));
    assert_eq!(pull("you", 10, "0").await.0, [1, 2, 3, 4, 5, 7]);
    assert_eq!(pull("nobody", 10, "0").await.0.len(), 7);
    assert_eq!(pull("me", 3, "0").await, (vec![1, 2, 4], json!("4"), json!("4")));
    assert_eq!(pull("me", 3, "4").await, (vec![6], json!(null), json!("7")));
    assert_eq!(pull("me", 3, "6").await, (vec![], json!(null), json!("7")));
}
