//! Options, schema and every row are checked before the first byte is sent (contract 3.1, step
//! 1). Not the flags of the command line (`usage`).

use ::synctool::cloneup::FailureKind;

use super::common::{Rig, SCHEMA, TABLES, database, errors_of, status, stderr, synctool};

/// Runs, asserts that nothing was sent or changed, and returns the first error: code, message,
/// path and how the run ended.
async fn refused(rig: &mut Rig) -> (String, String, String, Option<FailureKind>) {
    rig.options.client_id = None;
    let before = std::fs::read(rig.offline.path()).unwrap();
    let outcome = rig.run().await;
    assert!(rig.server.requests().is_empty(), "something was sent: {:?}", rig.server.requests());
    assert_eq!(std::fs::read(rig.offline.path()).unwrap(), before, "the database was written to");
    assert_eq!((outcome.ok, outcome.stats.batches, outcome.cursor.as_str()), (false, 0, "0"));
    let error = &outcome.failures[0].error;
    assert_eq!(error.mutation_id, "");
    (error.body.code.clone(), error.body.message.clone(), error.body.path.clone(), outcome.failure_kind())
}

fn expected(code: &str, message: &str, path: &str) -> (String, String, String, Option<FailureKind>) {
    (code.into(), format!("Invalid cloneUp: {message}"), path.into(), Some(FailureKind::Invalid))
}

#[tokio::test]
async fn unknown_and_remote_only_resources_are_refused_with_their_index() {
    for (resources, code, message, path) in [
        (vec!["nope"], "DFQL_UNKNOWN_RESOURCE", "unknown resource", "resources[0]"),
        (vec!["todos", "Todos"], "DFQL_UNKNOWN_RESOURCE", "unknown resource", "resources[1]"),
        (vec!["todos", "audit"], "DFQL_INVALID", "remote-only resources are not allowed", "resources[1]"),
    ] {
        let mut rig = Rig::new("INSERT INTO todos (id) VALUES ('t1')").await;
        rig.options.resources = Some(resources.into_iter().map(str::to_owned).collect());
        assert_eq!(refused(&mut rig).await, expected(code, message, path));
    }
}

#[test]
fn batch_size_below_1_and_negative_max_retries_are_refused() {
    let offline = database();
    let batch_size = ("Invalid cloneUp: batchSize must be a positive integer", "batchSize");
    let max_retries = ("Invalid cloneUp: maxRetries must be a non-negative integer", "maxRetries");
    for (size, retries, expected) in [
        ("0", "3", vec![batch_size]),
        ("-5", "0", vec![batch_size]),
        ("many", "0", vec![batch_size]),
        ("1", "-1", vec![max_retries]),
        ("0", "-1", vec![batch_size, max_retries]),
    ] {
        let flags = [
            "--db",
            "app.db",
            "--remote",
            "http://127.0.0.1:9",
            "--batch-size",
            size,
            "--max-retries",
            retries,
        ];
        let output = synctool(&offline).arg("cloneup").args(flags).output().unwrap();
        assert_eq!(status(&output), 2, "{}", stderr(&output));
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(message, path)| ("DFQL_INVALID".to_owned(), message.to_owned(), path.to_owned()))
            .collect();
        assert_eq!(errors_of(&output), expected);
    }
}

#[tokio::test]
async fn invalid_rows_are_refused_with_their_index_in_upload_order() {
    let id = "record id must be a string";
    let end = "join row from/to must be a string";
    for (sql, code, message, path) in [
        ("INSERT INTO todos (id) VALUES ('a'), (NULL)", "DFQL_INVALID", id, "records[0].id"),
        ("INSERT INTO todos (id) VALUES ('a'), (x'61')", "DFQL_INVALID", id, "records[1].id"),
        (
            "INSERT INTO join_todos_tags_tags VALUES ('a', 'b', 1), (NULL, 'b', 1)",
            "DFQL_INVALID",
            end,
            "joinRows[0].from",
        ),
        (
            "INSERT INTO join_todos_tags_tags VALUES ('a', 'b', 1), ('a', x'62', 1)",
            "DFQL_INVALID",
            end,
            "joinRows[1].to",
        ),
    ] {
        let mut rig = Rig::new(sql).await;
        assert_eq!(refused(&mut rig).await, expected(code, message, path), "{sql}");
    }
    for (value, field) in [
        ("2", "done"),
        ("'true'", "done"),
        ("'{'", "data"),
        ("x'7b7d'", "data"),
        ("9e999", "count"),
        ("-9e999", "data"),
    ] {
        let sql = format!(
            "INSERT INTO todos (id) VALUES ('a'), ('b'); INSERT INTO todos (id, {field}) VALUES ('aa', {value})"
        );
        let mut rig = Rig::new(&sql).await;
        let (code, message, path, end) = refused(&mut rig).await;
        assert_eq!(
            (code.as_str(), path, end),
            ("DFQL_INVALID", format!("records[1].{field}"), Some(FailureKind::Invalid))
        );
        assert!(message.contains("aa"), "{message}");
    }
}

