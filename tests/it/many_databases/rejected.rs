//! `--error-file` and `--only-failed` of several databases: each line names its database.

use serde_json::{Value, json};

use super::super::common::{SCHEMA, TestServer, clone, result, status, stderr};
use super::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_is_uploaded_again_from_its_own_database() {
    let (folder, server) = (Folder::with(&["a.db", "b.db", "c.db"]), TestServer::start(SCHEMA).await);
    // A column without affinity keeps the number, which the server refuses as a title.
    let insert = "ALTER TABLE todos DROP COLUMN title; ALTER TABLE todos ADD COLUMN title;
        INSERT INTO todos (id, title) VALUES ('t', 7), ('own-' || (SELECT min(id) FROM tags), 7)";
    for name in ["a.db", "c.db"] {
        folder.execute(name, insert);
    }
    folder.execute("b.db", "INSERT INTO todos (id, title) VALUES ('t', 'of b')");
    let arguments = ["--db", "*.db", "--no-fail-fast", "--no-pull-after", "--error-file", "e.jsonl"];
    let output = folder.run(server.base(), &arguments).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.path().join("e.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named: Vec<_> = lines.iter().map(|line| (line["db"].clone(), line["id"].clone())).collect();
    let expected = [("a.db", "own-1-a.db"), ("a.db", "t"), ("c.db", "own-1-c.db"), ("c.db", "t")];
    for pair in expected.map(|(db, id)| (json!(db), json!(id))) {
        assert!(named.contains(&pair), "{named:?}");
    }
    // Corrected in one of them: that record of that database alone is sent.
    folder.execute("c.db", "UPDATE todos SET title = 'of c' WHERE id <> 't'");
    folder.write(
        "e.jsonl",
        &lines
            .iter()
            .filter(|line| line["id"] == "own-1-c.db")
            .fold(String::new(), |text, line| format!("{text}{line}\n")),
    );
    let output = folder.run(server.base(), &["--db", "*.db", "--only-failed", "e.jsonl"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let sent: Vec<_> = result(&output)["databases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["stats"]["batches"].clone())
        .collect();
    assert_eq!(sent, [0, 0, 1]);
    let todos = clone(&server).await["data"]["todos"].clone();
    assert_eq!(todos.as_array().unwrap().len(), 2, "{todos}");
    // A run of that database alone reads the same file.
    let output = folder.run(server.base(), &["--db", "./c.db", "--only-failed", "e.jsonl"]).await;
    assert_eq!(result(&output)["stats"]["resources"]["todos"]["mutations"], 1, "{}", stderr(&output));
}
