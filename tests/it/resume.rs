//! The same command continues an upload that ended early (contract 3.6). Not an upload that is
//! still running (`lock`).

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use synctool::cloneup::{Event, FailureKind, Outcome};

use super::common::{
    Answer, Offline, Rig, SCHEMA, Scripted, TestServer, cloneup, database, program, result, spawn_upload,
    status, stderr, synctool,
};

/// Ten tags.
const TEN: &str =
    "INSERT INTO tags (id) VALUES ('0'), ('1'), ('2'), ('3'), ('4'), ('5'), ('6'), ('7'), ('8'), ('9')";

/// The file that holds lock and checkpoint.
fn sidecar(offline: &Offline) -> PathBuf {
    offline.folder().join("app.db.synctool")
}

/// A run that failed because the server answered only the first batches.
async fn failed_after(batches: usize) -> (Rig, Outcome) {
    let mut rig = Rig::new(TEN).await;
    rig.batch_size(1);
    rig.concurrency(1);
    rig.max_retries(0);
    rig.server.script("push", std::iter::repeat_n(Answer::Apply, batches).chain([Answer::Close]));
    let outcome = rig.run().await;
    assert_eq!(
        (outcome.failure_kind(), outcome.stats.batches),
        (Some(FailureKind::Remote), batches as u64 + 1)
    );
    (rig, outcome)
}

/// The subjects of all pushes but the first ones.
fn pushed_since(rig: &Rig, pushes: usize) -> Vec<String> {
    rig.server.subjects().split_off(pushes)
}

#[tokio::test]
async fn the_next_run_continues_after_the_acknowledged_prefix() {
    let (mut rig, _) = failed_after(6).await;
    assert!(sidecar(&rig.offline).exists());
    let output = synctool(&rig.offline).args(["inspect", "app.db", "--output", "json"]).output().unwrap();
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let remote = format!("{}/push", rig.server.base());
    assert_eq!(seen["checkpoint"], json!({"remote": remote, "mutations": 6, "cursor": "6"}));
    let outcome = rig.succeed().await;
    // The last acknowledged batch is sent again as a probe, then the mutations after it.
    let expected: Vec<_> = (5..10).map(|id| format!("tags/{id}")).collect();
    assert_eq!(pushed_since(&rig, 7), expected);
    assert_eq!(outcome.stats.resources[0].1.records, 10, "the statistics are those of the whole upload");
    assert_eq!(outcome.stats.resources[0].1.mutations, 10);
    assert!(!sidecar(&rig.offline).exists(), "success removes the checkpoint");
    rig.succeed().await;
    assert_eq!(pushed_since(&rig, 12).len(), 10);
}

#[tokio::test]
async fn a_run_that_failed_in_finalization_sends_a_probe_and_finalizes() {
    let mut rig = Rig::new(TEN).await;
    rig.max_retries(0);
    rig.batch_size(4);
    rig.server.script("pull", [Answer::Close]);
    assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Remote));
    let outcome = rig.succeed().await;
    assert_eq!(pushed_since(&rig, 10), ["tags/8", "tags/9"]);
    assert_eq!((outcome.stats.resources[0].1.records, outcome.cursor.as_str()), (10, "12"));
}

#[tokio::test]
async fn changed_options_schema_or_acknowledged_data_start_the_upload_over() {
    type Change = fn(&mut Rig);
    let changes: [(&str, Change); 7] = [
        ("data in the prefix", |rig| rig.offline.execute("UPDATE tags SET label = 'x' WHERE id = '2'")),
        ("less data than before", |rig| rig.offline.execute("DELETE FROM tags WHERE id > '3'")),
        ("client id", |rig| rig.options.client_id = Some("other".into())),
        ("batch size", |rig| rig.batch_size(2)),
        ("prefix of ids", |rig| rig.options.mutation_id_prefix = "again".into()),
        ("schema", |rig| rig.schema = rig.schema.replacen("\"version\": 3", "\"version\": 4", 1)),
        ("no resume", |rig| rig.options.resume = false),
    ];
    for (name, change) in changes {
        let (mut rig, _) = failed_after(6).await;
        change(&mut rig);
        let outcome = rig.succeed().await;
        let rows: usize = rig.offline.column("SELECT count(*) FROM tags")[0].parse().unwrap();
        assert_eq!(pushed_since(&rig, 7)[0], "tags/0", "{name}");
        assert_eq!(pushed_since(&rig, 7).len(), rows, "{name}");
        assert_eq!(outcome.stats.resources[0].1.records, rows as u64, "{name}");
    }
}

#[tokio::test]
async fn data_after_the_acknowledged_prefix_may_change() {
    let (mut rig, _) = failed_after(6).await;
    rig.offline.execute("UPDATE tags SET label = 'x' WHERE id = '8'; INSERT INTO tags (id) VALUES ('99')");
    rig.succeed().await;
    assert_eq!(pushed_since(&rig, 7).len(), 6);
}

