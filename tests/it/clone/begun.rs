//! What a clone finds and makes before its first page, and what it refuses (contract 3.9). Not a clone that
//! goes on (`interrupted`).

use serde_json::json;
use synctool::cloneup::{CloneOptions, CloneOutcome, FailureKind, ServerClone};
use synctool::schema::Schema;

use super::round_trip::{clone, remote};
use crate::common::{
    Answer, MIXED_ROWS, Offline, Rig, SCHEMA, Scripted, TABLES, TestServer, mutation, push, refusal, upsert,
};

/// The real server with [`MIXED_ROWS`].
async fn server() -> TestServer {
    let server = TestServer::start(SCHEMA).await;
    let mut rig = Rig::new(MIXED_ROWS).await;
    rig.remote.base = server.base().to_owned();
    rig.remote.token = None;
    rig.succeed().await;
    server
}

fn schema() -> Schema {
    Schema::parse(SCHEMA).unwrap()
}

/// Clones into `app.db` of a folder.
async fn clone_into(offline: &Offline, base: &str) -> CloneOutcome {
    clone(&offline.path(), base, &schema(), None).await
}

/// Asserts that a clone is refused as something that a person can change, and that its message has all of
/// these parts.
fn assert_refused(outcome: &CloneOutcome, parts: &[&str]) {
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Invalid), "{outcome:?}");
    let body = outcome.failures[0].body();
    assert_eq!((body.code.as_str(), body.path.as_str()), ("DFQL_INVALID", "storage"));
    for part in parts {
        assert!(body.message.contains(part), "{part}: {}", body.message);
    }
}

