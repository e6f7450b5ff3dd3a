//! What happens to cursor and change log after an upload (contract 3.1, step 6). Not how a page
//! is applied (`pull`).

use serde_json::json;
use synctool::cloneup::Event;

use super::common::{Answer, Rig, upsert};

const ROWS: &str = "INSERT INTO tags (id) VALUES ('g'); INSERT INTO todos (id) VALUES ('t');
    INSERT INTO join_todos_tags_tags VALUES ('t', 'g', 1)";

fn merge(resource: &str, id: &str) -> String {
    json!({"resource": resource, "operation": "merge", "id": id, "record": {}}).to_string()
}

/// A change log with an entry of every kind.
fn log_all(rig: &Rig) {
    rig.offline.log("C", "tag", &merge("tags", "g"));
    rig.offline.log("C", "todo", &merge("todos", "t"));
    let relate = json!({"resource": "todos", "operation": "relate", "id": "t", "relations": {"tags": "g"}});
    rig.offline.log("C", "relate", &relate.to_string());
    rig.offline.log("C", "delete", r#"{"resource":"tags","operation":"delete","id":"gone"}"#);
    rig.offline.log("C", "unreadable", "{");
}

#[tokio::test]
async fn success_sets_the_cursor_and_drains_the_entries_that_were_uploaded() {
    let mut rig = Rig::new(ROWS).await;
    log_all(&rig);
    let outcome = rig.succeed().await;
    assert_eq!(rig.offline.logged(), ["unreadable"]);
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some(outcome.cursor.as_str()));
    assert!(
        rig.warnings.iter().any(|warning| warning.contains("1 change log entries")),
        "{:?}",
        rig.warnings
    );
}

#[tokio::test]
async fn entries_out_of_scope_stay_in_the_change_log() {
    for (resources, join_rows, deletes, stays) in [
        (Some("tags"), true, true, vec!["todo", "relate", "unreadable"]),
        (Some("todos"), true, true, vec!["tag", "delete", "unreadable"]),
        (None, false, true, vec!["relate", "unreadable"]),
        (None, true, false, vec!["delete", "unreadable"]),
    ] {
        let mut rig = Rig::new(ROWS).await;
        log_all(&rig);
        rig.options.resources = resources.map(|name| vec![name.to_owned()]);
        rig.options.include_many_many = join_rows;
        rig.options.include_deletes = deletes;
        rig.succeed().await;
        assert_eq!(rig.offline.logged(), stays, "{resources:?} {join_rows} {deletes}");
    }
}

#[tokio::test]
async fn each_step_of_finalization_can_be_switched_off() {
    let mut rig = Rig::new(ROWS).await;
    log_all(&rig);
    rig.options.clear_changelog_on_success = false;
    rig.succeed().await;
    assert_eq!(rig.offline.logged().len(), 5);

    let mut rig = Rig::new(ROWS).await;
    rig.options.set_global_cursor_on_success = false;
    rig.succeed().await;
    assert_eq!(rig.offline.cursor("__global_cursor__"), None);

    let mut rig = Rig::new(ROWS).await;
    rig.options.pull_after = false;
    rig.succeed().await;
    assert!(rig.server.pulls().is_empty());
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("3"));
}

#[tokio::test]
async fn nothing_is_finalized_after_an_error() {
    let mut rig = Rig::new(ROWS).await;
    log_all(&rig);
    rig.options.fail_fast = false;
    let answer = json!({"errors": [{"mutationId": "m", "code": "X"}], "applied": null, "cursor": "9"});
    rig.server.script("push", [Answer::Json(200, answer)]);
    let outcome = rig.run().await;
    assert!(!outcome.ok);
    assert_eq!((rig.offline.logged().len(), rig.offline.cursor("__global_cursor__")), (5, None));
    assert!(rig.server.pulls().is_empty());
}

#[tokio::test]
async fn the_result_has_the_highest_push_cursor_and_the_stored_cursor_never_decreases() {
    let mut rig = Rig::new(ROWS).await;
    rig.offline.set_cursor("__global_cursor__", "1000");
    let answer = |cursor: &str| Answer::Json(200, json!({"errors": [], "cursor": cursor}));
    rig.server.script("push", [answer("99"), answer("101"), answer("100")]);
    let outcome = rig.succeed().await;
    assert_eq!(outcome.cursor.as_str(), "101");
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("1000"));
}

