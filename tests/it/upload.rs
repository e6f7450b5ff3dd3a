//! Whole uploads to the real server, and under which client id. Not their interruption
//! (`interruption`).

use serde_json::json;

use super::common::{MIXED_ROWS, Rig, SCHEMA, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_upload_changes_nothing_on_the_server() {
    let server = TestServer::start(SCHEMA).await;
    let mut rig = Rig::new(MIXED_ROWS).await;
    rig.remote.base = server.base().to_owned();
    let first = rig.succeed().await;
    let clone = server.post("clone", &json!({"clientId": "x"})).await;
    assert_eq!(
        clone["data"]["todos"],
        json!([
            {"id": "t", "title": "A", "done": true, "count": 9_007_199_254_740_993_u64, "note": null,
             "data": {"x": [1.5]}, "photo": "AP8=", "projectId": "p"},
            {"id": "u", "note": null},
        ])
    );
    assert_eq!(
        clone["joins"]["join_todos_tags_tags"],
        json!([{"from": "t", "to": "g", "order": 1}, {"from": "t", "to": "h", "order": 2}])
    );
    assert_eq!(first.cursor.as_str(), "7");
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("7"));

    let again = rig.succeed().await;
    assert_eq!((again.cursor, again.stats.batches), (first.cursor, first.stats.batches));
    assert_eq!((first.stats.run.mutations, first.stats.run.repeated), (7, Some(0)));
    assert_eq!((again.stats.run.mutations, again.stats.run.repeated), (7, Some(7)));
    let same = server.post("clone", &json!({"clientId": "x"})).await;
    assert_eq!(same, clone);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_another_client_arrive_with_the_pull() {
    let server = TestServer::start(SCHEMA).await;
    let mutation = json!({"clientId": "D", "mutationId": "d1", "resource": "tags", "version": 1,
        "operation": "merge", "id": "theirs", "record": {"label": "T"}});
    server.post("push", &json!({"clientId": "D", "mutations": [mutation]})).await;
    let mut rig = Rig::new(MIXED_ROWS).await;
    rig.remote.base = server.base().to_owned();
    rig.options.pull_limit = 3.try_into().unwrap();
    rig.succeed().await;
    assert_eq!(rig.offline.column("SELECT id FROM tags ORDER BY id"), ["g", "h", "theirs"]);
    assert_eq!(
        rig.offline.rows("SELECT data, photo, local FROM todos WHERE id = 't'"),
        [[r#"{"x":[1.5]}"#, "x'00ff'", "mine"]]
    );
}

#[tokio::test]
async fn the_client_id_is_the_option_else_the_stored_one_else_a_new_one_that_is_stored() {
    let mut rig = Rig::new(MIXED_ROWS).await;
    rig.succeed().await;
    assert_eq!(rig.server.pushes()[0].body["clientId"], "C");
    assert!(!rig.offline.has_table("__datafn_meta"));

    rig.options.client_id = None;
    rig.succeed().await;
    let stored = rig.offline.column("SELECT value FROM __datafn_meta WHERE key = 'clientId'").remove(0);
    assert_eq!(rig.server.pushes().last().unwrap().body["clientId"], *stored);

    rig.offline.execute("UPDATE __datafn_meta SET value = 'mine'");
    rig.succeed().await;
    assert_eq!(rig.server.pulls().last().unwrap().body["clientId"], "mine");
}

#[tokio::test]
async fn an_empty_database_is_uploaded_without_a_push() {
    let mut rig = Rig::new("").await;
    let outcome = rig.succeed().await;
    assert_eq!((outcome.stats.batches, outcome.cursor.as_str()), (0, "0"));
    assert!(outcome.stats.resources.is_empty());
    assert_eq!(outcome.stats.join_stores.len(), 1);
}
