//! A pulled change that the table's constraints or triggers refuse fails the pull by name, and the
//! cursor stays before it (contract 1.2). Not changes that do not fit the schema (`pull`).

use serde_json::{Value, json};
use synctool::cloneup::FailureKind;

use super::common::{
    Answer, Offline, Rig, SCHEMA, TABLES, TestServer, cloneup, delete, errors_of, mutation, push, status,
    stderr, upsert,
};

/// A database whose tags are in this table, with these rows.
async fn rig_with(table: &str) -> Rig {
    Rig::with(
        SCHEMA,
        &format!("{} {table}", TABLES.replace("CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);", "")),
    )
    .await
}

fn feed(changes: &Value) -> Answer {
    Answer::result(&json!({"changes": changes, "nextCursor": null}))
}

/// Pulls a record that the table refuses, by a constraint that the error names; then changes the table
/// with the SQL in `fix`, and pulls again.
async fn assert_refused_until_fixed(table: &str, record: &Value, constraint: &str, fix: &str) {
    let mut rig = rig_with(table).await;
    rig.offline.set_cursor("__global_cursor__", "5");
    rig.offline.log("C", "m1", r#"{"resource":"tags","operation":"merge","id":"old"}"#);
    let changes =
        json!([upsert(6, "projects", "p", &json!({"name": "P"})), upsert(7, "tags", "new", record)]);
    rig.server.script("pull", [feed(&changes)]);
    let outcome = rig.run().await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Storage), "{outcome:?}");
    let error = outcome.failures[0].body();
    assert_eq!((error.code.as_str(), error.path.as_str()), ("STORAGE_ERROR", "storage"));
    for part in ["`tags`", "\"new\"", constraint] {
        assert!(error.message.contains(part), "{part}: {}", error.message);
    }
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("5"), "{constraint}");
    assert!(rig.offline.rows("SELECT * FROM projects").is_empty(), "{constraint}");
    assert_eq!(rig.offline.logged(), ["m1"]);

    rig.offline.execute(fix);
    rig.server.script("pull", [feed(&changes)]);
    rig.succeed().await;
    assert_eq!(rig.server.pulls().last().unwrap().body["cursor"], "5");
    assert_eq!(rig.offline.column("SELECT id FROM tags WHERE id = 'new'"), ["new"], "{constraint}");
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("7"));
}

#[tokio::test]
async fn a_refused_record_is_named_and_arrives_when_the_table_is_changed() {
    let ignore = "CREATE TRIGGER r BEFORE INSERT ON tags BEGIN SELECT RAISE(IGNORE); END";
    for (table, record, constraint, fix) in [
        (
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT UNIQUE); INSERT INTO tags VALUES ('old', 'x')",
            json!({"label": "x"}),
            "UNIQUE constraint failed: tags.label",
            "UPDATE tags SET label = 'y'",
        ),
        (
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT UNIQUE ON CONFLICT IGNORE); INSERT INTO tags VALUES ('old', 'x')",
            json!({"label": "x"}),
            "ON CONFLICT IGNORE",
            "UPDATE tags SET label = 'y'",
        ),
        (
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT NOT NULL)",
            json!({}),
            "NOT NULL constraint failed: tags.label",
            "DROP TABLE tags; CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT)",
        ),
        (
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT CONSTRAINT short CHECK (length(label) < 3))",
            json!({"label": "long"}),
            "CHECK constraint failed: short",
            "DROP TABLE tags; CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT)",
        ),
        (
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label INTEGER) STRICT",
            json!({"label": "text"}),
            "cannot store TEXT value in INTEGER column tags.label",
            "DROP TABLE tags; CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT)",
        ),
        (
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);
             CREATE TRIGGER r BEFORE INSERT ON tags BEGIN SELECT RAISE(ABORT, 'no tags today'); END",
            json!({"label": "x"}),
            "no tags today",
            "DROP TRIGGER r",
        ),
        (
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);
             CREATE TRIGGER r AFTER INSERT ON tags BEGIN SELECT RAISE(ROLLBACK, 'all back'); END",
            json!({"label": "x"}),
            "all back",
            "DROP TRIGGER r",
        ),
        (
            // The row that such a trigger refuses stays in the table, for SQLite.
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);
             CREATE TRIGGER r AFTER INSERT ON tags BEGIN SELECT RAISE(FAIL, 'failed late'); END",
            json!({"label": "x"}),
            "failed late",
            "DROP TRIGGER r",
        ),
        (
            &format!("CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT); {ignore}"),
            json!({"label": "x"}),
            "RAISE(IGNORE)",
            "DROP TRIGGER r",
        ),
        (
            "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);
             CREATE TRIGGER r AFTER INSERT ON tags BEGIN SELECT application_function(new.id); END",
            json!({"label": "x"}),
            "no such function: application_function",
            "DROP TRIGGER r",
        ),
    ] {
        assert_refused_until_fixed(table, &record, constraint, fix).await;
    }
}

