//! What a person is told about differences, and the file of them.

use serde_json::{Value, json};

use super::{uploaded, verify};
use crate::common::{Offline, SCHEMA, TestServer, cloneup, database, mutation, push, result, status, stderr};

/// A server and a database with some differences.
async fn different(rows: u32) -> (TestServer, Offline) {
    let (server, offline) = (TestServer::start(SCHEMA).await, database());
    offline.execute(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO todos (id, title, count) SELECT printf('t%05d', i), 'A', i FROM n"
    ));
    uploaded(&server, &offline).await;
    let record = json!({"label": "x"});
    let extra = json!({"resource": "tags", "operation": "insert", "id": "extra", "record": record});
    push(&server, &[mutation("extra", &extra)]).await;
    offline.execute("UPDATE todos SET title = 'B'; INSERT INTO tags VALUES ('new\u{1b}[31m', 'N')");
    (server, offline)
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_named_the_rest_is_counted_and_the_way_out_is_named() {
    let (server, offline) = different(200).await;
    let output = verify(&offline, server.base(), &[]).await;
    let told = stderr(&output);
    assert!(told.contains("todos t00001: different on the server (title)"), "{told}");
    assert!(told.contains("202 differences, 192 of them not shown here"), "{told}");
    assert!(told.contains("hint: cloneup --overwrite sends what is missing or different"), "{told}");
    assert!(told.contains("--delete-extra also removes what only the server has"), "{told}");
    assert!(!told.contains('\u{1b}'), "{told}");
    let found = result(&output);
    let explained =
        found["differences"].as_array().unwrap().iter().filter(|one| one.get("fields").is_some()).count();
    assert_eq!((explained, found.get("unlisted")), (100, None));
    let quiet = verify(&offline, server.base(), &["--quiet"]).await;
    assert_eq!((status(&quiet), stderr(&quiet)), (1, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_shown_where_they_are_asked_for() {
    let (server, offline) = different(2).await;
    let output = verify(&offline, server.base(), &["--show-values"]).await;
    let told = stderr(&output);
    assert!(told.contains("  title: \"B\" in the database, \"A\" on the server"), "{told}");
    let field = &result(&output)["differences"][0]["fields"][0];
    assert_eq!((&field["localValue"], &field["serverValue"]), (&json!("B"), &json!("A")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_file_has_all_differences_and_only_failed_sends_those_that_can_be_sent() {
    // More differences than a result lists.
    let (server, offline) = different(10_050).await;
    let output = verify(&offline, server.base(), &["--error-file", "differences.ndjson"]).await;
    let found = result(&output);
    assert_eq!((found["differences"].as_array().unwrap().len(), &found["unlisted"]), (10_000, &json!(52)));
    let text = std::fs::read_to_string(offline.folder().join("differences.ndjson")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: std::collections::BTreeSet<_> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!((lines.len(), ids.len()), (10_052, 10_052));
    assert!(ids.contains("extra") && ids.contains("t10050"));

    let output = cloneup(&offline, server.base(), &["--only-failed", "differences.ndjson"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("are not in the database"), "{}", stderr(&output));
    let output = verify(&offline, server.base(), &[]).await;
    assert_eq!(result(&output)["differences"], json!([{"resource": "tags", "id": "extra", "kind": "extra"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_file_that_cannot_be_made_is_a_usage_error() {
    let (server, offline) = different(1).await;
    let output = verify(&offline, server.base(), &["--error-file", "no/such/folder"]).await;
    assert_eq!((status(&output), result(&output)["errors"][0]["path"].as_str()), (2, Some("errorFile")));
}
