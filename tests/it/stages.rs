//! The stages of an upload in runs of their own: records, join rows, finalization (contract 3.7). A
//! finalization goes only as far as all parts that ended beside the database. Not the shards themselves
//! (`shards`), not the finalization of a whole upload (`finalize`).

use serde_json::{Value, json};
use synctool::cloneup::{FailureKind, Shard, Stage};

use super::common::{
    Answer, MIXED_ROWS, Offline, Rig, SCHEMA, TABLES, TestServer, clone, cloneup, database, delete, mutation,
    push, result, status, stderr, upsert,
};

/// The shard of two with this number.
fn half(index: u32) -> Stage {
    Stage::Shard(Shard::new(index, 2).unwrap())
}

/// Logs an edit of a record of `tags`.
fn log_edit(offline: &Offline, id: &str) {
    let entry = json!({"resource": "tags", "operation": "merge", "id": id, "record": {"label": "x"}});
    offline.log("C", &format!("edit-{id}"), &entry.to_string());
}

/// Logs a new join row from `t`.
fn log_relate(offline: &Offline, to: &str) {
    let entry = json!({"resource": "todos", "operation": "relate", "id": "t", "relations": {"tags": to}});
    offline.log("C", &format!("relate-{to}"), &entry.to_string());
}

async fn run(rig: &mut Rig, stages: &[Stage]) {
    for stage in stages {
        rig.options.stage = *stage;
        rig.succeed().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stages_together_do_what_a_whole_upload_does() {
    let prepare = || {
        let offline = database();
        offline.execute(&format!("DELETE FROM tags; {MIXED_ROWS}"));
        offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"gone"}"#);
        log_edit(&offline, "g");
        log_relate(&offline, "g");
        offline
    };
    let (mut sides, mut results) = (Vec::new(), Vec::new());
    let stages = [
        vec![vec![]],
        vec![
            vec!["--shard", "2/2"],
            vec!["--shard", "1/2"],
            vec!["--stage", "join-rows"],
            vec!["--stage", "finalize"],
        ],
        vec![vec!["--stage", "records"], vec!["--stage", "join-rows"], vec!["--stage", "finalize"]],
    ];
    for runs in stages {
        let (offline, server) = (prepare(), TestServer::start(SCHEMA).await);
        push(&server, &[mutation("m", &json!({"id": "theirs", "record": {"label": "T"}}))]).await;
        let mut last = Value::Null;
        for flags in &runs {
            let output = cloneup(&offline, server.base(), flags).await;
            assert_eq!(status(&output), 0, "{flags:?}: {}", stderr(&output));
            assert!(!stderr(&output).contains("warning"), "{flags:?}: {}", stderr(&output));
            last = result(&output);
        }
        results.push((last["stage"].clone(), last["cursor"].clone()));
        let mut remote = clone(&server).await;
        remote["cursors"].take();
        let local = offline.rows("SELECT id, label FROM tags ORDER BY id");
        sides.push((remote, local, offline.logged(), offline.cursor("__global_cursor__")));
        let left = std::fs::read_dir(offline.folder()).unwrap().count();
        assert_eq!(left, 1, "nothing is left beside the database");
    }
    assert_eq!(sides[0].2, Vec::<String>::new());
    assert_eq!(sides[1], sides[0]);
    assert_eq!(sides[2], sides[0]);
    assert_eq!(results[1], (json!("finalize"), results[0].1.clone()));
}

#[tokio::test]
async fn each_stage_sends_its_part_and_only_the_finalization_touches_the_database() {
    let mut rig = Rig::new(MIXED_ROWS).await;
    rig.offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"gone"}"#);
    run(&mut rig, &[Stage::Records]).await;
    assert_eq!(rig.server.subjects(), ["projects/p", "todos/t", "todos/u", "tags/g", "tags/h", "tags/gone"]);
    run(&mut rig, &[Stage::JoinRows]).await;
    assert_eq!(rig.server.subjects()[6..], ["todos/t>g", "todos/t>h"]);
    assert!(rig.server.pulls().is_empty() && rig.offline.cursor("__global_cursor__").is_none());
    assert_eq!(rig.offline.logged(), ["m1"]);
    run(&mut rig, &[Stage::Finalize]).await;
    assert_eq!((rig.server.subjects().len(), rig.server.pulls().len()), (8, 1));
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("8"));
    assert!(rig.offline.logged().is_empty());
}

