//! Columns that SQL treats in a special way, and more of them than one SQL expression can name.
//! Each table is inferred, uploaded, changed on the server and pulled back. Not random tables
//! (`infer_property`), not keys of every kind (`keys`).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::common::{
    Offline, TestServer, clone, cloneup, infer, mutation, push, result, status, stderr, synctool,
};

async fn upload(offline: &Offline, server: &TestServer, arguments: &[&str]) -> Value {
    let arguments = [&["--schema", "schema.json", "--client-id", "C"], arguments].concat();
    let output = cloneup(offline, server.base(), &arguments).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    result(&output)
}

/// Client D changes a record.
async fn change(server: &TestServer, id: &str, record: &Value) {
    let change = json!({"resource": "t", "id": id, "operation": "merge", "record": record});
    let answer = push(server, &[mutation(&change.to_string(), &change)]).await;
    assert_eq!(answer["errors"], json!([]), "{answer}");
}

/// SQLite reads `TRUE` as the name of a column where there is one, and gives a column of a subquery
/// with this name another one.
#[tokio::test(flavor = "multi_thread")]
async fn columns_named_true_and_false_do_not_decide_which_rows_are_read() {
    for (table, rows) in [
        (
            r#"t (id TEXT PRIMARY KEY, "true" INTEGER, "false" INTEGER, n)"#,
            "INSERT INTO t VALUES ('a', 0, 7, 1), ('b', NULL, 7, 1)",
        ),
        (
            r#"t ("true" TEXT, "false" INTEGER, n, PRIMARY KEY ("true", "false"))"#,
            "INSERT INTO t VALUES ('a', 0, 1), ('b', 1, 1)",
        ),
        (
            r#"t ("true" BLOB PRIMARY KEY, "false" INTEGER, n)"#,
            "INSERT INTO t VALUES (x'0a', 0, 1), (x'0b', 1, 1)",
        ),
        (
            r#"t (id TEXT PRIMARY KEY, "true" TEXT REFERENCES t, n)"#,
            "INSERT INTO t VALUES ('a', 'b', 1), ('b', NULL, 1)",
        ),
        (
            r#"t (id PRIMARY KEY, _status TEXT, _changed TEXT, "true" INTEGER, n)"#,
            "INSERT INTO t VALUES ('a', 'synced', '', 0, 1), ('b', NULL, '', NULL, 1), ('c', 'deleted', '', 1, NULL)",
        ),
    ] {
        let offline = Offline::new(&format!("CREATE TABLE {table}; {rows}"));
        let (schema, _) = infer(&offline);
        let server = TestServer::start(&schema.to_string()).await;
        let uploaded = upload(&offline, &server, &[]).await;
        assert_eq!(uploaded["stats"]["resources"]["t"]["records"], 2, "{table}: {uploaded}");
        let records = clone(&server).await["data"]["t"].as_array().unwrap().clone();
        assert_eq!(records.len(), 2, "{table}: {records:?}");
        let id = records[1]["id"].as_str().unwrap();
        change(&server, id, &json!({"n": 42})).await;
        upload(&offline, &server, &[]).await;
        assert_eq!(offline.column("SELECT n FROM t WHERE n NOT NULL ORDER BY n"), ["1", "42"], "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_which_columns_named_true_and_false_are_key_and_parent_go_by_depth() {
    let offline = Offline::new(
        r#"CREATE TABLE t ("true" INTEGER PRIMARY KEY, "false" INTEGER, gone INTEGER);
        INSERT INTO t VALUES (1, 3, 0), (2, 1, 1), (3, NULL, 0), (4, 2, 0)"#,
    );
    let schema = r#"{"resources": [{"name": "t", "storage": {"id": "true", "idFormat": "t:{}",
            "deletedWhen": {"column": "gone", "values": [1]}},
            "fields": [{"name": "false", "type": "string", "nullable": true}]}],
        "relations": [{"type": "many-one", "from": "t", "to": "t", "relation": "up", "fkField": "false"}]}"#;
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let server = TestServer::start(schema).await;
    let uploaded = upload(&offline, &server, &["--batch-size", "1", "--concurrency", "1"]).await;
    assert_eq!(uploaded["stats"]["resources"]["t"]["records"], 3, "{uploaded}");
    let feed = server.post("pull", &json!({"clientId": "x", "cursor": "0"})).await;
    let upserts = feed["changes"].as_array().unwrap().iter().filter(|change| change["op"] == "upsert");
    // The parent of record 4 is deleted: it is as deep as one without a parent.
    assert_eq!(upserts.map(|change| &change["id"]).collect::<Vec<_>>(), ["t:3", "t:4", "t:1"]);
}