#[tokio::test]
async fn a_server_whose_cursor_is_lower_or_missing_gets_everything_again() {
    let (mut rig, _) = failed_after(6).await;
    let lower = json!({"errors": [], "cursor": "1"});
    rig.server.script("push", [Answer::Json(200, lower)]);
    let outcome = rig.succeed().await;
    assert_eq!(pushed_since(&rig, 7).len(), 11, "the probe, and all ten tags");
    assert_eq!((outcome.stats.resources[0].1.records, outcome.stats.batches), (10, 11));

    // An answer without a cursor does not show that the server was not wiped.
    let (mut rig, _) = failed_after(6).await;
    rig.server.script("push", [Answer::Json(200, json!({"errors": []}))]);
    rig.succeed().await;
    assert_eq!(pushed_since(&rig, 7).len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_store_id_at_the_same_address_starts_the_upload_over() {
    let offline = database();
    offline.execute(&TEN.replace("INSERT", "INSERT OR IGNORE"));
    let server = Scripted::start().await;
    let status_of = |id: &str| Answer::result(&json!({"storeId": id}));
    server.script("status", [status_of("first"), status_of("second")]);
    let late = || Answer::late(30);
    server.script("push", [late(), late(), late(), late(), Answer::Json(401, json!({}))]);
    let arguments = ["--batch-size", "1", "--concurrency", "1", "--max-retries", "0"];
    assert_eq!(status(&cloneup(&offline, server.base(), &arguments).await), 4);
    let before = server.pushes().len();
    assert_eq!(status(&cloneup(&offline, server.base(), &arguments).await), 0);
    assert_eq!(server.pushes().len() - before, 12, "all mutations, and no probe");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_id_that_is_no_longer_sent_starts_the_upload_over() {
    let status_of = |id: &str| Answer::result(&json!({"storeId": id}));
    let mut rig = Rig::new(TEN).await;
    rig.batch_size(1);
    rig.concurrency(1);
    rig.max_retries(0);
    rig.server.script("status", [status_of("first"), Answer::Json(503, json!({}))]);
    rig.server.script("push", [Answer::Apply, Answer::Apply, Answer::Close]);
    assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Remote));
    rig.succeed().await;
    assert_eq!(pushed_since(&rig, 3).len(), 10, "all mutations, and no probe");
}

#[tokio::test]
async fn a_server_that_rejects_the_probe_gets_everything_again() {
    for (fail_fast, rejects_all) in [(true, true), (true, false), (false, false)] {
        let (mut rig, _) = failed_after(6).await;
        rig.options.fail_fast = fail_fast;
        let id = rig.server.pushes()[5].body["mutations"][0]["mutationId"].clone();
        let error = json!({"code": "NOT_FOUND", "message": "no"});
        let answer = if rejects_all {
            json!({"ok": false, "error": error})
        } else {
            json!({"applied": [], "errors": [{"mutationId": id, "error": error}], "cursor": "100"})
        };
        rig.server.script("push", [Answer::Json(if rejects_all { 400 } else { 200 }, answer)]);
        let outcome = rig.succeed().await;
        assert_eq!(pushed_since(&rig, 7).len(), 11, "the probe, and all ten tags");
        assert_eq!(outcome.stats.resources[0].1.mutations, 10);
    }
}

#[tokio::test]
async fn nothing_is_sent_further_ahead_of_the_oldest_request_than_may_be_in_flight() {
    let mut rig = Rig::new(TEN).await;
    rig.batch_size(1);
    rig.concurrency(3);
    rig.max_retries(0);
    let late = Answer::After(Duration::from_millis(300), Box::new(Answer::Close));
    rig.server.script("push", [late]);
    assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Remote));
    assert_eq!(pushed_since(&rig, 0).len(), 3, "nothing is sent ahead of the first request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_the_probe_interrupts_the_run_and_keeps_the_checkpoint() {
    let (mut rig, _) = failed_after(6).await;
    rig.max_retries(5);
    rig.remote.retry_delay = Duration::from_mins(1);
    rig.remote.retry_max_delay = Duration::from_mins(1);
    rig.server.script("push", [Answer::Json(429, json!({}))]);
    let outcome = tokio::time::timeout(
        Duration::from_secs(10),
        rig.run_with_cancellation(|event, cancellation| {
            if matches!(event, Event::Retrying { .. }) {
                cancellation.cancel();
            }
        }),
    )
    .await
    .expect("the stop does not wait for the pause");
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Interrupted));
    rig.succeed().await;
    assert_eq!(pushed_since(&rig, 8).len(), 5, "the checkpoint is still there");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_symbolic_link_at_the_path_of_the_checkpoint_is_not_followed() {
    let offline = database();
    let victim = offline.folder().join("victim");
    std::fs::write(&victim, "mine").unwrap();
    std::os::unix::fs::symlink(&victim, sidecar(&offline)).unwrap();
    let server = Scripted::start().await;
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("symbolic link"), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(victim).unwrap(), "mine");
}

#[tokio::test]
async fn a_batch_with_a_rejection_is_not_in_the_acknowledged_prefix() {
    let mut rig = Rig::new(TEN).await;
    rig.batch_size(1);
    rig.concurrency(1);
    rig.options.fail_fast = false;
    let reject = json!({"ok": false, "error": {"code": "X", "message": "no"}});
    rig.server.script("push", [Answer::Apply, Answer::Apply, Answer::Json(400, reject)]);
    assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Rejected));
    rig.succeed().await;
    assert_eq!(pushed_since(&rig, 10)[..2], ["tags/1", "tags/2"]);
}

