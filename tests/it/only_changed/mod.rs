//! `cloneup --only-changed` (contract 3.9): only what the server lacks or has otherwise is sent, with any
//! server.

mod parts;
mod sent;
mod wire;

use std::process::Output;

use serde_json::Value;

use super::common::{CountingRelay, Offline, TestServer, cloneup, database, result, status, stderr};

/// A database with this many todos, one project, and a join row for every tenth todo.
fn filled(rows: u32) -> Offline {
    let offline = database();
    offline.execute(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO todos (id, title, count, projectId) SELECT printf('t%06d', i), 'Todo ' || i, i, 'p' FROM n;
         INSERT INTO projects VALUES ('p', 'P');
         INSERT INTO join_todos_tags_tags SELECT id, 'g', count FROM todos WHERE count % 10 = 0"
    ));
    offline
}

/// Uploads what differs, which must succeed.
async fn send_changed(offline: &Offline, base: &str, arguments: &[&str]) -> Value {
    let output = with_changed(offline, base, arguments).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    result(&output)
}

async fn with_changed(offline: &Offline, base: &str, arguments: &[&str]) -> Output {
    cloneup(offline, base, &[&["--only-changed"], arguments].concat()).await
}

/// Two relays in front of a server: one passes the capability on, the other leaves it out.
async fn both_ways(server: &TestServer) -> [CountingRelay; 2] {
    [
        CountingRelay::start(server.base(), &[]).await,
        CountingRelay::start(server.base(), &["sync.digest"]).await,
    ]
}
