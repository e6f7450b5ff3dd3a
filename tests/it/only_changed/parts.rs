//! Together with the other options: dry runs, shards, selections, offline deletes, interrupted runs,
//! finalization, events.

use serde_json::{Value, json};

use super::{filled, send_changed, with_changed};
use crate::common::{
    MIXED_ROWS, Offline, SCHEMA, TABLES, TestServer, cloneup, mutation, program, pull, push, result, status,
    stderr,
};

/// A server that has all but the changes of a database.
async fn changed(rows: u32) -> (TestServer, Offline) {
    let (server, offline) = (TestServer::start(SCHEMA).await, filled(rows));
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    offline.execute("UPDATE todos SET title = title || '!' WHERE count % 7 = 0");
    (server, offline)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_what_would_be_sent() {
    let (server, offline) = changed(100).await;
    let before = server.status().await["cursor"].clone();
    let output = with_changed(&offline, server.base(), &["--dry-run"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let preview = result(&output);
    let todos = preview["parts"].as_array().unwrap().iter().find(|part| part["name"] == "todos").unwrap();
    assert_eq!((&todos["rows"], &todos["unchanged"]), (&json!(14), &json!(86)));
    let changes = &preview["changes"];
    assert_eq!(
        (&changes["different"], &changes["missing"], &changes["cursor"]),
        (&json!(14), &json!(0), &before)
    );
    assert_eq!(changes["first"].as_array().unwrap().len(), 10);
    assert_eq!(changes["first"][0], json!({"resource": "todos", "id": "t000007", "kind": "different"}));
    let told = stderr(&output);
    assert!(told.contains("differs: 0 missing and 14 different on the server, 0 only there"), "{told}");
    assert!(told.contains("  send todos t000007\n"), "{told}");
    assert_eq!(server.status().await["cursor"], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_shard_sends_its_part_of_what_differs() {
    let (server, offline) = changed(300).await;
    offline.execute("DELETE FROM todos WHERE count % 7 = 1");
    let mut sent = 0;
    for shard in ["1/3", "2/3", "3/3"] {
        let stats = send_changed(&offline, server.base(), &["--shard", shard]).await["stats"].clone();
        let todos = &stats["resources"]["todos"];
        let count = |key: &str| todos[key].as_u64().unwrap();
        assert_eq!(count("records"), count("mutations") + count("unchanged"));
        assert!(count("mutations") > 0, "{stats}");
        sent += count("mutations");
    }
    assert_eq!(sent, 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_or_a_selection_leaves_out_what_is_equal() {
    let (server, offline) = changed(100).await;
    let stats = send_changed(&offline, server.base(), &["--limit", "20", "--verify"]).await["stats"].clone();
    assert_eq!(stats["resources"]["todos"], json!({"records": 20, "mutations": 2, "unchanged": 18}));
    let lines =
        ["t000014", "t000021", "t000022"].map(|id| json!({"resource": "todos", "id": id}).to_string());
    std::fs::write(offline.folder().join("failed.ndjson"), lines.join("\n")).unwrap();
    let stats =
        send_changed(&offline, server.base(), &["--only-failed", "failed.ndjson"]).await["stats"].clone();
    assert_eq!(stats["resources"]["todos"], json!({"records": 3, "mutations": 1, "unchanged": 2}));
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_deletes_are_pushed_and_the_change_log_is_drained() {
    let (server, offline) = changed(20).await;
    offline.execute("DELETE FROM todos WHERE id = 't000001'");
    offline.log("C", "gone", r#"{"resource": "todos", "operation": "delete", "id": "t000001"}"#);
    let sent = send_changed(&offline, server.base(), &["--verify"]).await;
    assert_eq!(sent["stats"]["deletes"], json!({"mutations": 1}));
    assert_eq!(offline.logged(), [""; 0]);
    assert_eq!(send_changed(&offline, server.base(), &[]).await["stats"].get("deletes"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_marked_as_deleted_are_deleted_where_the_server_has_them() {
    let schema = r#"{"resources": [{"name": "todos", "version": 1, "storage": {"deletedWhen": {"column": "gone", "values": [1]}},
        "fields": [{"name": "title", "type": "string"}]}], "relations": []}"#;
    let server = TestServer::start(schema).await;
    let offline = Offline::new(
        "CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT, gone INTEGER);
        INSERT INTO todos VALUES ('a', 'A', 0), ('b', 'B', 0), ('never', 'N', 1)",
    );
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let send = async || {
        send_changed(&offline, server.base(), &["--schema", "schema.json", "--verify"]).await["stats"].clone()
    };
    assert_eq!(send().await.get("deletes"), None, "the server never had it");
    offline.execute("UPDATE todos SET gone = 1 WHERE id = 'b'");
    assert_eq!(send().await["deletes"], json!({"mutations": 1}));
    assert_eq!(send().await.get("deletes"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_same_command_sends_the_rest() {
    let (server, offline) = (TestServer::start(SCHEMA).await, filled(200));
    let killed = {
        let mut command = program(offline.folder());
        command.args([
            "cloneup",
            "--db",
            "app.db",
            "--only-changed",
            "--batch-size",
            "10",
            "--concurrency",
            "1",
        ]);
        command.args(["--remote", server.base()]).env("SYNCTOOL_FAILPOINT", "answered:5");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    assert!(!killed.status.success());
    let there = server.status().await["cursor"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(there > 0 && there < 200, "{there}");
    let sent = send_changed(&offline, server.base(), &["--verify"]).await;
    let sum = |key: &str| -> u64 {
        sent["stats"]["resources"]
            .as_object()
            .unwrap()
            .values()
            .map(|entry| entry[key].as_u64().unwrap())
            .sum()
    };
    assert_eq!((sum("unchanged"), sum("unchanged") + sum("mutations")), (there, 203));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_made_is_pulled_and_what_is_equal_is_not() {
    let server = TestServer::start(SCHEMA).await;
    let offline = filled(500);
    cloneup(&offline, server.base(), &[]).await;
    // The same data on another machine, with no cursor.
    let copy = filled(500);
    let relay = crate::common::CountingRelay::start(server.base(), &[]).await;
    send_changed(&copy, relay.base(), &[]).await;
    let equal = relay.bytes();
    assert!(equal < 20_000, "{equal}");
    let record = json!({"label": "theirs"});
    let theirs = json!({"resource": "tags", "operation": "insert", "id": "theirs", "record": record});
    push(&server, &[mutation("theirs", &theirs)]).await;
    send_changed(&copy, relay.base(), &[]).await;
    assert_eq!(copy.column("SELECT label FROM tags WHERE id = 'theirs'"), ["theirs"]);
    assert!(!pull(&server, "0", 10).await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flag_comes_from_file_and_environment_too() {
    let (server, offline) = changed(20).await;
    std::fs::write(offline.folder().join("synctool.toml"), "only-changed = true").unwrap();
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(result(&output)["stats"]["resources"]["todos"]["unchanged"], 18, "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_say_how_much_is_unchanged() {
    let (server, offline) = changed(20).await;
    send_changed(&offline, server.base(), &["--events", "events.ndjson"]).await;
    let text = std::fs::read_to_string(offline.folder().join("events.ndjson")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["type"], "sync_started");
    let todos = &events[0]["context"]["parts"][1];
    assert_eq!((&todos["rows"], &todos["unchanged"]), (&json!(2), &json!(18)));
    let progress = events.iter().rfind(|event| event["type"] == "sync_progress").unwrap();
    assert_eq!(progress["context"]["run"]["unchanged"], 23);
}

#[tokio::test(flavor = "multi_thread")]
async fn mixed_values_are_equal_after_an_upload() {
    let server = TestServer::start(SCHEMA).await;
    let offline = Offline::new(&format!("{TABLES} {MIXED_ROWS}"));
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    send_changed(&offline, server.base(), &["--schema", "schema.json"]).await;
    let stats = send_changed(&offline, server.base(), &["--schema", "schema.json"]).await["stats"].clone();
    assert_eq!(stats["batches"], 0, "{stats}");
}