/// The names of the files in a folder.
fn files(offline: &Offline) -> Vec<String> {
    let entries = std::fs::read_dir(offline.folder()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A folder without a database.
fn no_database() -> Offline {
    let offline = Offline::new("");
    std::fs::remove_file(offline.path()).unwrap();
    offline
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_has_all_tables_client_id_schema_store_id_and_cursor() {
    let (server, offline) = (server().await, no_database());
    let outcome = clone_into(&offline, server.base()).await;
    assert!(outcome.ok, "{outcome:?}");
    let status = server.status().await;
    assert_eq!(
        serde_json::to_value(&outcome).unwrap(),
        json!({"ok": true, "cursor": status["cursor"], "errors": [], "stats": {
            "resources": {"todos": {"records": 2}, "projects": {"records": 1}, "tags": {"records": 2}},
            "joinStores": {"join_todos_tags_tags": {"rows": 2}}}})
    );
    assert_eq!(offline.cursor("__global_cursor__").as_deref(), status["cursor"].as_str());
    let meta = |key: &str| offline.column(&format!("SELECT value FROM __datafn_meta WHERE key = '{key}'"));
    assert_eq!((meta("clientId").len(), meta("clientId")[0].len()), (1, 36));
    assert_eq!(meta("schema"), [SCHEMA]);
    assert_eq!(meta("storeId"), [status["storeId"].as_str().unwrap()]);
    assert!(meta("clone").is_empty(), "the clone is complete");
    assert!(offline.logged().is_empty());
    assert!(!offline.has_table("audit"), "a remote-only resource has no table");
    assert_eq!(files(&offline), ["app.db"], "neither a log nor a lock is left");
    assert_eq!(offline.column("PRAGMA journal_mode"), ["delete"]);

    // The next upload has the schema and the client id, and pulls nothing again.
    let mut rig = Rig::new("").await;
    std::fs::copy(offline.path(), rig.offline.path()).unwrap();
    (rig.remote.base, rig.remote.token, rig.options.client_id) = (server.base().to_owned(), None, None);
    let outcome = rig.succeed().await;
    assert_eq!(outcome.stats.resources.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_client_ids_are_stored_and_stored_ones_are_kept() {
    let (server, offline) = (server().await, no_database());
    let clone_as = async |path: &std::path::Path| {
        let options = CloneOptions { client_id: Some("mine".to_owned()), ..CloneOptions::default() };
        let outcome = ServerClone::new(path, remote(server.base()), schema()).options(options).run().await;
        assert!(outcome.ok, "{outcome:?}");
    };
    clone_as(&offline.path()).await;
    let client_id = "SELECT value FROM __datafn_meta WHERE key = 'clientId'";
    assert_eq!(offline.column(client_id), ["mine"]);
    let offline = Offline::new(TABLES);
    offline.execute("CREATE TABLE __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
    offline.execute("INSERT INTO __datafn_meta VALUES ('clientId', 'theirs'), ('other', 'stays')");
    clone_as(&offline.path()).await;
    assert_eq!(offline.column(client_id), ["theirs"]);
    assert_eq!(offline.column("SELECT value FROM __datafn_meta WHERE key = 'other'"), ["stays"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_tables_of_an_application_are_filled_and_keep_their_own_columns() {
    let server = server().await;
    let offline = Offline::new(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT, done INTEGER, count, note TEXT, data TEXT, photo BLOB,
             projectId TEXT, local TEXT DEFAULT 'mine');
         CREATE TABLE settings (name TEXT, value TEXT); INSERT INTO settings VALUES ('theme', 'dark')",
    );
    offline.set_cursor("__global_cursor__", "1000");
    offline.set_cursor("tags", "7");
    let outcome = clone_into(&offline, server.base()).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(
        offline.rows("SELECT id, photo, local FROM todos ORDER BY id"),
        [["t", "x'00ff'", "mine"], ["u", "NULL", "mine"]]
    );
    assert_eq!(offline.column("SELECT label FROM tags ORDER BY id"), ["G", "H"]);
    assert_eq!(offline.rows("SELECT * FROM settings"), [["theme", "dark"]]);
    // The cursors were about rows that were not there.
    assert_eq!(offline.cursor("__global_cursor__").as_deref(), server.status().await["cursor"].as_str());
    assert_eq!(offline.cursor("tags"), None);
    assert_eq!(offline.column("PRAGMA journal_mode"), ["wal"], "it is the application's");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_rows_are_refused_before_anything_is_sent_or_changed() {
    let scripted = Scripted::start().await;
    for rows in
        ["INSERT INTO tags VALUES ('g', 'mine')", "INSERT INTO join_todos_tags_tags VALUES ('a', 'b', 1)"]
    {
        let offline = Offline::new(&format!("{TABLES}{rows}"));
        let before = std::fs::read(offline.path()).unwrap();
        let outcome = clone_into(&offline, scripted.base()).await;
        let table = rows.split(' ').nth(2).unwrap();
        assert_refused(&outcome, &[&format!("\"{table}\""), "holds rows", "app.db", "cloneup"]);
        assert_eq!(std::fs::read(offline.path()).unwrap(), before);
        assert_eq!(files(&offline), ["app.db"]);
    }
    assert!(scripted.requests().is_empty(), "something was sent");
    // So is a clone that is complete.
    let (server, offline) = (server().await, no_database());
    assert!(clone_into(&offline, server.base()).await.ok);
    assert_refused(&clone_into(&offline, server.base()).await, &["holds rows"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_cannot_take_records_are_refused() {
    let scripted = Scripted::start().await;
    let text = |fields: &str| format!(r#"{{"resources": [{{"name": "t", "fields": [{fields}]}}]}}"#);
    let field = |name: &str| format!(r#"{{"name": "{name}", "type": "string"}}"#);
    for (sql, fields, parts) in [
        ("CREATE VIEW t AS SELECT 1 AS id WHERE 0", field("x"), &["\"t\"", "view"][..]),
        ("CREATE TABLE t (x TEXT)", field("x"), &["\"t\"", "column of the id"]),
        ("", format!("{}, {}", field("name"), field("Name")), &["`name`", "`Name`", "\"t\""]),
    ] {
        let offline = Offline::new(sql);
        let schema = Schema::parse(&text(&fields)).unwrap();
        let outcome = clone(&offline.path(), scripted.base(), &schema, None).await;
        assert_refused(&outcome, parts);
        assert!(!offline.has_table("__datafn_meta"));
    }
    // A missing column and a collation of the application are errors of the database.
    for (sql, part) in [
        ("CREATE TABLE t (id TEXT PRIMARY KEY)", "\"x\""),
        ("CREATE TABLE t (id TEXT PRIMARY KEY, x TEXT COLLATE unicase)", "unicase"),
    ] {
        let offline = no_database();
        let connection = offline.connect();
        connection.create_collation("unicase", |a: &str, b: &str| a.cmp(b)).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let schema = Schema::parse(&text(r#"{"name": "x", "type": "string", "required": true}"#)).unwrap();
        let outcome = clone(&offline.path(), scripted.base(), &schema, None).await;
        assert_eq!(outcome.failure_kind(), Some(FailureKind::Storage), "{outcome:?}");
        assert!(outcome.failures[0].body().message.contains(part), "{outcome:?}");
        assert!(!offline.has_table("__datafn_meta"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_is_made_where_no_server_answers() {
    let server = server().await;
    let offline = no_database();
    let mut wrong = Scripted::start().await;
    wrong.script("pull", [Answer::Json(403, refusal("FORBIDDEN"))]);
    let host = server.base().trim_end_matches("/datafn");
    for (base, code, part) in [
        ("http://127.0.0.1:9/datafn", "TRANSPORT_ERROR", "/pull"),
        (host, "TRANSPORT_ERROR", "did you mean that?"),
        (wrong.base(), "FORBIDDEN", "because"),
    ] {
        let options = CloneOptions { max_retries: 0, ..CloneOptions::default() };
        let outcome = ServerClone::new(offline.path(), remote(base), schema()).options(options).run().await;
        let body = outcome.failures[0].body();
        assert_eq!((body.code.as_str(), body.path.as_str()), (code, "sync.pull"), "{outcome:?}");
        assert!(body.message.contains(part), "{part}: {}", body.message);
        assert!(files(&offline).is_empty(), "{:?}", files(&offline));
    }
    wrong = Scripted::start().await;
    let missing = offline.folder().join("no/such.db");
    let outcome = clone(&missing, wrong.base(), &schema(), None).await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Storage));
    assert!(outcome.failures[0].body().message.contains("there is no folder"), "{outcome:?}");
    let outcome = clone(offline.folder(), wrong.base(), &schema(), None).await;
    assert!(outcome.failures[0].body().message.contains("is a folder"), "{outcome:?}");
    std::fs::write(offline.path(), "SQLite format 4").unwrap();
    let outcome = clone_into(&offline, wrong.base()).await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Storage), "not a database: {outcome:?}");
    assert!(wrong.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_server_gives_empty_tables_and_the_clone_can_be_made_again() {
    let (server, offline) = (TestServer::start(SCHEMA).await, no_database());
    for _ in 0..2 {
        let outcome = clone_into(&offline, server.base()).await;
        assert!(outcome.ok, "{outcome:?}");
        assert!(outcome.stats.resources.is_empty());
        assert_eq!(outcome.stats.join_stores["join_todos_tags_tags"], 0);
        assert!(offline.rows("SELECT * FROM todos").is_empty());
    }
    push(&server, &[mutation("m", &json!({}))]).await;
    assert_eq!(clone_into(&offline, server.base()).await.stats.resources, [("tags".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_a_waiting_change_of_the_application_is_about_is_not_written() {
    let (server, offline) = (server().await, Offline::new(TABLES));
    offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"g"}"#);
    let outcome = clone_into(&offline, server.base()).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(offline.column("SELECT id FROM tags"), ["h"]);
    assert_eq!(offline.logged(), ["m1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_names_table_id_and_constraint_and_the_clone_goes_on_when_it_fits() {
    let (server, offline) = (
        server().await,
        Offline::new("CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT CHECK (label <> 'H'))"),
    );
    let outcome = clone(&offline.path(), server.base(), &schema(), Some(1)).await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Storage), "{outcome:?}");
    let message = &outcome.failures[0].body().message;
    assert!(message.contains("`tags` \"h\"") && message.contains("CHECK"), "{message}");
    assert_eq!(
        outcome.stats.resources.iter().find(|(name, _)| name == "tags"),
        Some(&("tags".to_owned(), 1))
    );
    offline.execute(
        "DROP TABLE tags; CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);
         INSERT INTO tags VALUES ('g', 'G')",
    );
    let outcome = clone_into(&offline, server.base()).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(offline.column("SELECT id FROM tags ORDER BY id"), ["g", "h"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_change_and_go_while_the_clone_runs_are_as_they_are_at_the_end() {
    let (scripted, offline) = (Scripted::start().await, no_database());
    let label = |seq, id, label: &str| upsert(seq, "tags", id, &json!({"label": label}));
    let page = |changes: serde_json::Value, next: Option<&str>| {
        Answer::result(&json!({"changes": changes, "nextCursor": next}))
    };
    scripted.script(
        "pull",
        [
            page(
                json!([label(1, "a", "1"), label(2, "b", "1"), label(3, "a", "2"), label(4, "c", "1")]),
                Some("4"),
            ),
            page(
                json!([label(5, "b", "3"), crate::common::delete(6, "tags", "c"), label(7, "d", "4")]),
                None,
            ),
        ],
    );
    let outcome = clone_into(&offline, scripted.base()).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(offline.rows("SELECT * FROM tags ORDER BY id"), [["a", "2"], ["b", "3"], ["d", "4"]]);
    assert_eq!(outcome.stats.resources, [("tags".to_owned(), 3)]);
    assert_eq!(offline.cursor("__global_cursor__").as_deref(), Some("7"));
}
