//! An error of a row names its table, its id and its row ids on stderr, and `schema check --db` and
//! `inspect` find every such row (contract 3.1, step 1). Not the paths of such errors in the result
//! (`plan`).

use std::process::Output;

use serde_json::{Value, json};

use super::common::{Offline, Scripted, cloneup, database, errors_of, status, stderr, synctool};

/// SQL that makes a row invalid, and the error about the row.
struct Spoiled {
    sql: &'static str,
    message: &'static str,
    path: &'static str,
    location: &'static str,
    /// Whether the plan finds it, before anything is sent.
    is_planned: bool,
}

const SPOILED: [Spoiled; 9] = [
    Spoiled {
        sql: "INSERT INTO tags VALUES ('', 'x')",
        message: "record id must not be empty",
        path: "records[0].id",
        location: r#"table "tags", id '', rowid 3"#,
        is_planned: true,
    },
    Spoiled {
        sql: "INSERT INTO tags VALUES (NULL, 'x')",
        message: "record id must be a string",
        path: "records[0].id",
        location: r#"table "tags", id NULL, rowid 3"#,
        is_planned: true,
    },
    Spoiled {
        sql: "INSERT INTO todos (id, done) VALUES ('a', 1), ('b', 2)",
        message: "done of todos \"b\" must be 0 or 1",
        path: "records[1].done",
        location: r#"table "todos", id "b", rowid 2"#,
        is_planned: true,
    },
    Spoiled {
        sql: "INSERT INTO join_todos_tags_tags VALUES ('', 'g', 1)",
        message: "join row from/to must not be empty",
        path: "joinRows[0].from",
        location: r#"table "join_todos_tags_tags", from '', to 'g', rowid 1"#,
        is_planned: true,
    },
    Spoiled {
        sql: "INSERT INTO join_todos_tags_tags VALUES ('t', 'g', 1), ('t', NULL, 2)",
        message: "join row from/to must be a string",
        path: "joinRows[0].to",
        location: r#"table "join_todos_tags_tags", from 't', to NULL, rowid 2"#,
        is_planned: true,
    },
    Spoiled {
        sql: "DROP TABLE tags; CREATE TABLE tags (id TEXT, label TEXT);
              INSERT INTO tags VALUES ('a', '1'), ('h', '2'), ('i', '3'), ('h', '4')",
        message: "record id must be unique",
        path: "records[2].id",
        location: r#"table "tags", id "h", rowids 2 and 4"#,
        is_planned: false,
    },
    Spoiled {
        sql: "INSERT INTO tags VALUES (CAST(x'6aff' AS TEXT), 'x')",
        message: "record id must be valid UTF-8",
        path: "records[2].id",
        location: r#"table "tags", id CAST(x'6aff' AS TEXT), rowid 3"#,
        is_planned: false,
    },
    Spoiled {
        sql: "UPDATE tags SET label = CAST(x'ff' AS TEXT) WHERE id = 'h'",
        message: "label of tags \"h\" must be valid UTF-8",
        path: "records[1].label",
        location: r#"table "tags", id "h", rowid 2"#,
        is_planned: false,
    },
    Spoiled {
        sql: "INSERT INTO join_todos_tags_tags VALUES ('t', CAST(x'ff' AS TEXT), 2)",
        message: "join row from/to must be valid UTF-8",
        path: "joinRows[0].to",
        location: r#"table "join_todos_tags_tags", from 't', to CAST(x'ff' AS TEXT), rowid 1"#,
        is_planned: false,
    },
];

fn spoiled(sql: &str) -> Offline {
    let offline = database();
    offline.execute(sql);
    offline
}

