//! Databases with collations that only the application has (contract 1.2). Not the order of
//! records under collations that SQLite has (`order`).

use std::cmp::Ordering;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::common::{
    Answer, Offline, Rig, TestServer, cloneup, delete, infer, result, status, stderr, synctool, upsert,
};

/// A connection of the application: its collations order text from the end, so that an index of
/// theirs is in quite another order than one by bytes. `unicase` also ignores case.
fn application(offline: &Offline) -> Connection {
    let connection = offline.connect();
    let reversed = |text: &str| text.chars().rev().collect::<String>();
    let localized = move |a: &str, b: &str| -> Ordering { reversed(a).cmp(&reversed(b)) };
    connection.create_collation("LOCALIZED", localized).unwrap();
    connection
        .create_collation("uni case", move |a: &str, b: &str| localized(&a.to_lowercase(), &b.to_lowercase()))
        .unwrap();
    connection
}

/// Keys, references, an index, a UNIQUE constraint and a CHECK with collations, and one table
/// without any.
const TABLES: &str = "PRAGMA foreign_keys = OFF;
    CREATE TABLE decks (id TEXT COLLATE \"uni case\" PRIMARY KEY, name TEXT COLLATE localized UNIQUE) WITHOUT ROWID;
    CREATE TABLE notes (id TEXT COLLATE localized NOT NULL PRIMARY KEY, title TEXT collate [uni case],
        deckId TEXT COLLATE localized REFERENCES decks (id), parentId TEXT REFERENCES notes (id),
        CHECK (title <> 'x' COLLATE \"uni case\"));
    CREATE INDEX notes_title ON notes (title);
    CREATE TABLE plain (id TEXT PRIMARY KEY, label TEXT);
    CREATE TABLE note_plain (noteId TEXT COLLATE localized REFERENCES notes (id), plainId TEXT REFERENCES plain (id),
        PRIMARY KEY (noteId, plainId));
    INSERT INTO plain VALUES ('p', 'P'), ('q', 'Q');
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)
        INSERT INTO notes SELECT 'n' || n, 'Title ' || n, 'd' || (n % 30), iif(n = 1, NULL, 'n' || (n / 2)) FROM numbers;
    INSERT INTO decks SELECT DISTINCT deckId, 'Deck ' || deckId FROM notes;
    INSERT INTO note_plain SELECT id, iif(rowid % 2, 'p', 'q') FROM notes";

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_collations_of_the_application_is_inferred_uploaded_and_verified() {
    for pragmas in ["", "PRAGMA journal_mode = WAL;", "PRAGMA encoding = 'UTF-16le';"] {
        let offline = Offline::new("");
        application(&offline).execute_batch(&format!("{pragmas}{TABLES}")).unwrap();
        let (schema, _) = infer(&offline);
        let server = TestServer::start(&schema.to_string()).await;
        for arguments in [vec!["schema", "check", "schema.json", "--db", "app.db"], vec!["inspect", "app.db"]]
        {
            let output = synctool(&offline).args(&arguments).output().unwrap();
            assert_eq!(status(&output), 0, "{pragmas} {arguments:?}: {}", stderr(&output));
        }
        let output = cloneup(&offline, server.base(), &["--schema", "schema.json", "--verify"]).await;
        assert_eq!(status(&output), 0, "{pragmas} {}", stderr(&output));
        let stats = &result(&output)["stats"];
        assert_eq!(stats["resources"]["notes"], json!({"records": 1200, "mutations": 1200}));
        assert_eq!(stats["resources"]["decks"], json!({"records": 30, "mutations": 30}));
        let joins: u64 = stats["joinStores"]
            .as_object()
            .unwrap()
            .values()
            .map(|store| store["rows"].as_u64().unwrap())
            .sum();
        assert_eq!(joins, 1200);
        let verify = ["verify", "--db", "app.db", "--remote", server.base(), "--schema", "schema.json"];
        let output = synctool(&offline).args(verify).output().unwrap();
        assert_eq!((status(&output), &result(&output)["ok"]), (0, &json!(true)), "{}", stderr(&output));
        // The indexes are still in the application's order.
        let check: String =
            application(&offline).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}

const SCHEMA: &str = r#"{"resources": [
    {"name": "notes", "fields": [{"name": "title", "type": "string"}]},
    {"name": "docs", "storage": {"table": "docs", "document": "data"}, "fields": [{"name": "title", "type": "string"}]},
    {"name": "tags", "fields": [{"name": "label", "type": "string"}]}]}"#;

/// Rows whose ids are in another order under the collation than by bytes.
const ROWS: &str = "
    CREATE TABLE notes (id TEXT COLLATE localized PRIMARY KEY, title TEXT COLLATE \"uni case\");
    CREATE INDEX notes_title ON notes (title);
    INSERT INTO notes VALUES ('ab', '1'), ('ba', '2'), ('aa', '3'), ('B', '4'), ('b', '5');
    CREATE TABLE docs (id TEXT COLLATE localized PRIMARY KEY, data TEXT);
    INSERT INTO docs VALUES ('xy', '{\"title\": \"D\"}'), ('yx', '{\"title\": \"E\", \"local\": 1}');
    CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT); INSERT INTO tags VALUES ('g', 'G')";

async fn rig() -> Rig {
    let rig = Rig::with(SCHEMA, "").await;
    application(&rig.offline).execute_batch(ROWS).unwrap();
    rig
}

#[tokio::test]
async fn records_are_sent_in_byte_order_and_looked_up_by_bytes() {
    let mut rig = rig().await;
    rig.offline.log("C", "m1", r#"{"resource":"notes","operation":"delete","id":"ab"}"#);
    rig.offline.log("C", "m2", r#"{"resource":"notes","operation":"delete","id":"AB"}"#);
    rig.succeed().await;
    let mut subjects = rig.server.subjects();
    // A record that is there has not been deleted.
    assert_eq!(subjects.pop().as_deref(), Some("notes/AB"));
    assert_eq!(
        subjects,
        ["notes/B", "notes/aa", "notes/ab", "notes/b", "notes/ba", "docs/xy", "docs/yx", "tags/g"]
    );
    // Finalization is not hindered.
    assert!(rig.offline.logged().is_empty());
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("9"));
}

fn feed(changes: &Value) -> Answer {
    Answer::result(&json!({"changes": changes, "nextCursor": null}))
}

#[tokio::test]
async fn a_pulled_change_of_a_table_with_such_a_collation_fails_the_pull_by_the_tables_name() {
    for (table, change) in [
        ("notes", upsert(9, "notes", "ab", &json!({"title": "other"}))),
        ("notes", upsert(9, "notes", "new", &json!({"title": "1"}))),
        // Equal under the collation, but not the same.
        ("notes", upsert(9, "notes", "b", &json!({"title": null}))),
        ("notes", delete(9, "notes", "ba")),
        ("docs", upsert(9, "docs", "xy", &json!({"title": "other"}))),
        ("docs", upsert(9, "docs", "new", &json!({"title": "D"}))),
        ("docs", delete(9, "docs", "yx")),
    ] {
        let mut rig = rig().await;
        let before =
            (rig.offline.rows("SELECT * FROM tags"), rig.offline.rows("SELECT * FROM notes NOT INDEXED"));
        let changes =
            json!([upsert(8, "tags", "h", &json!({"label": "H"})), change, delete(10, "tags", "g")]);
        rig.server.script("pull", [feed(&changes)]);
        let (code, message, path) = rig.fail().await;
        assert_eq!((&*code, &*path), ("STORAGE_ERROR", "storage"), "{change}");
        assert!(message.contains(&format!("table \"{table}\"")), "{message}");
        assert!(message.contains("localized"), "{message}");
        // Nothing of the page is written, nor a cursor.
        let after =
            (rig.offline.rows("SELECT * FROM tags"), rig.offline.rows("SELECT * FROM notes NOT INDEXED"));
        assert_eq!(after, before, "{change}");
        assert_eq!(rig.offline.cursor("__global_cursor__"), None);
    }
}

#[tokio::test]
async fn a_pulled_change_that_the_table_has_already_needs_no_write() {
    let mut rig = rig().await;
    let changes = json!([
        upsert(1, "notes", "ab", &json!({"title": "1"})),
        upsert(2, "docs", "yx", &json!({"title": "E"})),
        delete(3, "notes", "gone"),
        upsert(4, "tags", "h", &json!({"label": "H"})),
    ]);
    rig.server.script("pull", [feed(&changes)]);
    rig.succeed().await;
    assert_eq!(rig.offline.rows("SELECT * FROM tags ORDER BY id"), [["g", "G"], ["h", "H"]]);
    assert_eq!(rig.offline.rows("SELECT data FROM docs NOT INDEXED WHERE id = 'yx' COLLATE BINARY").len(), 1);
}

#[tokio::test]
async fn a_trigger_or_index_with_such_a_collation_keeps_a_table_from_being_written_to() {
    for sql in [
        "CREATE INDEX tags_label ON tags (label COLLATE localized)",
        "CREATE UNIQUE INDEX tags_label ON tags (lower(label) COLLATE localized) WHERE label > 'a'",
        "CREATE TRIGGER t AFTER INSERT ON tags BEGIN DELETE FROM notes WHERE title = new.label; END",
        "CREATE TRIGGER t AFTER INSERT ON tags BEGIN
             SELECT RAISE(IGNORE) WHERE new.label = 'a' COLLATE localized; END",
    ] {
        let mut rig = rig().await;
        application(&rig.offline).execute_batch(sql).unwrap();
        rig.server.script("pull", [feed(&json!([upsert(9, "tags", "h", &json!({"label": "H"}))]))]);
        let (code, message, _) = rig.fail().await;
        assert!(code == "STORAGE_ERROR" && message.contains("table \"tags\""), "{sql}: {message}");
        assert_eq!(rig.offline.rows("SELECT id FROM tags NOT INDEXED"), [["g"]], "{sql}");
    }
}
