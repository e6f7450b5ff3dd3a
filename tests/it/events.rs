//! What `--events` writes (contract 3.5). Not the result on stdout (`result`).

use serde_json::{Value, json};

use super::common::{SCHEMA, TestServer, cloneup, database, errors_of, result, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_json_lines_with_exactly_one_final_event() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let path = offline.folder().join("events.ndjson");
    let read = || -> Vec<Value> {
        let text = std::fs::read_to_string(&path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let output = cloneup(&offline, server.base(), &["--events", "events.ndjson"]).await;
    let events = read();
    let last = events.last().unwrap();
    assert_eq!(last["type"], "sync_applied");
    assert_eq!(
        last["context"],
        json!({"phase": "cloneup", "cursor": "2", "stats": result(&output)["stats"]})
    );
    assert!(last["timestampMs"].as_u64().unwrap() > 1_600_000_000_000);
    assert!(events[..events.len() - 1].iter().all(|event| event["type"] == "sync_progress"));
    assert!(!std::fs::read_to_string(&path).unwrap().contains("\"G\""), "events carry no record content");

    let output = cloneup(&offline, server.base(), &["--events", "events.ndjson", "--batch-size", "0"]).await;
    let events = read();
    assert_eq!(events.len(), 1, "the file is truncated at the start");
    assert_eq!(events[0]["type"], "sync_failed");
    assert_eq!(
        events[0]["context"],
        json!({"phase": "cloneup", "error": {"errors": result(&output)["errors"]}})
    );

    let output = cloneup(&offline, server.base(), &["--events", "-", "--quiet"]).await;
    assert!(stderr(&output).lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    let output = cloneup(&offline, server.base(), &["--events", "no/such/folder"]).await;
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "events"));
}