#[tokio::test]
async fn an_integer_key_without_id_format_is_refused() {
    let sql = "CREATE TABLE todos (id INTEGER PRIMARY KEY); INSERT INTO todos VALUES (7);";
    let mut rig = Rig::with(r#"{"resources": [{"name": "todos"}]}"#, sql).await;
    assert_eq!(
        refused(&mut rig).await,
        expected("DFQL_INVALID", "record id must be a string", "records[0].id")
    );
}

#[tokio::test]
async fn unknown_join_metadata_is_refused_at_its_first_value_that_is_not_null() {
    let rows = "ALTER TABLE join_todos_tags_tags ADD COLUMN wat;
        INSERT INTO join_todos_tags_tags VALUES ('a', 'a', 1, NULL), ('a', 'b', 1, 5), ('a', 'c', 1, 6)";
    let mut rig = Rig::new(rows).await;
    let error = expected("DFQL_UNKNOWN_FIELD", "unknown join metadata field", "joinRows[1].wat");
    assert_eq!(refused(&mut rig).await, error);

    let mut rig = Rig::new(
        "ALTER TABLE join_todos_tags_tags ADD COLUMN wat; \
        INSERT INTO join_todos_tags_tags VALUES ('a', 'a', 1, NULL)",
    )
    .await;
    rig.succeed().await;
}

#[tokio::test]
async fn missing_tables_and_columns_that_the_schema_requires_are_storage_errors() {
    let column = |extra: &str| {
        format!(
            r#"{{"resources": [{{"name": "todos", "fields": [{{"name": "x", "type": "string"{extra}}}]}}]}}"#
        )
    };
    for (schema, sql, part) in [
        (column(""), "CREATE TABLE other (id TEXT)".to_owned(), "no table \"todos\""),
        (column(""), "CREATE TABLE todos (key TEXT)".to_owned(), "no id column \"id\""),
        (column(r#", "required": true"#), "CREATE TABLE todos (id TEXT)".to_owned(), "no column \"x\""),
        (column(r#", "column": "y""#), "CREATE TABLE todos (id TEXT, x TEXT)".to_owned(), "no column \"y\""),
        (
            SCHEMA.to_owned(),
            format!("{TABLES} DROP TABLE join_todos_tags_tags; CREATE TABLE join_todos_tags_tags (a, b)"),
            "no column \"from\"",
        ),
    ] {
        let mut rig = Rig::with(&schema, &sql).await;
        let (code, message, path, end) = refused(&mut rig).await;
        assert_eq!(
            (code.as_str(), path.as_str(), end),
            ("STORAGE_ERROR", "storage", Some(FailureKind::Storage))
        );
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_field_without_a_column_is_left_out_with_a_warning() {
    let schema = r#"{"resources": [{"name": "todos", "fields": [
        {"name": "title", "type": "string"}, {"name": "gone", "type": "string", "nullable": true}]}]}"#;
    let sql = "CREATE TABLE todos (id TEXT, title TEXT); INSERT INTO todos VALUES ('a', 'A')";
    let mut rig = Rig::with(schema, sql).await;
    rig.succeed().await;
    assert_eq!(rig.server.mutations()[0]["record"], serde_json::json!({"title": "A"}));
    assert!(rig.warnings[0].contains("\"gone\""), "{:?}", rig.warnings);
}

#[tokio::test]
async fn a_missing_join_table_counts_as_empty() {
    let mut rig = Rig::new("DROP TABLE join_todos_tags_tags; INSERT INTO todos (id) VALUES ('a')").await;
    let outcome = rig.succeed().await;
    assert_eq!(outcome.stats.join_stores["join_todos_tags_tags"].rows, 0);
}

#[tokio::test]
async fn invalid_utf_8_and_duplicate_ids_stop_the_run_when_they_are_read() {
    for (sql, part) in [
        ("INSERT INTO tags VALUES ('a', CAST(x'ff' AS TEXT))", "records[0].label"),
        ("INSERT INTO tags VALUES (CAST(x'ff' AS TEXT), 'x')", "records[0].id"),
        (
            "DROP TABLE tags; CREATE TABLE tags (id TEXT, label TEXT); INSERT INTO tags VALUES ('a', 'x'), ('a', 'y')",
            "records[1].id",
        ),
    ] {
        let mut rig = Rig::new(sql).await;
        let outcome = rig.run().await;
        assert_eq!(
            (outcome.failure_kind(), outcome.failures[0].body().path.as_str()),
            (Some(FailureKind::Invalid), part),
            "{outcome:?}"
        );
        assert!(rig.server.pulls().is_empty(), "nothing is finalized after an error");
    }
}

#[tokio::test]
async fn names_with_quotes_spaces_and_keywords_are_quoted_in_sql() {
    let schema = r#"{"resources": [{"name": "or\"d er;--", "fields": [
        {"name": "select", "type": "string"}, {"name": "a\"b", "type": "number"}]}]}"#;
    let sql = r#"CREATE TABLE "or""d er;--" (id TEXT, "select" TEXT, "a""b" REAL);
        INSERT INTO "or""d er;--" VALUES ('x''"', 'y', 1.5)"#;
    let mut rig = Rig::with(schema, sql).await;
    rig.succeed().await;
    let sent = &rig.server.mutations()[0];
    assert_eq!(
        (sent["id"].as_str(), &sent["record"]),
        (Some("x'\""), &serde_json::json!({"a\"b": 1.5, "select": "y"}))
    );
}