#[tokio::test]
async fn refused_updates_deletes_join_rows_and_documents_are_named() {
    let refuse = |when: &str, table: &str| {
        format!("CREATE TRIGGER r BEFORE {when} ON {table} BEGIN SELECT RAISE(ABORT, 'refused here'); END")
    };
    for (sql, change, subject) in [
        (refuse("UPDATE", "tags"), upsert(1, "tags", "g", &json!({"label": "n"})), ["`tags`", "\"g\""]),
        (refuse("DELETE", "tags"), delete(1, "tags", "g"), ["`tags`", "\"g\""]),
        (
            "CREATE TRIGGER r BEFORE DELETE ON tags BEGIN SELECT RAISE(IGNORE); END -- refused here"
                .to_owned(),
            delete(1, "tags", "g"),
            ["`tags`", "drops the change"],
        ),
        (
            refuse("INSERT", "join_todos_tags_tags"),
            upsert(1, "join_todos_tags_tags", "t:g", &json!({"from": "t", "to": "g"})),
            ["`join_todos_tags_tags`", "\"t:g\""],
        ),
        (
            "CREATE TRIGGER r BEFORE DELETE ON join_todos_tags_tags BEGIN SELECT RAISE(IGNORE); END"
                .to_owned(),
            delete(1, "join_todos_tags_tags", "a:b"),
            ["`join_todos_tags_tags`", "drops the change"],
        ),
        (
            refuse("DELETE", "join_todos_tags_tags"),
            delete(1, "join_todos_tags_tags", "a:b"),
            ["`join_todos_tags_tags`", "\"a:b\""],
        ),
    ] {
        let rows =
            "INSERT INTO tags VALUES ('g', 'G'); INSERT INTO join_todos_tags_tags VALUES ('a', 'b', 1);";
        let mut rig = Rig::new(&format!("{rows} {sql}")).await;
        rig.server.script("pull", [feed(&json!([change]))]);
        let (code, message, _) = rig.fail().await;
        assert_eq!(code, "STORAGE_ERROR");
        assert!(subject.iter().all(|part| message.contains(part)), "{message}");
        assert_eq!(rig.offline.cursor("__global_cursor__"), None);
    }
    let schema = r#"{"resources": [{"name": "t", "storage": {"document": "data"}, "fields": [{"name": "n", "type": "number"}]}]}"#;
    let table = "CREATE TABLE t (id TEXT PRIMARY KEY, data TEXT CHECK (data ->> 'n' < 5))";
    let mut rig = Rig::with(schema, table).await;
    rig.server.script("pull", [feed(&json!([upsert(1, "t", "a", &json!({"n": 7}))]))]);
    let (_, message, _) = rig.fail().await;
    assert!(message.contains("`t` \"a\"") && message.contains("CHECK constraint failed"), "{message}");
}

