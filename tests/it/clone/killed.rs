//! `synctool clone`, killed or interrupted: the same command goes on (contract 3.9). Not a clone as a
//! library call that ends early (`interrupted`).

#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::{command, folder, run, server_of_tags};
use crate::common::{Offline, result, signal, status, stderr};

/// Clones in pages of three changes, in a process that may die.
fn cloning(offline: &Offline, base: &str, failpoint: Option<&str>) -> Command {
    let mut command = command(offline, base, &["--pull-limit", "3", "--quiet"]);
    // A file that was begun has the schema.
    if !offline.path().exists() {
        command.args(["--schema", "schema.json"]);
    }
    command.envs(failpoint.map(|name| ("SYNCTOOL_FAILPOINT", name)));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_killed_at_any_failpoint_is_finished_by_the_same_command() {
    let server = server_of_tags(20).await;
    for point in ["clone-begun", "page-written", "page-written:4", "page-written:7", "pulled"] {
        let offline = folder();
        let died = cloning(&offline, server.base(), Some(point)).output().unwrap();
        assert_eq!(died.status.code(), None, "{point}: {}", stderr(&died));
        let output = cloning(&offline, server.base(), None).output().unwrap();
        assert_eq!(status(&output), 0, "{point}: {}", stderr(&output));
        assert_eq!(result(&output)["stats"]["resources"], json!({"tags": {"records": 20}}), "{point}");
        assert_eq!(offline.column("SELECT count(DISTINCT id) FROM tags"), ["20"]);
        assert_eq!(offline.column("PRAGMA integrity_check"), ["ok"]);
    }
}

/// Waits until a clone has made its file and written a few of many pages.
fn begun(offline: &Offline) {
    for _ in 0..1000 {
        std::thread::sleep(Duration::from_millis(10));
        let is_begun = || -> rusqlite::Result<bool> {
            let connection = rusqlite::Connection::open(offline.path())?;
            connection.query_row("SELECT count(*) > 5 FROM tags", [], |row| row.get(0))
        };
        if offline.path().exists() && is_begun().unwrap_or(false) {
            return;
        }
    }
    panic!("the clone has not begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_is_killed_or_interrupted_goes_on() {
    let server = server_of_tags(900).await;
    let spawn = |offline: &Offline| -> Child {
        cloning(offline, server.base(), None).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for name in ["KILL", "INT", "TERM"] {
        let offline = folder();
        let child = spawn(&offline);
        begun(&offline);
        signal(name, child.id());
        let output = child.wait_with_output().unwrap();
        match name {
            "KILL" => assert_eq!(output.status.code(), None),
            _ => {
                assert_eq!(status(&output), if name == "INT" { 130 } else { 143 }, "{}", stderr(&output));
                let result = result(&output);
                assert_eq!(result["errors"][0]["code"], "CANCELLED");
                let records = result["stats"]["resources"]["tags"]["records"].as_u64().unwrap();
                assert!((1..900).contains(&records), "{result}");
            }
        }
        let output = cloning(&offline, server.base(), None).output().unwrap();
        assert_eq!(status(&output), 0, "{name}: {}", stderr(&output));
        assert_eq!(result(&output)["stats"]["resources"], json!({"tags": {"records": 900}}), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_clone_says_where_it_goes_on() {
    let (server, offline) = (server_of_tags(20).await, folder());
    let died = cloning(&offline, server.base(), Some("page-written:2")).output().unwrap();
    assert_eq!(died.status.code(), None);
    let output = run(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let printed = stderr(&output);
    assert!(printed.starts_with("resuming: an earlier run cloned everything up to cursor 6\n"), "{printed}");
    assert!(printed.contains("cloned 20 records, 0 join rows"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_is_interrupted_before_it_begins_prints_its_result() {
    let offline = folder();
    let token = ["--schema", "schema.json", "--token-command", "touch asked; exec sleep 60"];
    let mut command = command(&offline, "http://127.0.0.1:9/datafn", &token);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !offline.folder().join("asked").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    signal("INT", child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(status(&output), 130, "{}", stderr(&output));
    assert_eq!(result(&output)["errors"][0]["code"], "CANCELLED");
    assert!(!offline.path().exists());
}