#[tokio::test]
async fn a_damaged_checkpoint_is_ignored() {
    let (mut rig, _) = failed_after(6).await;
    let text = std::fs::read_to_string(sidecar(&rig.offline)).unwrap();
    std::fs::write(sidecar(&rig.offline), text.replacen("\"mutations\":6", "\"mutations\":9", 1)).unwrap();
    rig.succeed().await;
    assert_eq!(pushed_since(&rig, 7).len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_upload_is_continued_and_every_record_arrives_once() {
    let server = TestServer::start(SCHEMA).await;
    for wait in [0, 15, 30, 60, 90, 120] {
        let offline = database();
        offline.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
             INSERT INTO todos (id, title) SELECT 't' || i, 'x' FROM n;
             UPDATE __datafn_meta SET value = 'C' || hex(randomblob(4)) WHERE key = 'clientId'",
        );
        let mut child = spawn_upload(&offline, server.base());
        tokio::time::sleep(Duration::from_millis(wait)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let arguments = ["--batch-size", "1", "--concurrency", "2"];
        let output = cloneup(&offline, server.base(), &arguments).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let stats: Value = result(&output)["stats"]["resources"]["todos"].clone();
        let counts = (&stats["records"], &stats["mutations"]);
        assert_eq!(counts, (&json!(300), &json!(300)), "killed after {wait} ms");
        let clone = server.post("clone", &json!({"clientId": "x", "tables": ["todos"]})).await;
        assert_eq!(clone["data"]["todos"].as_array().unwrap().len(), 300);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_run_says_so_and_its_summary_counts_only_what_it_did() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    offline.execute(&TEN.replace("INSERT", "INSERT OR IGNORE"));
    let flags = ["--batch-size", "1", "--concurrency", "1", "--max-retries", "0"];
    let all = cloneup(&offline, server.base(), &flags).await;
    assert_eq!(status(&all), 0, "{}", stderr(&all));
    // In an earlier run three tags were there already, and the server went away after six.
    offline.execute("UPDATE tags SET label = 'new' WHERE id > '2'");
    let mut child = program(offline.folder())
        .args(["cloneup", "--db", "app.db", "--remote", server.base(), "--quiet"])
        .args(flags)
        .env("SYNCTOOL_FAILPOINT", "checkpointed:6")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child.wait().unwrap();
    let arguments = [&flags[..], &["--events", "events.ndjson"]].concat();
    let output = cloneup(&offline, server.base(), &arguments).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("resuming: an earlier run uploaded 6 rows in 6 requests\n"), "{said}");
    // The probe is the one request more.
    assert!(said.contains("uploaded 6 records, 0 join rows in 7 requests, "), "{said}");
    assert!(said.ends_with("\nall new; 6 rows skipped, which an earlier run uploaded\n"), "{said}");
    let tags = &result(&output)["stats"]["resources"]["tags"];
    assert_eq!(*tags, json!({"records": 12, "mutations": 12, "repeated": 3}), "of the whole upload");
    assert_eq!(result(&output)["stats"]["batches"], 13);
    let events = std::fs::read_to_string(offline.folder().join("events.ndjson")).unwrap();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let resumed: Vec<_> = events.iter().filter(|event| event["type"] == "sync_resumed").collect();
    let context = json!({"phase": "cloneup", "rows": 6, "requests": 6});
    assert_eq!(resumed.iter().map(|event| &event["context"]).collect::<Vec<_>>(), [&context]);
    let run = &events[events.len() - 2]["context"]["run"];
    assert_eq!((&run["done"], &run["resumed"], &run["requests"]), (&json!(12), &json!(6), &json!(7)));
    assert_eq!(run["repeated"], 0, "that the probe was there is what is to be seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_starts_over_says_so() {
    let offline = database();
    offline.execute(&TEN.replace("INSERT", "INSERT OR IGNORE"));
    let server = Scripted::start().await;
    server.script("push", [Answer::Apply, Answer::Apply, Answer::Close]);
    let flags =
        ["--batch-size", "1", "--concurrency", "1", "--max-retries", "0", "--events", "events.ndjson"];
    assert_eq!(status(&cloneup(&offline, server.base(), &flags).await), 4);
    offline.execute("UPDATE tags SET label = 'x' WHERE id = '0'");
    let output = cloneup(&offline, server.base(), &flags).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("starting over: the data or the server has changed"), "{said}");
    assert!(!said.contains("resuming") && !said.contains("skipped"), "{said}");
    let events = std::fs::read_to_string(offline.folder().join("events.ndjson")).unwrap();
    assert!(events.contains("sync_restarted") && !events.contains("sync_resumed"), "{events}");
    let last: Value = serde_json::from_str(events.lines().rev().nth(1).unwrap()).unwrap();
    let run = &last["context"]["run"];
    assert_eq!((&run["done"], &run["total"], &run["resumed"]), (&json!(12), &json!(12), &json!(0)));
}
