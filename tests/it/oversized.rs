//! A row whose values alone are larger than the server's `maxBodyBytes` is rejected without being
//! sent (contract 3.1, step 1). Not mutations that the server refuses for their size (`push`), and
//! not `--batch-bytes` (`limits`).

use serde_json::{Value, json};
use synctool::cloneup::FailureKind;
use synctool::server::Limits;

use super::common::{Answer, Rig, SCHEMA, TestServer, cloneup, database, errors_of, result, status, stderr};

const MAX: u64 = 20_000;

/// Three tags, of which the second one has a label of 30,000 bytes.
const ROWS: &str = "INSERT INTO tags VALUES ('a', 'A'), ('b', hex(zeroblob(15000))), ('c', 'C')";

const MESSAGE: &str = "tags \"b\" was not sent: its values take 30000 bytes, and the server takes requests of \
    at most 20000";

async fn rig(rows: &str) -> Rig {
    let rig = Rig::new(rows).await;
    rig.server.script("status", [Answer::result(&json!({"limits": {"maxBodyBytes": MAX}}))]);
    rig
}

#[tokio::test]
async fn with_fail_fast_the_run_ends_at_the_row_and_what_is_before_it_is_sent() {
    let mut rig = rig(ROWS).await;
    let outcome = rig.run().await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Rejected));
    assert_eq!(rig.server.subjects(), ["tags/a"]);
    let [failure] = outcome.failures.as_slice() else { panic!("{outcome:?}") };
    let body = failure.body();
    assert_eq!((&*body.code, &*body.message, &*body.path), ("LIMIT_EXCEEDED", MESSAGE, "records[1]"));
    assert_eq!(failure.error.mutation_id, "");
    assert!(rig.server.pulls().is_empty(), "nothing is finalized");
}

#[tokio::test]
async fn without_fail_fast_the_others_are_sent_and_the_row_counts_as_a_record() {
    let mut rig = rig(ROWS).await;
    rig.options.fail_fast = false;
    let outcome = rig.run().await;
    assert_eq!(rig.server.subjects(), ["tags/a", "tags/c"]);
    assert_eq!(rig.server.batch_sizes(), [2], "it does not split a batch");
    let (_, stats) = &outcome.stats.resources[0];
    assert_eq!((stats.records, stats.mutations), (3, 2));
    assert_eq!(outcome.failures.len(), 1);
    assert!(rig.server.pulls().is_empty(), "nothing is finalized");

    // The next run continues after what the server has acknowledged, and reports the row again.
    rig.server.script("status", [Answer::result(&json!({"limits": {"maxBodyBytes": MAX}}))]);
    let again = rig.run().await;
    assert_eq!(again.failures[0].body().message, MESSAGE);
    let (_, stats) = &again.stats.resources[0];
    assert_eq!((again.failures.len(), stats.records, stats.mutations), (1, 3, 2));

    rig.offline.execute("UPDATE tags SET label = 'B' WHERE id = 'b'");
    rig.succeed().await;
    assert_eq!(rig.server.subjects()[4..], ["tags/a", "tags/b", "tags/c"]);
}