#[tokio::test]
async fn the_change_log_is_drained_up_to_what_every_part_has_seen() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('a', 'A'), ('b', 'B')").await;
    log_edit(&rig.offline, "a");
    run(&mut rig, &[half(1)]).await;
    log_edit(&rig.offline, "b");
    run(&mut rig, &[half(2), Stage::JoinRows]).await;
    log_edit(&rig.offline, "c");
    // A change of another client must not replace what the first shard may not have uploaded.
    let changes = [
        upsert(8, "tags", "b", &json!({"label": "theirs"})),
        upsert(9, "tags", "a", &json!({"label": "theirs"})),
    ];
    rig.server.script("pull", [Answer::result(&json!({"changes": changes, "nextCursor": null}))]);
    run(&mut rig, &[Stage::Finalize]).await;
    assert_eq!(rig.offline.logged(), ["edit-b", "edit-c"]);
    assert_eq!(rig.offline.column("SELECT label FROM tags ORDER BY id"), ["theirs", "B"]);
    // The parts belong to the upload that is finalized now.
    run(&mut rig, &[Stage::Finalize]).await;
    assert_eq!(rig.offline.logged(), ["edit-b", "edit-c"]);
    assert!(rig.warnings.iter().any(|warning| warning.contains("the change log keeps its entries")));
}

#[tokio::test]
async fn without_all_parts_the_change_log_stays_and_the_pull_overwrites_nothing_in_it() {
    for (parts, warning) in [
        (vec![], "no run beside this database"),
        (vec![half(2)], "only 1 of 2 shards ended"),
        (vec![half(2), Stage::JoinRows], "only 1 of 2 shards ended"),
        (vec![Stage::JoinRows], "no run beside this database"),
    ] {
        let mut rig = Rig::new("INSERT INTO tags VALUES ('a', 'A'), ('b', 'B')").await;
        log_edit(&rig.offline, "a");
        run(&mut rig, &parts).await;
        let changes = [upsert(8, "tags", "a", &json!({"label": "theirs"})), delete(9, "tags", "b")];
        rig.server.script("pull", [Answer::result(&json!({"changes": changes, "nextCursor": null}))]);
        run(&mut rig, &[Stage::Finalize]).await;
        assert_eq!(rig.warnings.len(), 1, "{parts:?}: {:?}", rig.warnings);
        assert!(rig.warnings[0].contains(warning), "{parts:?}: {:?}", rig.warnings);
        assert_eq!(rig.offline.logged(), ["edit-a"], "{parts:?}");
        assert_eq!(rig.offline.rows("SELECT * FROM tags"), [["a", "A"]], "{parts:?}");
        assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("9"), "{parts:?}");
    }
}

#[tokio::test]
async fn entries_about_relations_stay_until_the_join_rows_are_uploaded() {
    let mut rig = Rig::new(MIXED_ROWS).await;
    log_relate(&rig.offline, "g");
    log_edit(&rig.offline, "g");
    run(&mut rig, &[half(1), half(2), Stage::Finalize]).await;
    assert_eq!(rig.offline.logged(), ["relate-g"]);
    assert!(rig.warnings[0].contains("entries about relations"), "{:?}", rig.warnings);
    // Where none are to be uploaded, none are missed.
    let mut rig = Rig::new(MIXED_ROWS).await;
    log_edit(&rig.offline, "g");
    rig.options.include_many_many = false;
    run(&mut rig, &[half(1), half(2), Stage::Finalize]).await;
    assert!(rig.offline.logged().is_empty() && rig.warnings.is_empty(), "{:?}", rig.warnings);
}

