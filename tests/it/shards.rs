//! Shards of one database run side by side, each with a lock, a checkpoint and a result of its own
//! (contract 3.7). Not which mutations a shard sends (`shard_property`), not what follows the shards
//! (`stages`).

use std::process::Output;

use serde_json::{Value, json};
use synctool::cloneup::{FailureKind, Shard, Stage};

use super::common::{
    Answer, Offline, Rig, SCHEMA, Scripted, TestServer, cloneup, database, errors_of, mutation, program,
    push, result, status, stderr, synctool,
};

/// Thirty tags.
const THIRTY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
    INSERT INTO tags SELECT 'tag' || i, 'T' || i FROM n";

/// One of three shards.
fn third(index: u32) -> Stage {
    Stage::Shard(Shard::new(index, 3).unwrap())
}

/// The ids of the thirty tags that a shard of three has, in upload order.
fn own_ids(index: u32) -> Vec<String> {
    let shard = Shard::new(index, 3).unwrap();
    let mut ids: Vec<_> = (1..=30).map(|i| format!("tag{i}")).filter(|id| shard.has(id)).collect();
    ids.sort();
    assert!(ids.len() > 3, "{ids:?}");
    ids
}

/// A database with thirty tags that stores its schema and client id.
fn thirty() -> Offline {
    let offline = database();
    offline.execute(&format!("DELETE FROM tags; {THIRTY}"));
    offline
}