#[tokio::test]
async fn every_kind_of_value_counts_as_many_bytes_as_it_takes_in_json() {
    let pretty = r"'[' || printf('%.*c', 25000, ' ') || '1]'";
    for (row, is_rejected) in [
        // Base64 of a BLOB, and text of several columns together.
        ("INSERT INTO todos (id, photo) VALUES ('x', zeroblob(16000))", true),
        ("INSERT INTO todos (id, photo) VALUES ('x', zeroblob(14000))", false),
        ("INSERT INTO todos (id, title, note) VALUES ('x', hex(zeroblob(6000)), hex(zeroblob(6000)))", true),
        ("INSERT INTO todos (id, title) VALUES ('x', hex(zeroblob(9000)))", false),
        // JSON becomes smaller than its text.
        (&*format!("INSERT INTO todos (id, data) VALUES ('x', {pretty})"), false),
        ("INSERT INTO todos (id, data) VALUES ('x', '\"' || hex(zeroblob(12000)) || '\"')", true),
        // A column that is not sent.
        ("INSERT INTO todos (id, local) VALUES ('x', hex(zeroblob(15000)))", false),
        (
            "INSERT INTO tags VALUES ('g', 'G'); INSERT INTO todos (id) VALUES ('x');
          INSERT INTO join_todos_tags_tags VALUES ('x', 'g', 'x' || hex(zeroblob(15000)))",
            true,
        ),
    ] {
        let mut rig = rig(row).await;
        let outcome = rig.run().await;
        assert_eq!(outcome.failures.is_empty(), !is_rejected, "{row}: {outcome:?}");
        assert!(rig.server.pushes().iter().all(|push| push.text.len() < 40_000), "{row}");
        assert!(outcome.failures.iter().all(|failure| failure.body().code == "LIMIT_EXCEEDED"));
    }
}

#[tokio::test]
async fn a_document_counts_with_the_keys_that_are_sent() {
    let schema = r#"{"resources": [{"name": "docs", "storage": {"id": "id", "document": "data"},
        "fields": [{"name": "title", "type": "string"}]}]}"#;
    for (key, is_rejected) in [("title", true), ("other", false)] {
        let sql = format!(
            "CREATE TABLE docs (id TEXT, data TEXT);
             INSERT INTO docs VALUES ('x', json_object('{key}', hex(zeroblob(12000))))"
        );
        let mut rig = Rig::with(schema, &sql).await;
        rig.server.script("status", [Answer::result(&json!({"limits": {"maxBodyBytes": MAX}}))]);
        let outcome = rig.run().await;
        assert_eq!(outcome.failures.is_empty(), !is_rejected, "{key}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_row_of_a_large_sorted_table_is_rejected_in_its_place() {
    let rows = 60_000;
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO tags SELECT printf('%08x', i * 2654435761 % 4294967296), 'x' FROM n;
         UPDATE tags SET label = hex(zeroblob(15000)) WHERE id = (SELECT id FROM tags ORDER BY id LIMIT 1 OFFSET 777)"
    );
    let mut rig = rig(&sql).await;
    rig.options.fail_fast = false;
    rig.batch_size(1000);
    let outcome = rig.run().await;
    assert_eq!(rig.server.mutations().len(), rows - 1);
    assert_eq!(outcome.failures[0].body().path, "records[777]");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_names_the_row_and_the_error_file_repeats_it() {
    let offline = database();
    offline.execute("INSERT INTO tags VALUES ('big', hex(zeroblob(15000)))");
    let limits = Limits { max_body_bytes: 20_000, ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, None, limits).await;
    let arguments = ["--no-fail-fast", "--error-file", "failed.ndjson"];
    let output = cloneup(&offline, server.base(), &arguments).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let message = MESSAGE.replace("\"b\"", "\"big\"");
    assert_eq!(errors_of(&output), [("LIMIT_EXCEEDED".to_owned(), message.clone(), "records[0]".to_owned())]);
    assert!(stderr(&output).contains(&message), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("failed after 2 records, 0 join rows, 1 rejected in "),
        "{}",
        stderr(&output)
    );
    assert_eq!(result(&output)["stats"]["resources"]["tags"], json!({"records": 3, "mutations": 2}));
    let text = std::fs::read_to_string(offline.folder().join("failed.ndjson")).unwrap();
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((&line["resource"], &line["id"]), (&json!("tags"), &json!("big")));

    let output = cloneup(&offline, server.base(), &["--dry-run"]).await;
    let warning =
        "1 record of tags has more than 20000 bytes of values, and the server takes no larger request";
    assert_eq!(result(&output)["warnings"], json!([warning]));

    offline.execute("UPDATE tags SET label = 'small' WHERE id = 'big'");
    let output = cloneup(&offline, server.base(), &["--only-failed", "failed.ndjson"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(result(&output)["stats"]["resources"]["tags"], json!({"records": 1, "mutations": 1}));
}
