//! `--events` of several databases: every line names its database, and each database has one end.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::common::{SCHEMA, TestServer, status, stderr};
use super::super::events::problems;
use super::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn every_line_names_its_database_and_every_database_ends_once() {
    let folder = Folder::with(&["a.db", "c.db", "d.db"]);
    folder.write("b.db", "not a database, but long enough to look at");
    let server = TestServer::start(SCHEMA).await;
    let output =
        folder.run(server.base(), &["--db", "*.db", "--jobs", "1", "--events", "events.ndjson"]).await;
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.path().join("events.ndjson")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(problems(&events), Vec::<String>::new());
    let mut of = BTreeMap::<&str, Vec<&str>>::new();
    for event in &events {
        let database = event["context"]["db"].as_str().unwrap_or_else(|| panic!("{event}"));
        of.entry(database).or_default().push(event["type"].as_str().unwrap());
    }
    assert_eq!(of.keys().copied().collect::<Vec<_>>(), ["a.db", "b.db", "c.db", "d.db"]);
    let ends =
        |name: &str| of[name].iter().filter(|it| matches!(**it, "sync_applied" | "sync_failed")).count();
    assert!(of.keys().all(|name| ends(name) == 1), "{of:?}");
    assert_eq!(of["a.db"].first(), Some(&"sync_started"));
    assert_eq!(of["a.db"].last(), Some(&"sync_applied"));
    // One is broken, the others were not begun.
    assert!(["b.db", "c.db", "d.db"].iter().all(|name| of[name] == ["sync_failed"]), "{of:?}");
    let counts = |event: &&Value| event["type"] == "sync_progress";
    let progress = events.iter().rev().find(counts).unwrap();
    let databases = &progress["context"]["databases"];
    assert_eq!((&databases["total"], &databases["failed"]), (&4.into(), &0.into()), "{progress}");
    let started = events.iter().find(|event| event["type"] == "sync_started").unwrap();
    assert_eq!(started["context"]["options"].get("db"), None, "a thousand names in each of a thousand lines");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_line_that_is_refused_has_one_event() {
    let (folder, server) = (Folder::with(&["a.db"]), TestServer::start(SCHEMA).await);
    let output = folder.run(server.base(), &["--db", "b*.db", "--events", "events.ndjson"]).await;
    assert_eq!(status(&output), 2, "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.path().join("events.ndjson")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((events.len(), events[0]["type"].as_str()), (1, Some("sync_failed")));
    assert_eq!(problems(&events), Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn events_that_cannot_be_written_exit_with_5() {
    let (folder, server) = (Folder::with(&["a.db", "b.db"]), TestServer::start(SCHEMA).await);
    let output = folder.run(server.base(), &["--db", "a.db", "b.db", "--events", "/dev/full"]).await;
    assert_eq!(status(&output), 5, "{}", stderr(&output));
    assert!(stderr(&output).contains("the events could not be written"), "{}", stderr(&output));
}
