//! `synctool merge-results` adds up the results of the parts of an upload, and refuses what is not all of
//! one upload (contract 3.7). Not the sums themselves (beside `merge` in `src`).

use std::process::Output;

use serde_json::{Value, json};

use super::common::{
    MIXED_ROWS, Offline, SCHEMA, TestServer, cloneup, database, errors_of, mutation, push, result, status,
    stderr, synctool,
};

fn merge(offline: &Offline, files: &[&str]) -> Output {
    synctool(offline).arg("merge-results").args(files).output().unwrap()
}

/// Runs `cloneup` and writes its result to a file.
async fn run(offline: &Offline, server: &TestServer, flags: &[&str], file: &str) -> i32 {
    let output = cloneup(offline, server.base(), flags).await;
    std::fs::write(offline.folder().join(file), &output.stdout).unwrap();
    status(&output)
}

/// A database with records and join rows.
fn mixed() -> Offline {
    let offline = database();
    offline.execute(&format!("DELETE FROM tags; {MIXED_ROWS}"));
    offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"gone"}"#);
    offline
}

#[tokio::test(flavor = "multi_thread")]
async fn the_merged_result_is_that_of_the_whole_upload() {
    let (offline, server) = (mixed(), TestServer::start(SCHEMA).await);
    for (flags, file) in [
        (["--shard", "1/3"], "1.json"),
        (["--shard", "2/3"], "2.json"),
        (["--shard", "3/3"], "3.json"),
        (["--stage", "join-rows"], "join-rows.json"),
        (["--stage", "finalize"], "finalize.json"),
    ] {
        assert_eq!(run(&offline, &server, &flags, file).await, 0);
    }
    let shards = merge(&offline, &["3.json", "1.json", "2.json"]);
    assert_eq!(status(&shards), 0, "{}", stderr(&shards));
    assert_eq!(result(&shards)["stage"], "records");
    assert_eq!(stderr(&shards), "3 results, all are ok: 5 records, 0 join rows, 0 errors\n");
    let all = merge(&offline, &["1.json", "2.json", "3.json", "join-rows.json", "finalize.json"]);
    let merged = result(&all);

    let (offline, server) = (mixed(), TestServer::start(SCHEMA).await);
    let mut whole = result(&cloneup(&offline, server.base(), &[]).await);
    // Each shard has a batch of its own for each resource.
    whole["stats"]["batches"] = merged["stats"]["batches"].clone();
    assert_eq!(merged, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_part_makes_the_merged_result_fail_and_keeps_its_errors() {
    let (offline, server) = (mixed(), TestServer::start(SCHEMA).await);
    push(&server, &[mutation("m", &json!({"id": "g"})), mutation("n", &json!({"id": "h"}))]).await;
    let insert = ["--record-operation", "insert", "--no-fail-fast"];
    let mut statuses = Vec::new();
    for index in 1..=3 {
        let shard = format!("{index}/3");
        let flags = [&["--shard", &shard], &insert[..]].concat();
        statuses.push(run(&offline, &server, &flags, &format!("{index}.json")).await);
    }
    assert!(statuses.contains(&1), "{statuses:?}");
    let output = merge(&offline, &["1.json", "2.json", "3.json"]);
    assert_eq!(status(&output), 1);
    let merged = result(&output);
    assert_eq!((&merged["ok"], merged["errors"].as_array().unwrap().len()), (&json!(false), 2));
    assert_eq!(merged["errors"][0]["code"], "CONFLICT");
    assert!(stderr(&output).contains("not all are ok") && stderr(&output).contains("CONFLICT"));
    let output = synctool(&offline)
        .args(["merge-results", "--quiet", "--output", "pretty", "1.json", "2.json", "3.json"])
        .output()
        .unwrap();
    assert!(stderr(&output).lines().all(|line| line.starts_with("error: ")), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("{\n  \"ok\": false"));
}

#[tokio::test(flavor = "multi_thread")]
async fn holes_repeats_other_divisions_and_what_is_no_result_exit_with_2_and_name_the_file() {
    let (offline, server) = (mixed(), TestServer::start(SCHEMA).await);
    for (flags, file) in [
        (&["--shard", "1/2"][..], "1.json"),
        (&["--shard", "2/2"], "2.json"),
        (&["--shard", "3/3"], "other.json"),
        (&["--shard", "2/2", "--dry-run"], "dry.json"),
        (&[], "whole.json"),
    ] {
        assert_eq!(run(&offline, &server, flags, file).await, 0);
    }
    std::fs::write(offline.folder().join("empty.json"), "").unwrap();
    std::fs::write(offline.folder().join("log.json"), "uploaded 3 records").unwrap();
    for (files, path, named) in [
        (&["1.json"][..], "shard", "shard 2 of 2"),
        (&["1.json", "2.json", "1.json"], "files[2]", "1.json: shard 1 of 2 is in 1.json too"),
        (&["1.json", "other.json"], "files[1]", "other.json: it is shard 3 of 3"),
        (&["1.json", "whole.json", "2.json"], "files[0]", "1.json: shard 1 of 2 is in whole.json too"),
        (
            &["1.json", "dry.json"],
            "files[1]",
            "dry.json: it is not the result of a run: it is the result of a dry",
        ),
        (&["1.json", "empty.json"], "files[1]", "empty.json: it is empty"),
        (&["log.json"], "files[0]", "log.json: it is not the result of a run"),
        // A pattern that no shell has expanded; a name on Windows has no asterisk, and the system its own words.
        if cfg!(windows) {
            (&["none.json"][..], "files[0]", "none.json: cannot be read: ")
        } else {
            (&["r/*.json"][..], "files[0]", "r/*.json: cannot be read: No such file")
        },
        (&["1.json", "."], "files[1]", ".: it is a folder"),
        (&["app.db"], "files[0]", "app.db: it is not the result of a run"),
    ] {
        let output = merge(&offline, files);
        assert_eq!(status(&output), 2, "{files:?}: {}", stderr(&output));
        let errors = errors_of(&output);
        assert_eq!((errors[0].0.as_str(), errors[0].2.as_str()), ("DFQL_INVALID", path), "{files:?}");
        assert!(stderr(&output).contains(named), "{files:?}: {}", stderr(&output));
        assert_eq!(result(&output)["ok"], Value::Bool(false));
    }
    assert_eq!(status(&merge(&offline, &[])), 2);
    assert_eq!(status(&merge(&offline, &["whole.json"])), 0);
}