/// A chain of operators is as deep as it is long, and SQLite allows a depth of 1,000.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_1900_columns_is_inferred_checked_previewed_and_uploaded() {
    for (declared, value) in [("TEXT", "'x'"), ("BOOLEAN", "1"), ("JSON", "'{}'"), ("REAL", "0.5")] {
        let mut columns = String::from("id TEXT PRIMARY KEY");
        for column in 0..1900 {
            let _ = write!(columns, ", c{column} {declared}");
        }
        let values = vec![value; 1900].join(", ");
        let offline =
            Offline::new(&format!("CREATE TABLE t ({columns}); INSERT INTO t VALUES ('a', {values})"));
        let (schema, _) = infer(&offline);
        let check = ["schema", "check", "schema.json", "--db", "app.db"];
        assert_eq!(status(&synctool(&offline).args(check).output().unwrap()), 0, "{declared}");
        let server = TestServer::start(&schema.to_string()).await;
        let preview = upload(&offline, &server, &["--dry-run"]).await;
        assert_eq!(preview["ok"], true, "{declared}");
        let uploaded = upload(&offline, &server, &[]).await;
        assert_eq!(uploaded["stats"]["resources"]["t"]["records"], 1, "{declared}");
    }
}

/// The first BLOB of a key column is written while a page of changes is applied, and the next change
/// of the same record has to find it.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_with_a_blob_key_is_pulled_twice_into_an_empty_table() {
    for (declared, expected) in [("BLOB", "x'00ff'"), ("BLOB NOT NULL", "x'00ff'"), ("INT", "x'1e30'")] {
        let id = if declared == "INT" { "t:1e30" } else { "t:00ff" };
        let offline = Offline::new(&format!("CREATE TABLE t (k {declared} PRIMARY KEY, n INTEGER)"));
        let schema = r#"{"resources": [{"name": "t", "storage": {"id": "k", "idFormat": "t:{}"},
            "fields": [{"name": "n", "type": "number", "nullable": true}]}]}"#;
        std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
        let server = TestServer::start(schema).await;
        change(&server, id, &json!({"n": 1})).await;
        change(&server, id, &json!({"n": 2})).await;
        upload(&offline, &server, &[]).await;
        assert_eq!(offline.rows("SELECT k, n FROM t"), [[expected, "2"]], "{declared}");
    }
}

/// 12, '12' and x'12' make the same id. Where the key is a field too, the pulled value tells them
/// apart, and what was pulled is not uploaded as something else.
#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_record_gets_the_key_that_its_field_tells() {
    let rows = "INSERT INTO t VALUES (x'12', 1, 1), (34, 1, 2), ('56', 1, 3), ('a', x'ff00', 4), (-7, 0, 5)";
    for declared in ["", "TEXT", "NUMERIC", "BLOB"] {
        let table = format!("CREATE TABLE t (a {declared}, b, n, PRIMARY KEY (a, b));");
        let offline = Offline::new(&format!("{table} {rows}"));
        let (schema, _) = infer(&offline);
        let server = TestServer::start(&schema.to_string()).await;
        upload(&offline, &server, &[]).await;
        let select = "SELECT typeof(a), a, typeof(b), b, n FROM t ORDER BY n";
        let uploaded = offline.rows(select);

        offline.execute("DELETE FROM t; DELETE FROM __datafn_cursors");
        upload(&offline, &server, &["--no-resume"]).await;
        assert_eq!(offline.rows(select), uploaded, "{declared}");
    }
}