#[tokio::test]
async fn parts_of_another_upload_do_not_count() {
    type Change = fn(&mut Rig);
    let changes: [(&str, Change); 5] = [
        ("client id", |rig| rig.options.client_id = Some("other".to_owned())),
        ("resources", |rig| rig.options.resources = Some(vec!["tags".to_owned()])),
        ("deletes", |rig| rig.options.include_deletes = false),
        ("schema", |rig| rig.schema = rig.schema.replacen("\"version\": 3", "\"version\": 4", 1)),
        ("tenant", |rig| rig.remote.headers.push(("X-Tenant".to_owned(), "b".to_owned()))),
    ];
    for (name, change) in changes {
        let mut rig = Rig::new("").await;
        log_edit(&rig.offline, "a");
        run(&mut rig, &[half(1), half(2), Stage::JoinRows]).await;
        change(&mut rig);
        run(&mut rig, &[Stage::Finalize]).await;
        assert_eq!(rig.offline.logged(), ["edit-a"], "{name}");
        assert!(rig.warnings[0].contains("the change log keeps"), "{name}: {:?}", rig.warnings);
    }
    // How it is sent, and as whom, may change from part to part.
    let mut rig = Rig::new("").await;
    log_edit(&rig.offline, "a");
    run(&mut rig, &[half(1), half(2), Stage::JoinRows]).await;
    rig.batch_size(7);
    rig.remote.token = Some(synctool::secret::Secret::new("a token of the next hour"));
    run(&mut rig, &[Stage::Finalize]).await;
    assert!(rig.offline.logged().is_empty(), "{:?}", rig.warnings);
}

#[tokio::test]
async fn a_part_of_another_store_of_the_same_address_does_not_count() {
    let mut rig = Rig::new("").await;
    log_edit(&rig.offline, "a");
    let store = |id: &str| Answer::result(&json!({"storeId": id}));
    rig.server.script("status", [store("first"), store("second"), store("first"), store("second")]);
    run(&mut rig, &[half(1), half(2), Stage::JoinRows, Stage::Finalize]).await;
    assert_eq!(rig.offline.logged(), ["edit-a"]);
}

#[tokio::test]
async fn without_a_pull_the_cursor_becomes_the_highest_push_cursor_that_is_known() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('a', 'A'), ('b', 'B'), ('c', 'C')").await;
    rig.options.pull_after = false;
    run(&mut rig, &[half(1), half(2), Stage::JoinRows]).await;
    // Changes of others after the upload are not pulled yet: the server's own cursor would skip them.
    rig.server.script("status", [Answer::result(&json!({"cursor": "99"}))]);
    rig.options.stage = Stage::Finalize;
    let outcome = rig.succeed().await;
    assert_eq!(
        (outcome.cursor.as_str(), rig.offline.cursor("__global_cursor__").as_deref()),
        ("3", Some("3"))
    );
    rig.offline.set_cursor("__global_cursor__", "2");
    run(&mut rig, &[Stage::Finalize]).await;
    assert!(rig.warnings[0].contains("the global cursor is not moved"), "{:?}", rig.warnings);
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_shard_that_failed_or_a_selection_is_no_ended_part() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('a', 'A'), ('b', 'B')").await;
    log_edit(&rig.offline, "a");
    rig.options.fail_fast = false;
    let rejected = json!({"ok": false, "error": {"code": "X", "message": "no"}});
    rig.server.script("push", [Answer::Json(400, rejected.clone()), Answer::Json(400, rejected)]);
    rig.options.stage = Stage::Records;
    assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Rejected));
    rig.options.only = Some([("tags".to_owned(), ["a".to_owned()].into())].into());
    run(&mut rig, &[Stage::Records]).await;
    rig.options.only = None;
    run(&mut rig, &[Stage::JoinRows, Stage::Finalize]).await;
    assert_eq!(rig.offline.logged(), ["edit-a"]);
}