#[tokio::test]
async fn changes_made_during_the_upload_stay_logged_and_are_not_overwritten_by_the_pull() {
    for journal in ["delete", "wal"] {
        let mut rig = Rig::new(ROWS).await;
        rig.offline.execute(&format!("PRAGMA journal_mode = {journal}"));
        log_all(&rig);
        let change = |resource: &str, id: &str, record| upsert(50, resource, id, &record);
        let page = json!({"changes": [
            change("tags", "g", json!({"label": "theirs"})),
            change("tags", "h", json!({"label": "theirs"})),
            change("join_todos_tags_tags", "t:g", json!({"from": "t", "to": "g", "order": 9})),
            change("todos", "t", json!({"title": "theirs"})),
        ], "nextCursor": null});
        rig.server.script("pull", [Answer::Json(200, page)]);
        let path = rig.offline.path();
        let outcome = rig
            .run_and(|event| {
                if let Event::PartStarted { part: 0, .. } = event {
                    let connection = rusqlite::Connection::open(&path).unwrap();
                    let log = "INSERT INTO __datafn_changelog (clientId, mutationId, mutation, timestampMs) VALUES";
                    connection
                        .execute_batch(&format!(
                            "UPDATE tags SET label = 'mine' WHERE id = 'g';
                             {log} ('C', 'later', '{}', 0);
                             {log} ('C', 'later join', '{}', 0);
                             {log} ('C', 'later field', '{}', 0);",
                            merge("tags", "g"),
                            r#"{"resource":"todos","operation":"relate","id":"t","relations":{"tags":{"$ref":"g"}}}"#,
                            r#"{"resource":"todos","operation":"relate","id":"t","relations":{"project":"p"}}"#
                        ))
                        .unwrap();
                }
            })
            .await;
        assert!(outcome.ok, "{outcome:?}");
        assert_eq!(rig.offline.logged(), ["unreadable", "later", "later join", "later field"], "{journal}");
        let titles = rig.offline.column("SELECT title FROM todos WHERE id = 't'");
        assert!(!titles.contains(&"theirs".to_owned()), "{journal}: {titles:?}");
        assert_eq!(
            rig.offline.rows("SELECT * FROM tags ORDER BY id"),
            [["g", "mine"], ["h", "theirs"]],
            "{journal}"
        );
        assert_eq!(rig.offline.column("SELECT \"order\" FROM join_todos_tags_tags"), ["1.0"], "{journal}");
    }
}

#[tokio::test]
async fn a_pull_does_not_overwrite_changes_that_were_out_of_scope() {
    let mut rig = Rig::new(ROWS).await;
    rig.offline
        .execute("UPDATE tags SET label = 'mine'; DELETE FROM todos; DELETE FROM join_todos_tags_tags");
    rig.offline.log("C", "edit", &merge("tags", "g"));
    rig.offline.log("C", "gone", r#"{"resource":"todos","operation":"delete","id":"t"}"#);
    let unrelate = r#"{"resource":"todos","operation":"unrelate","id":"t","relations":{"tags":"g"}}"#;
    rig.offline.log("C", "apart", unrelate);
    let change = |resource: &str, id: &str, record| upsert(50, resource, id, &record);
    let page = json!({"changes": [
        change("tags", "g", json!({"label": "theirs"})),
        change("todos", "t", json!({"title": "theirs"})),
        change("join_todos_tags_tags", "t:g", json!({"from": "t", "to": "g", "order": 9})),
    ], "nextCursor": null});
    rig.options.resources = Some(vec!["projects".to_owned()]);
    rig.server.script("pull", [Answer::Json(200, page)]);
    rig.succeed().await;
    assert_eq!(rig.offline.column("SELECT label FROM tags"), ["mine"]);
    for table in ["todos", "join_todos_tags_tags"] {
        assert_eq!(
            rig.offline.column(&format!("SELECT count(*) FROM {table}")),
            ["0"],
            "{table} stays without it"
        );
    }
    // The next upload sends them to the server.
    rig.options.resources = None;
    rig.succeed().await;
    let sent: Vec<_> =
        rig.server.mutations().into_iter().map(|mutation| mutation["mutationId"].clone()).collect();
    assert!(sent.contains(&json!("gone")) && sent.contains(&json!("apart")), "{sent:?}");
    assert!(rig.offline.logged().is_empty());
}