fn run(offline: &Offline, arguments: &[&str]) -> Output {
    synctool(offline).args(arguments).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_names_table_id_and_rowid_of_a_row_that_it_cannot_send() {
    for Spoiled { sql, message, path, location, is_planned } in SPOILED {
        let server = Scripted::start().await;
        let output = cloneup(&spoiled(sql), server.base(), &[]).await;
        assert_eq!(status(&output), 2, "{sql}: {}", stderr(&output));
        let expected = ("DFQL_INVALID".to_owned(), format!("Invalid cloneUp: {message}"), path.to_owned());
        assert_eq!(errors_of(&output), [expected], "{sql}");
        let line = format!("error: {message} ({path}): {location}");
        assert!(stderr(&output).lines().any(|printed| printed == line), "{line}\n{}", stderr(&output));
        assert!(!is_planned || server.requests().is_empty(), "{sql}: something was sent");
        assert!(server.pulls().is_empty(), "{sql}: finalized");
    }
}

#[test]
fn schema_check_and_inspect_find_every_row_that_an_upload_cannot_send() {
    for Spoiled { sql, message, path, location, .. } in SPOILED {
        let offline = spoiled(sql);
        std::fs::write(offline.folder().join("schema.json"), super::common::SCHEMA).unwrap();
        let output = run(&offline, &["schema", "check", "schema.json", "--db", "app.db"]);
        assert_eq!(status(&output), 2, "{sql}: {}", stderr(&output));
        let printed = stderr(&output);
        for part in [message, path, location] {
            assert!(printed.contains(part), "{part}: {printed}");
        }

        let output = run(&offline, &["inspect", "app.db"]);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(message) && printed.contains(location), "{printed}");

        let output = run(&offline, &["inspect", "app.db", "--output", "json"]);
        let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
        let parts = seen["parts"].as_array().unwrap();
        let problems: Vec<_> = parts.iter().filter(|part| !part["problem"].is_null()).collect();
        assert_eq!(problems.len(), 1, "{seen}");
        assert_eq!(problems[0]["problem"]["path"], path);
        assert_eq!(problems[0]["location"]["table"], problems[0]["table"]);
        assert!(problems[0]["location"]["rowIds"].as_array().is_some_and(|ids| !ids.is_empty()));
    }
}

#[test]
fn a_duplicate_id_is_named_in_a_table_that_is_sorted_and_with_a_template() {
    let rows = 60_000;
    let offline = Offline::new(&format!(
        "CREATE TABLE t (id INTEGER, label TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO t SELECT i, 'x' FROM n; UPDATE t SET id = 7 WHERE rowid = {rows}"
    ));
    let schema = json!({"resources": [{"name": "t", "storage": {"id": "id", "idFormat": "t-{}"},
        "fields": [{"name": "label", "type": "string"}]}]});
    std::fs::write(offline.folder().join("schema.json"), schema.to_string()).unwrap();
    let output = run(&offline, &["schema", "check", "schema.json", "--db", "app.db"]);
    assert_eq!(status(&output), 2, "{}", stderr(&output));
    let expected = format!(r#"record id must be unique: table "t", id "t-7", rowids 7 and {rows}"#);
    assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
}

#[test]
fn a_duplicate_id_of_several_columns_and_blobs_is_named_in_a_table_that_is_sorted() {
    let rows = 60_000;
    let offline = Offline::new(&format!(
        "CREATE TABLE t (k, l);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO t SELECT i, 'a:b' FROM n;
         UPDATE t SET k = x'0a' WHERE rowid = 7; UPDATE t SET k = '0a' WHERE rowid = {rows}"
    ));
    let schema = json!({"resources": [{"name": "t", "storage": {"id": ["k", "l"]}}]});
    std::fs::write(offline.folder().join("schema.json"), schema.to_string()).unwrap();
    let output = run(&offline, &["schema", "check", "schema.json", "--db", "app.db"]);
    assert_eq!(status(&output), 2, "{}", stderr(&output));
    let expected = format!(r#"record id must be unique: table "t", id "0a:a%3Ab", rowids 7 and {rows}"#);
    assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
}

#[test]
fn an_empty_key_is_refused_only_where_it_makes_an_empty_id() {
    for (format, is_refused) in
        [(r#", "idFormat": "{}""#, true), (r#", "idFormat": "t-{}""#, false), ("", true)]
    {
        let offline = Offline::new("CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('')");
        let schema = format!(r#"{{"resources": [{{"name": "t", "storage": {{"id": "id"{format}}}}}]}}"#);
        std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
        let output = run(&offline, &["schema", "check", "schema.json", "--db", "app.db"]);
        assert_eq!(status(&output), if is_refused { 2 } else { 0 }, "{format}: {}", stderr(&output));
        assert_eq!(stderr(&output).contains("record id must not be empty"), is_refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_is_escaped_and_long_ids_are_shortened() {
    let server = Scripted::start().await;
    let offline = spoiled("INSERT INTO todos (id, done) VALUES ('\u{1b}[31m' || hex(zeroblob(5000)), 2)");
    let output = cloneup(&offline, server.base(), &[]).await;
    let printed = stderr(&output);
    assert!(!printed.contains('\u{1b}'), "{printed}");
    let location = printed.split("table \"todos\"").nth(1).unwrap();
    assert!(location.contains('…') && location.contains("rowid 1"), "{location}");
}
