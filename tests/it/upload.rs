//! Whole uploads: to the real server, interrupted, and in whose name.

use std::time::Duration;

use serde_json::json;
use synctool::cloneup::{End, Event};

use super::common::{Answer, Rig, SCHEMA, TestServer, run_with_stop};

const ROWS: &str = "INSERT INTO projects VALUES ('p', 'P'); INSERT INTO tags VALUES ('g', 'G'), ('h', 'H');
    INSERT INTO todos (id, title, done, count, data, photo, projectId)
        VALUES ('t', 'A', 1, 9007199254740993, '{\"x\":[1.5]}', x'00ff', 'p'), ('u', NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO join_todos_tags_tags VALUES ('t', 'g', 1), ('t', 'h', 2)";

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_once_however_often_it_is_uploaded() {
    let server = TestServer::start(SCHEMA).await;
    let mut rig = Rig::new(ROWS).await;
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
    assert_eq!((again.cursor, again.stats), (first.cursor, first.stats));
    let same = server.post("clone", &json!({"clientId": "x"})).await;
    assert_eq!(same, clone);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_client_did_arrives_with_the_pull() {
    let server = TestServer::start(SCHEMA).await;
    let mutation = json!({"clientId": "D", "mutationId": "d1", "resource": "tags", "version": 1,
        "operation": "merge", "id": "theirs", "record": {"label": "T"}});
    server.post("push", &json!({"clientId": "D", "mutations": [mutation]})).await;
    let mut rig = Rig::new(ROWS).await;
    rig.remote.base = server.base().to_owned();
    rig.options.pull_limit = 3;
    rig.succeed().await;
    assert_eq!(rig.offline.column("SELECT id FROM tags ORDER BY id"), ["g", "h", "theirs"]);
    assert_eq!(
        rig.offline.rows("SELECT data, photo, local FROM todos WHERE id = 't'"),
        [[r#"{"x":[1.5]}"#, "x'00ff'", "mine"]]
    );
}

#[tokio::test]
async fn the_client_id_is_the_given_one_or_the_stored_one_or_a_new_one_that_is_stored() {
    let mut rig = Rig::new(ROWS).await;
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
async fn an_interrupted_run_awaits_what_is_in_flight_and_finalizes_nothing() {
    let mut rig = Rig::new(ROWS).await;
    rig.options.batch_size = 1;
    rig.options.concurrency = 1.try_into().unwrap();
    rig.server.script("push", [Answer::After(Duration::from_millis(200), Box::new(Answer::Apply))]);
    let started = std::time::Instant::now();
    let outcome = run_with_stop(&mut rig, |event, handle| {
        if matches!(event, Event::PartStarted { .. }) {
            let handle = handle.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(50)).await;
                handle.stop();
            });
        }
    })
    .await;
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!((outcome.end, outcome.ok, outcome.stats.batches), (End::Interrupted, false, 1));
    assert_eq!(outcome.errors.last().unwrap().body.code, "CANCELLED");
    assert_eq!(outcome.stats.resources[0].1.mutations, 1);
    assert!(rig.server.pulls().is_empty());
    assert_eq!(rig.offline.cursor("__global_cursor__"), None);
}

#[tokio::test]
async fn an_interruption_during_the_last_request_is_one_too() {
    let mut rig = Rig::new("INSERT INTO tags (id) VALUES ('g')").await;
    rig.options.pull_after = false;
    rig.offline.log("C", "m", r#"{"resource": "tags", "operation": "merge", "id": "g", "record": {}}"#);
    rig.server.script("push", [Answer::After(Duration::from_millis(300), Box::new(Answer::Apply))]);
    let outcome = run_with_stop(&mut rig, |event, handle| {
        if matches!(event, Event::PartStarted { .. }) {
            let handle = handle.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(150)).await;
                handle.stop();
            });
        }
    })
    .await;
    assert_eq!((outcome.end, outcome.stats.resources[0].1.mutations), (End::Interrupted, 1));
    assert_eq!(rig.offline.logged(), ["m"], "nothing is finalized");
}

#[tokio::test]
async fn an_interrupted_pause_before_a_retry_ends_at_once() {
    let mut rig = Rig::new(ROWS).await;
    rig.server.script("push", [Answer::Raw(503, vec![("retry-after", "20".into())], Vec::new())]);
    let started = std::time::Instant::now();
    let outcome = run_with_stop(&mut rig, |event, handle| {
        if matches!(event, Event::Retrying { .. }) {
            handle.stop();
        }
    })
    .await;
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome.end, End::Interrupted);
}

#[tokio::test]
async fn an_empty_database_is_uploaded_in_no_requests() {
    let mut rig = Rig::new("").await;
    let outcome = rig.succeed().await;
    assert_eq!((outcome.stats.batches, outcome.cursor.as_str()), (0, "0"));
    assert!(outcome.stats.resources.is_empty());
    assert_eq!(outcome.stats.join_stores.len(), 1);
}
