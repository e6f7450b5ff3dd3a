//! `cloneup --overwrite` and `--delete-extra` (contract 3.9): the database wins, and what only the server
//! has is removed.

mod delete_extra;
mod edited_meanwhile;
mod refusals;
mod reset;
mod trap;

use std::process::Output;

use serde_json::{Value, json};

use super::common::{
    Offline, TestServer, cloneup, database, mutation, pull, push, result, status, stderr, synctool,
};

/// A seed: some records with join rows.
fn seed() -> Offline {
    let offline = database();
    offline.execute(
        "INSERT INTO projects VALUES ('p', 'P');
         INSERT INTO todos (id, title, done, projectId) VALUES ('a', 'A', 0, 'p'), ('b', 'B', 1, NULL), ('c', NULL, NULL, NULL);
         INSERT INTO join_todos_tags_tags VALUES ('a', 'g', 1), ('a', 'h', 2), ('b', 'g', NULL)",
    );
    offline
}

/// Runs `cloneup`, which must succeed.
async fn upload(offline: &Offline, server: &TestServer, arguments: &[&str]) -> Value {
    let output = cloneup(offline, server.base(), arguments).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    result(&output)
}

/// Makes the server what the seed is.
async fn reset(offline: &Offline, server: &TestServer, arguments: &[&str]) -> Value {
    upload(
        offline,
        server,
        &[&["--overwrite", "--delete-extra", "--yes", "--no-pull-after"], arguments].concat(),
    )
    .await
}

/// What a test run does to the data: changes, fields that were not there, new records and join rows,
/// deletes.
async fn test_run(server: &TestServer) {
    let of = |id: &str, body: Value| mutation(id, &body);
    let merge = |id: &str, record: Value| {
        of(id, json!({"resource": "todos", "operation": "merge", "id": id, "record": record}))
    };
    let relate = |id: &str, from: &str, to: Value| {
        of(id, json!({"resource": "todos", "operation": "relate", "id": from, "relations": {"tags": to}}))
    };
    push(
        server,
        &[
            merge("a", json!({"title": "changed"})),
            merge("c", json!({"note": "a field that the seed leaves out", "title": "T"})),
            merge("new", json!({"title": "new"})),
            of("del", json!({"resource": "todos", "operation": "delete", "id": "b"})),
            of(
                "tag",
                json!({"resource": "tags", "operation": "insert", "id": "x:y", "record": {"label": "X"}}),
            ),
            relate("r1", "new", json!({"$ref": "x:y"})),
            relate("r2", "a", json!({"$ref": "g", "order": 9})),
            relate("r3", "c", json!({"$ref": "h"})),
        ],
    )
    .await;
}

/// `resource/id` of everything that the server has.
async fn there(server: &TestServer) -> Vec<String> {
    let page = pull(server, "0", 1000).await;
    let changes = page["changes"].as_array().unwrap().iter().filter(|change| change["op"] == "upsert");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut there: Vec<_> =
        changes.map(|change| format!("{}/{}", text(&change["resource"]), text(&change["id"]))).collect();
    there.sort();
    there
}

async fn verify(offline: &Offline, server: &TestServer) -> Output {
    let mut command = synctool(offline);
    command.args(["verify", "--db", "app.db", "--remote", server.base()]);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}
