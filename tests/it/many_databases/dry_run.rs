//! `--dry-run` over several databases: a plan for each, and nothing is sent or stored.

use serde_json::Value;

use super::super::common::{Scripted, result, status, stderr};
use super::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn every_database_has_a_plan_and_nothing_is_sent_or_stored() {
    let (folder, server) = (Folder::with(&["a.db", "c.db"]), Scripted::start().await);
    folder.write("b.db", "not a database, but long enough to look at");
    folder.execute("c.db", "DELETE FROM __datafn_meta");
    let output = folder.run(server.base(), &["--db", "*.db", "--dry-run", "--events", "events.ndjson"]).await;
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    let document = result(&output);
    assert_eq!((&document["ok"], &document["dryRun"]), (&Value::Bool(false), &Value::Bool(true)));
    let databases = document["databases"].as_array().unwrap();
    let ok: Vec<_> =
        databases.iter().map(|it| (it["db"].as_str().unwrap(), it["ok"].as_bool().unwrap())).collect();
    assert_eq!(ok, [("a.db", true), ("b.db", false), ("c.db", true)], "all are planned, with fail-fast too");
    let rows = |index: usize| {
        databases[index]["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["rows"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!((rows(0), rows(1), rows(2)), (2, 0, 2));
    let words = stderr(&output);
    for expected in ["all 3 databases", "cannot be uploaded", "nothing was sent or stored", "error: b.db: "] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    assert!(server.pushes().is_empty() && server.pulls().is_empty());
    assert!(!folder.path().join("events.ndjson").exists());
    let ids: i64 =
        folder.connect("c.db").query_row("SELECT count(*) FROM __datafn_meta", [], |row| row.get(0)).unwrap();
    assert_eq!(ids, 0, "no client id is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_told_once() {
    let folder = Folder::with(&["a.db", "b.db", "c.db"]);
    let output = folder.run("http://127.0.0.1:9/datafn", &["--db", "*.db", "--dry-run"]).await;
    assert_eq!(status(&output), 4, "{}", stderr(&output));
    let document = result(&output);
    assert_eq!(document["errors"].as_array().unwrap().len(), 1);
    assert_eq!(document["errors"][0]["code"], "TRANSPORT_ERROR");
    assert_eq!(stderr(&output).matches("error:").count(), 1, "{}", stderr(&output));
}