#[tokio::test]
async fn a_finalization_keeps_the_checkpoint_of_an_upload_that_was_interrupted() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('a', 'A'), ('b', 'B'), ('c', 'C')").await;
    rig.batch_size(1);
    rig.concurrency(1);
    rig.max_retries(0);
    rig.server.script("push", [Answer::Apply, Answer::Apply, Answer::Close]);
    assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Remote));
    run(&mut rig, &[Stage::Finalize]).await;
    run(&mut rig, &[Stage::All]).await;
    assert_eq!(rig.server.subjects()[3..], ["tags/b", "tags/c"], "a probe, and what goes after it");
}

#[tokio::test(flavor = "multi_thread")]
async fn join_rows_before_their_records_ask_whether_all_shards_have_ended() {
    let offline = database();
    offline.execute(
        "INSERT INTO todos (id) VALUES ('t'); INSERT INTO join_todos_tags_tags VALUES ('t', 'g', 1)",
    );
    let server = TestServer::start(SCHEMA).await;
    let output = cloneup(&offline, server.base(), &["--stage", "join-rows"]).await;
    assert_eq!(status(&output), 1);
    assert!(stderr(&output).contains("NOT_FOUND") && stderr(&output).contains("have all shards ended?"));
    assert_eq!(result(&output)["stage"], "join-rows");
    let output = cloneup(&offline, server.base(), &["--stage", "records"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let output = cloneup(&offline, server.base(), &["--stage", "join-rows", "--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_a_finalization_says_what_would_be_drained() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    log_edit(&offline, "g");
    let plan = async |offline: &Offline| {
        result(&cloneup(offline, server.base(), &["--stage", "finalize", "--dry-run"]).await)
    };
    let before = plan(&offline).await;
    assert_eq!((&before["stage"], &before["finalization"]["drainUpTo"]), (&json!("finalize"), &json!(0)));
    assert!(before["warnings"][0].as_str().unwrap().contains("keeps its entries"), "{before}");
    for flags in [["--shard", "1/2"], ["--shard", "2/2"], ["--stage", "join-rows"]] {
        assert_eq!(status(&cloneup(&offline, server.base(), &flags).await), 0);
    }
    let after = plan(&offline).await;
    assert_eq!((&after["finalization"]["drainUpTo"], &after["warnings"]), (&json!(1), &json!([])));
    assert_eq!(after["parts"], json!([]));
    assert_eq!(offline.logged(), ["edit-g"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_finalization_compares_everything() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = cloneup(&offline, server.base(), &["--stage", "finalize", "--verify"]).await;
    assert_eq!(status(&output), 1);
    assert_eq!(result(&output)["errors"][0]["code"], "NOT_EQUAL");
    assert_eq!(status(&cloneup(&offline, server.base(), &["--stage", "records"]).await), 0);
    let output = cloneup(&offline, server.base(), &["--stage", "finalize", "--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[tokio::test]
async fn a_finalization_pulls_nothing_that_its_parts_have_sent() {
    let server = TestServer::start(SCHEMA).await;
    let mut rig = Rig::with(SCHEMA, &format!("{TABLES}{MIXED_ROWS}")).await;
    rig.remote.base = server.base().to_owned();
    rig.remote.token = None;
    run(&mut rig, &[half(2), half(1), Stage::JoinRows]).await;
    push(&server, &[mutation("m", &json!({"id": "theirs"}))]).await;
    rig.options.stage = Stage::Finalize;
    let pulled = std::sync::Mutex::new(0);
    let outcome = rig
        .run_and(|event| {
            if let synctool::cloneup::Event::Pulled { changes, .. } = event {
                *pulled.lock().unwrap() += changes;
            }
        })
        .await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(*pulled.lock().unwrap(), 1, "the other client's change alone");
    assert_eq!(rig.offline.column("SELECT id FROM tags ORDER BY id"), ["g", "h", "theirs"]);
}