#[tokio::test]
async fn a_value_that_a_later_change_of_the_page_makes_free_is_not_refused() {
    let table = "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT UNIQUE);
        INSERT INTO tags VALUES ('a', '1'), ('b', '2'), ('c', '3')";
    let mut rig = rig_with(table).await;
    let label = |seq, id, label: &str| upsert(seq, "tags", id, &json!({"label": label}));
    // Each takes the label of the next, and `c` is deleted last.
    let changes = json!([label(1, "a", "2"), label(2, "b", "3"), label(3, "n", "1"), delete(4, "tags", "c")]);
    rig.server.script("pull", [feed(&changes)]);
    rig.succeed().await;
    let rows = rig.offline.rows("SELECT * FROM tags ORDER BY id");
    assert_eq!(rows, [["a", "2"], ["b", "3"], ["n", "1"]]);

    // A refused change that a later one of the same record supersedes is not tried again.
    let mut rig = rig_with(table).await;
    let changes = json!([label(1, "a", "2"), label(2, "a", "4"), delete(3, "tags", "b")]);
    rig.server.script("pull", [feed(&changes)]);
    rig.succeed().await;
    assert_eq!(rig.offline.rows("SELECT * FROM tags ORDER BY id"), [["a", "4"], ["c", "3"]]);

    // Join rows of the second dialect may have no id.
    let unique = "CREATE UNIQUE INDEX u ON join_todos_tags_tags (\"order\"); INSERT INTO join_todos_tags_tags VALUES ('a', 'b', 1)";
    let mut rig = Rig::new(unique).await;
    let rows = json!([{"from": "x", "to": "y", "order": 1}, {"from": "v", "to": "w", "order": 2}, {"from": "a", "to": "b", "order": 3}]);
    rig.server.script(
        "pull",
        [Answer::Json(200, json!({"records": {"join_todos_tags_tags": rows}, "cursors": {}}))],
    );
    rig.succeed().await;
    let rows = rig.offline.rows("SELECT * FROM join_todos_tags_tags ORDER BY 3");
    assert_eq!(rows, [["x", "y", "1.0"], ["v", "w", "2.0"], ["a", "b", "3.0"]]);

    // Two that take each other's label cannot be written one after the other.
    let mut rig = rig_with(table).await;
    rig.server.script("pull", [feed(&json!([label(1, "a", "2"), label(2, "b", "1")]))]);
    let (_, message, _) = rig.fail().await;
    assert!(message.contains("\"a\"") && message.contains("UNIQUE"), "{message}");
    assert_eq!(rig.offline.rows("SELECT label FROM tags ORDER BY id"), [["1"], ["2"], ["3"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_exits_with_3_and_says_what_can_be_done() {
    let tables = format!(
        "{TABLES} CREATE UNIQUE INDEX one_label ON tags (label); INSERT INTO tags VALUES ('mine', 'same')"
    );
    let offline = Offline::new(&tables);
    std::fs::write(offline.folder().join("s.json"), SCHEMA).unwrap();
    let server = TestServer::start(SCHEMA).await;
    push(&server, &[mutation("m", &json!({"id": "theirs", "record": {"label": "same"}}))]).await;
    let run = async || cloneup(&offline, server.base(), &["--schema", "s.json"]).await;
    for _ in 0..2 {
        let output = run().await;
        assert_eq!(status(&output), 3, "{}", stderr(&output));
        let (code, message, path) = errors_of(&output).remove(0);
        assert_eq!((code.as_str(), path.as_str()), ("STORAGE_ERROR", "storage"));
        assert!(message.contains("`tags` \"theirs\"") && message.contains("tags.label"), "{message}");
        assert!(stderr(&output).contains("--no-pull-after"), "{}", stderr(&output));
    }
    offline.execute("UPDATE tags SET label = 'other' WHERE id = 'mine'");
    let output = run().await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(offline.column("SELECT id FROM tags ORDER BY id"), ["mine", "theirs"]);
}