/// The files beside a database.
fn beside(offline: &Offline) -> Vec<String> {
    let entries = std::fs::read_dir(offline.folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("app.db.")).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_run_side_by_side_and_say_which_one_they_are() {
    let (offline, server) = (thirty(), TestServer::start(SCHEMA).await);
    let start = |index: u32| {
        let mut command = program(offline.folder());
        command.args(["cloneup", "--db", "app.db", "--remote", server.base(), "--batch-size", "1"]);
        command.args(["--shard", &format!("{index}/3"), "--events", &format!("events{index}")]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (1..=3).map(start).collect();
    for (index, child) in (1..).zip(running) {
        let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let lines = stderr(&output);
        assert_eq!(lines.lines().next().unwrap(), format!("shard {index} of 3"), "{lines}");
        let (result, shard) = (result(&output), json!({"index": index, "of": 3}));
        assert_eq!((&result["shard"], &result["stage"]), (&shard, &json!("records")));
        let records = own_ids(index).len();
        assert_eq!(result["stats"]["resources"]["tags"], json!({"records": records, "mutations": records}));
        assert_eq!(result["stats"]["joinStores"], json!({}));
        let events = std::fs::read_to_string(offline.folder().join(format!("events{index}"))).unwrap();
        for line in events.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["context"]["shard"], shard, "{event}");
        }
        assert!(events.contains("sync_progress") && events.contains("sync_applied"), "{events}");
    }
    let clone = server.post("clone", &json!({"clientId": "x", "tables": ["tags"]})).await;
    assert_eq!(clone["data"]["tags"].as_array().unwrap().len(), 30);
    assert_eq!(beside(&offline), ["app.db.synctool-parts"], "success removes locks and checkpoints");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_is_uploaded_by_one_process_at_a_time_and_other_shards_are_not_held_up() {
    let (offline, server) = (thirty(), Scripted::start().await);
    server.script("push", [Answer::late(3_000)]);
    let arguments = ["cloneup", "--db", "app.db", "--remote", server.base(), "--quiet", "--shard", "1/3"];
    let mut first =
        program(offline.folder()).args(arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
    server.first_push().await;
    let output = cloneup(&offline, server.base(), &["--shard", "1/3"]).await;
    assert_eq!(status(&output), 3);
    let message = result(&output)["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("shard 1 of 3"), "{message}");
    assert!(message.contains(&format!("process {}", first.id())), "{message}");
    assert_eq!(result(&output)["shard"], json!({"index": 1, "of": 3}), "a failed shard says which one it is");
    let output = cloneup(&offline, server.base(), &["--shard", "2/3"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(status(&cloneup(&offline, server.base(), &["--shard", "1/3"]).await), 0);
}

#[tokio::test]
async fn every_shard_continues_behind_its_own_checkpoint() {
    let mut rig = Rig::new(THIRTY).await;
    rig.batch_size(1);
    rig.concurrency(1);
    rig.max_retries(0);
    for index in [1, 2] {
        rig.options.stage = third(index);
        rig.server.script("push", [Answer::Apply, Answer::Apply, Answer::Close]);
        assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Remote));
    }
    assert_eq!(beside(&rig.offline), ["app.db.synctool-1of3", "app.db.synctool-2of3"]);
    for index in [2, 1] {
        let before = rig.server.subjects().len();
        rig.options.stage = third(index);
        let outcome = rig.succeed().await;
        // The last acknowledged mutation is sent again as a probe, then what goes after it.
        let expected: Vec<_> = own_ids(index)[1..].iter().map(|id| format!("tags/{id}")).collect();
        assert_eq!(rig.server.subjects()[before..], expected);
        assert_eq!(outcome.stats.resources[0].1.records, own_ids(index).len() as u64);
    }
    assert_eq!(beside(&rig.offline), ["app.db.synctool-parts"]);
}

#[tokio::test]
async fn a_record_that_cannot_be_uploaded_stops_every_shard_before_the_first_request() {
    let mut rig = Rig::new(&format!("{THIRTY}; INSERT INTO todos (id, done) VALUES ('t', 7)")).await;
    for index in 1..=3 {
        rig.options.stage = third(index);
        let (code, _, path) = rig.fail().await;
        assert_eq!((code.as_str(), path.as_str()), ("DFQL_INVALID", "records[0].done"));
    }
    assert!(rig.server.pushes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_without_a_client_id_in_common_are_refused() {
    let (offline, server) = (thirty(), TestServer::start(SCHEMA).await);
    offline.execute("DELETE FROM __datafn_meta WHERE key = 'clientId'");
    for extra in [&[][..], &["--dry-run"]] {
        let output = cloneup(&offline, server.base(), &[&["--shard", "2/3"], extra].concat()).await;
        let errors = errors_of(&output);
        assert_eq!((status(&output), errors.len()), (2, 1), "{errors:?}");
        assert_eq!((errors[0].0.as_str(), errors[0].2.as_str()), ("DFQL_INVALID", "clientId"));
        assert!(errors[0].1.starts_with("Invalid cloneUp: ") && errors[0].1.contains("--client-id"));
    }
    assert_eq!(offline.column("SELECT count(*) FROM __datafn_meta WHERE key = 'clientId'"), ["0"]);
    let output = cloneup(&offline, server.base(), &["--shard", "2/3", "--client-id", "C"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

/// Runs a dry run with these flags and variables.
fn dry_run(offline: &Offline, base: &str, flags: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = synctool(offline);
    command.args(["cloneup", "--db", "app.db", "--dry-run", "--remote", base]).args(flags);
    command.envs(variables.iter().copied()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shard_comes_from_the_flag_its_variable_the_file_or_the_job_system() {
    let (offline, server) = (thirty(), TestServer::start(SCHEMA).await);
    let gitlab = [("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "3")];
    let from_variable = [&gitlab[..], &[("SYNCTOOL_SHARD", "auto")]].concat();
    for (flags, variables) in [
        (&["--shard", "2/3"][..], &[][..]),
        (&["--shard", "auto"], &gitlab),
        (&["--shard=auto/3", "--stage=records"], &[("JOB_COMPLETION_INDEX", "1")]),
        (&["--shard", "2/3"], &[("SYNCTOOL_SHARD", "3/3")]),
        (&[], &[("SYNCTOOL_SHARD", "2/3"), ("SYNCTOOL_STAGE", "records")]),
        (&[], &from_variable),
    ] {
        let output = tokio::task::block_in_place(|| dry_run(&offline, server.base(), flags, variables));
        assert_eq!(status(&output), 0, "{flags:?} {variables:?}: {}", stderr(&output));
        let plan = result(&output);
        assert_eq!(plan["shard"], json!({"index": 2, "of": 3}), "{flags:?} {variables:?}");
        assert_eq!(plan["parts"][0]["rows"], own_ids(2).len(), "the plan counts the shard's records");
        assert_eq!(plan["finalization"]["pullFrom"], Value::Null);
        assert!(stderr(&output).starts_with("shard 2 of 3\n"), "{}", stderr(&output));
    }
    std::fs::write(offline.folder().join("synctool.toml"), "shard = \"2/3\"").unwrap();
    let output = tokio::task::block_in_place(|| dry_run(&offline, server.base(), &[], &[]));
    assert_eq!(result(&output)["shard"]["index"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_that_cannot_be_found_or_do_not_exist_exit_with_2() {
    let (offline, server) = (thirty(), Scripted::start().await);
    for (flags, variables, path, named) in [
        (&["--shard", "0/3"][..], &[][..], "shard", "shard must be I/N"),
        (&["--shard", "4/3"], &[], "shard", "I from 1 to N"),
        (&["--shard", "auto"], &[], "shard", "CI_NODE_INDEX, CI_NODE_TOTAL (GitLab)"),
        (&["--shard", "auto"], &[("CI_NODE_TOTAL", "3")], "shard", "CI_NODE_INDEX is not set"),
        (&["--shard", "auto"], &[("CI_NODE_INDEX", ""), ("CI_NODE_TOTAL", "3")], "shard", "CI_NODE_INDEX"),
        (&["--shard", "auto"], &[("CI_NODE_INDEX", "4"), ("CI_NODE_TOTAL", "3")], "shard", "CI_NODE_TOTAL=3"),
        (&["--shard", "auto/3"], &[("JOB_COMPLETION_INDEX", "3")], "shard", "JOB_COMPLETION_INDEX=3"),
        (&["--shard", "1/3", "--stage", "finalize"], &[], "stage", "stage finalize has no shards"),
        (&["--shard", "1/3", "--stage", "join-rows"], &[], "stage", "stage join-rows has no shards"),
        (&["--stage", "finalize", "--only-failed", "/dev/null"], &[], "stage", "onlyFailed"),
        (&["--stage", "finalize", "--limit", "1"], &[], "stage", "limit has nothing to count"),
        (&["--stage", "join-rows", "--limit", "1"], &[], "stage", "limit has nothing to count"),
        (&["--stage", "other"], &[], "--stage", "possible values"),
    ] {
        for extra in [&["--no-pull-after"][..], &["--dry-run"]] {
            let mut command = synctool(&offline);
            command.args(["cloneup", "--db", "app.db", "--remote", server.base()]).args(flags).args(extra);
            let output =
                tokio::task::block_in_place(|| command.envs(variables.iter().copied()).output().unwrap());
            assert_eq!(status(&output), 2, "{flags:?} {variables:?}: {}", stderr(&output));
            let errors = errors_of(&output);
            assert_eq!((errors[0].0.as_str(), errors[0].2.as_str()), ("DFQL_INVALID", path), "{errors:?}");
            assert!(stderr(&output).contains(named), "{flags:?} {variables:?}: {}", stderr(&output));
            // What was typed is right where the environment is wrong.
            assert!(!stderr(&output).contains("not `auto"), "{}", stderr(&output));
        }
    }
    assert!(server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_shard_is_compared_with_its_own_records_alone() {
    let (offline, server) = (thirty(), TestServer::start(SCHEMA).await);
    // The server lacks the other shards, and has a join row that no shard uploads.
    offline.execute(
        "INSERT INTO todos (id) VALUES ('t'); INSERT INTO join_todos_tags_tags VALUES ('t', 'tag1', 1)",
    );
    for index in 1..=3 {
        let shard = format!("{index}/3");
        let output = cloneup(&offline, server.base(), &["--shard", &shard, "--verify"]).await;
        assert_eq!(status(&output), 0, "{shard}: {}", stderr(&output));
    }
    // A record of shard 1 that only the server has.
    let own = Shard::new(1, 3).unwrap();
    let extra = (0..100).map(|i| format!("x{i}")).find(|id| own.has(id)).unwrap();
    push(&server, &[mutation("m", &json!({"id": extra}))]).await;
    for (shard, expected) in [("1/3", 1), ("2/3", 0), ("3/3", 0)] {
        let output = cloneup(&offline, server.base(), &["--shard", shard, "--verify"]).await;
        assert_eq!(status(&output), expected, "{shard}: {}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_uploads_its_own_of_the_records_that_failed() {
    let (offline, server) = (thirty(), Scripted::start().await);
    let line = |id: &str| format!("{{\"resource\":\"tags\",\"id\":\"{id}\"}}\n");
    let failed = [&own_ids(1)[..2], &own_ids(2)[..1]].concat();
    std::fs::write(offline.folder().join("failed"), failed.iter().map(|id| line(id)).collect::<String>())
        .unwrap();
    for (shard, expected) in [("1/3", 2), ("2/3", 1), ("3/3", 0)] {
        let before = server.mutations().len();
        let output = cloneup(&offline, server.base(), &["--shard", shard, "--only-failed", "failed"]).await;
        assert_eq!(status(&output), 0, "{shard}: {}", stderr(&output));
        assert_eq!(server.mutations().len() - before, expected, "{shard}");
        assert!(!stderr(&output).contains("not in the database"), "{}", stderr(&output));
    }
    assert!(beside(&offline).is_empty(), "a selection is no whole shard: {:?}", beside(&offline));
}

#[tokio::test]
async fn a_limited_shard_sends_the_first_of_its_own_records_and_is_no_whole_shard() {
    let mut rig = Rig::new(THIRTY).await;
    rig.options.limit = 2.try_into().ok();
    for index in [1, 2, 3] {
        let before = rig.server.subjects().len();
        rig.options.stage = third(index);
        let outcome = rig.succeed().await;
        let expected: Vec<_> = own_ids(index)[..2].iter().map(|id| format!("tags/{id}")).collect();
        assert_eq!(rig.server.subjects()[before..], expected);
        assert_eq!(outcome.stats.resources[0].1.records, 2);
    }
    assert!(beside(&rig.offline).is_empty(), "{:?}", beside(&rig.offline));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_mutation_fails_its_shard_alone() {
    let (offline, server) = (thirty(), TestServer::start(SCHEMA).await);
    // The server has a record of shard 2 already.
    push(&server, &[mutation("m", &json!({"id": own_ids(2)[0]}))]).await;
    let insert = ["--record-operation", "insert", "--batch-size", "1", "--concurrency", "1"];
    for (shard, expected) in [("1/3", 0), ("2/3", 1), ("3/3", 0)] {
        let output = cloneup(&offline, server.base(), &[&["--shard", shard], &insert[..]].concat()).await;
        assert_eq!(status(&output), expected, "{shard}: {}", stderr(&output));
        let mutations = &result(&output)["stats"]["resources"]["tags"]["mutations"];
        // Fail-fast ends the shard with its first mutation.
        assert_eq!(*mutations == 1, expected == 1, "{shard}: {mutations}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_shard_prints_its_result() {
    let (offline, server) = (thirty(), Scripted::start().await);
    server.script("push", [Answer::late(1_000)]);
    let mut command = program(offline.folder());
    command.args(["cloneup", "--db", "app.db", "--remote", server.base(), "--shard", "2/3"]);
    let child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(30), server.first_push()).await.unwrap();
    super::common::signal("INT", child.id());
    let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
    assert_eq!(status(&output), 130, "{}", stderr(&output));
    assert_eq!(result(&output)["shard"], json!({"index": 2, "of": 3}));
    assert_eq!(beside(&offline)[0], "app.db.synctool-2of3");
}
