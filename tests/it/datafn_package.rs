//! An upload to a server that was written independently: the one of the Python package `datafn`, behind a
//! few lines of HTTP (`tests/peer/datafn_server.py`). It speaks the second dialect of push and pull, has no
//! `status` and no limits. Not our own server (`upload`).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::common::{Offline, client, cloneup, result, status, stderr, synctool};

/// The version that the test was written for.
const VERSION: &str = "0.0.1";

/// Resources and a relation whose join table that server knows.
fn schema() -> Value {
    json!({
        "resources": [
            {"name": "projects", "version": 1, "fields": [{"name": "name", "type": "string"}]},
            {"name": "todos", "version": 1, "fields": [
                {"name": "title", "type": "string", "required": true}, {"name": "done", "type": "boolean"},
                {"name": "estimate", "type": "number"}, {"name": "meta", "type": "json"}]}],
        "relations": [{"from": "todos", "to": "projects", "type": "many-many", "relation": "projects",
            "joinTable": "todos_projects", "fromKey": "todo", "toKey": "project"}]})
}

const ROWS: &str = r#"
    CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT NOT NULL, done INTEGER, estimate REAL, meta TEXT);
    CREATE TABLE join_todos_projects_projects ("from" TEXT, "to" TEXT, PRIMARY KEY ("from", "to"));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
        INSERT INTO projects SELECT 'p' || i, 'Projekt ' || i || ' "é"' FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        INSERT INTO todos SELECT 't' || i, 'T ' || i, i % 2, i / 4.0, '{"tags":["a",' || i || ']}' FROM n;
    INSERT INTO join_todos_projects_projects SELECT id, 'p' || (CAST(substr(id, 2) AS INTEGER) % 30 + 1)
        FROM todos"#;

/// The server's process; it is killed on drop.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether the package is there. Without it a test is skipped, unless `SYNCTOOL_TEST_REQUIRE_DATAFN` is
/// set.
fn is_installed() -> bool {
    let ask = "import importlib.metadata as m; print(m.version('datafn'))";
    let found = Command::new("python3").args(["-c", ask]).output().is_ok_and(|output| {
        output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == VERSION
    });
    assert!(
        found || std::env::var_os("SYNCTOOL_TEST_REQUIRE_DATAFN").is_none(),
        "python3 has no datafn {VERSION}"
    );
    if !found {
        eprintln!("skipped: python3 has no datafn {VERSION}");
    }
    found
}

/// Starts the server; returns its base URL as well.
fn start(offline: &Offline) -> (Peer, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer/datafn_server.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(offline.folder().join("schema.json")).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let mut base = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
    (Peer(child), base.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_of_another_implementation_gets_everything_once() {
    if !is_installed() {
        return;
    }
    let offline = Offline::new(ROWS);
    std::fs::write(offline.folder().join("schema.json"), schema().to_string()).unwrap();
    let (_peer, base) = start(&offline);
    let ask = async |route: &str, body: Value| -> Value {
        let request = client().post(format!("{base}/{route}")).body(body.to_string());
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    };
    let cursors = async || {
        let body = json!({"clientId": "other", "tables": ["projects", "todos"]});
        ask("clone", body).await["result"]["cursors"].clone()
    };
    let mut first = Value::Null;
    for _ in 0..2 {
        let output = cloneup(&offline, &base, &["--schema", "schema.json", "--no-resume"]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let stats = result(&output)["stats"].clone();
        assert_eq!(stats["resources"]["todos"], json!({"records": 300, "mutations": 300}));
        assert_eq!(
            stats["joinStores"]["join_todos_projects_projects"],
            json!({"rows": 300, "mutations": 300})
        );
        // Nothing is applied again.
        let after = cursors().await;
        assert!(first.is_null() || first == after, "{first} {after}");
        first = after;
    }
    // Its feed has no join rows.
    let mut verify = synctool(&offline);
    verify.args(["verify", "--db", "app.db", "--schema", "schema.json", "--remote", &base]);
    let output = tokio::task::block_in_place(|| verify.arg("--no-include-many-many").output()).unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let tables = result(&output)["tables"].clone();
    for table in tables.as_array().unwrap() {
        assert_eq!(table["local"], table["server"], "{table}");
    }
}
