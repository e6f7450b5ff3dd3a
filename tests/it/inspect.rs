//! What is printed without an upload: `inspect`, `schema check` and `cloneup --dry-run`. Not the
//! inference of a schema (`layouts`).

use serde_json::{Value, json};

use super::common::{
    CHINOOK, Offline, SCHEMA, TestServer, cloneup, database, infer, result, status, stderr, synctool,
};

#[test]
fn inspect_prints_a_table_or_json() {
    let offline = database();
    offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"x"}"#);
    offline.log("C", "m2", "{");
    offline.set_cursor("__global_cursor__", "7");
    let output = synctool(&offline).args(["inspect", "app.db"]).output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
    let output = synctool(&offline).args(["inspect", "app.db", "--output", "json"]).output().unwrap();
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&seen["cursor"], &seen["clientId"]), (&json!("7"), &json!("C")));
    assert_eq!(seen["pending"], json!({"delete": 1, "unreadable": 1}));
    assert_eq!(seen["parts"][2], json!({"kind": "records", "name": "tags", "table": "tags", "rows": 2}));

    let offline = Offline::new(CHINOOK);
    let output = synctool(&offline).args(["inspect", "app.db"]).output().unwrap();
    assert!(stderr(&output).contains("one was inferred"), "{}", stderr(&output));
    assert_eq!(status(&synctool(&offline).args(["inspect", "no.db"]).output().unwrap()), 3);
}

/// A CJK character takes two columns of a terminal, so the names are eight columns wide.
#[test]
fn inspect_aligns_columns_by_displayed_width() {
    let offline = Offline::new(
        "CREATE TABLE 待办事项 (id TEXT PRIMARY KEY); INSERT INTO 待办事项 VALUES ('a');
         CREATE TABLE tags (id TEXT PRIMARY KEY); INSERT INTO tags VALUES ('a'), ('b')",
    );
    let schema = r#"{"resources": [{"name": "待办事项"}, {"name": "tags"}]}"#;
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let output = synctool(&offline).args(["inspect", "app.db", "--schema", "schema.json"]).output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let table: Vec<_> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(
        table,
        [
            "          table     rows", //
            "待办事项  待办事项     1",
            "tags      tags         2",
        ]
    );
}

#[test]
fn schema_check_reports_every_problem_of_schema_and_database() {
    let offline = Offline::new(CHINOOK);
    infer(&offline);
    let check = |schema: &str, db: &[&str]| {
        let output = synctool(&offline).args(["schema", "check", schema]).args(db).output().unwrap();
        (status(&output), stderr(&output))
    };
    assert_eq!(check("schema.json", &[]), (0, "the schema is valid\n".to_owned()));
    assert_eq!(
        check("schema.json", &["--db", "app.db"]),
        (0, "the schema is valid, and the database fits it\n".to_owned())
    );
    let bad = r#"{"resources":[{"name":"todos","fields":[{"name":"x"},
      {"type":"strng", "requird": true}, {"name": "when", "type": "date"}]}],
      "relations": [{"type": "many-to-many", "from": "todo", "to": "todos"}]}"#;
    std::fs::write(offline.folder().join("bad.json"), bad).unwrap();
    let (status, printed) = check("bad.json", &[]);
    let lines: Vec<_> = printed.lines().collect();
    let expected = [
        "warning: bad.json, line 2, column 15: the type `strng` is not known; its values are mapped as SQLite \
         stores them; is it meant to be `string`? (resources[0].fields[1].type)",
        "warning: bad.json, line 2, column 35: the key `requird` is ignored; is it meant to be `required`? \
         (resources[0].fields[1].requird)",
        "error: bad.json, line 1, column 41: `type` is missing (resources[0].fields[0].type)",
        "error: bad.json, line 2, column 7: `name` is missing (resources[0].fields[1].name)",
        "error: bad.json, line 3, column 30: unknown relation type `many-to-many`; there are many-many, \
         many-one, one-many, one-one; is it meant to be `many-many`? (relations[0].type)",
        "error: bad.json, line 3, column 54: unknown resource `todo`; is it meant to be `todos`? \
         (relations[0].from)",
        "4 problems",
    ];
    assert_eq!((status, lines.as_slice()), (2, expected.as_slice()));
    offline.execute("PRAGMA foreign_keys = OFF; DROP TABLE PlaylistTrack; DROP TABLE Artist");
    let (status, printed) = check("schema.json", &["--db", "app.db"]);
    assert_eq!((status, printed.lines().last()), (2, Some("2 problems")), "{printed}");
    assert_eq!(check("nowhere.json", &[]).0, 2);
}

#[test]
fn schema_check_names_what_the_database_lacks_and_what_has_no_effect() {
    let offline = Offline::new(
        "CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT); CREATE TABLE tags (id INTEGER PRIMARY KEY);
         INSERT INTO tags VALUES (7)",
    );
    let schema = r#"{"resources": [
        {"name": "todos", "fields": [{"name": "titel", "type": "string", "required": true},
            {"name": "due", "type": "date", "column": "due_at"}, {"name": "note", "type": "string"}]},
        {"name": "tag"}, {"name": "tags"}],
      "relations": [{"type": "many-one", "from": "todos", "to": "tags"}]}"#;
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let arguments = ["schema", "check", "schema.json", "--db", "app.db"];
    let output = synctool(&offline).args(arguments).output().unwrap();
    let printed = stderr(&output);
    let has = |part: &str| assert!(printed.contains(part), "{part}: {printed}");
    assert_eq!(status(&output), 2);
    has("warning: schema.json, line 5, column 21: without `fkField`");
    has(r#"table "todos" has no columns "titel", "due_at", which the schema needs; it has "id", "title""#);
    has(r#"there is no table "tag" for resource `tag`; the database has "tags", "todos""#);
    has("hint: an id is a text");
    has("3 problems");
    std::fs::write(offline.folder().join("schema.json"), r#"{"resources": []}"#).unwrap();
    let output = synctool(&offline).args(arguments).output().unwrap();
    assert_eq!(status(&output), 0);
    assert!(stderr(&output).starts_with("warning: the schema has no resources"), "{}", stderr(&output));
    for (text, problem) in [
        ("", "error: schema.json: not JSON: it is empty"),
        ("{\n 'a'}", "error: schema.json, line 2, column 2: not JSON: key must be a string"),
    ] {
        std::fs::write(offline.folder().join("schema.json"), text).unwrap();
        let output = synctool(&offline).args(arguments).output().unwrap();
        assert_eq!((status(&output), stderr(&output).lines().next()), (2, Some(problem)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_the_plan_and_changes_nothing() {
    let offline = database();
    offline.execute("DELETE FROM __datafn_meta WHERE key = 'clientId'");
    offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"x"}"#);
    let server = TestServer::start(SCHEMA).await;
    let before = std::fs::read(offline.path()).unwrap();
    let output =
        cloneup(&offline, server.base(), &["--dry-run", "--batch-size", "1", "--events", "events"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let plan = result(&output);
    assert_eq!(
        (&plan["ok"], &plan["dryRun"], &plan["deletes"]),
        (&json!(true), &json!(true), &json!(["m1"]))
    );
    let tags = &plan["parts"][0];
    assert_eq!((&tags["name"], &tags["rows"], &tags["batches"]), (&json!("tags"), &json!(2), &json!(2)));
    assert!((200..1000).contains(&tags["estimatedBytes"].as_u64().unwrap()), "{tags}");
    assert_eq!(plan["server"], json!({"answers": true, "acceptsToken": true}));
    assert_eq!(plan["finalization"], json!({"pullFrom": "0", "setGlobalCursor": true, "drainUpTo": 1}));
    assert_eq!(std::fs::read(offline.path()).unwrap(), before);
    assert!(!offline.folder().join("events").exists());
    assert_eq!(server.post("clone", &json!({"clientId": "x"})).await["data"]["tags"], json!([]));

    let output = cloneup(&offline, "http://127.0.0.1:9/datafn", &["--dry-run"]).await;
    assert_eq!((status(&output), &result(&output)["server"]["answers"]), (4, &json!(false)));
}

#[test]
fn a_file_that_is_no_database_is_named_for_what_it_may_be() {
    let offline = database();
    // As SQLCipher writes: whole pages in which every byte is as likely as any other.
    let mut encrypted = vec![0; 8192];
    fastrand::Rng::with_seed(1).fill(&mut encrypted);
    // With the header in the clear, as on iOS.
    let mut below_header = std::fs::read(offline.path()).unwrap();
    below_header[32..4096].copy_from_slice(&encrypted[32..4096]);
    let dump = "PRAGMA foreign_keys=OFF;\nCREATE TABLE t (id TEXT);\n".repeat(50);
    for (content, part) in [
        (encrypted.as_slice(), "encrypted (SQLCipher)"),
        (&below_header, "encrypted (SQLCipher)"),
        (&[&b"PK\x03\x04"[..], &encrypted[4..]].concat(), "archive"),
        (dump.as_bytes(), "text"),
        (&[7; 4096], "must be a SQLite database"),
    ] {
        std::fs::write(offline.folder().join("odd.db"), content).unwrap();
        for arguments in [
            &["cloneup", "--db", "odd.db", "--remote", "http://127.0.0.1:9/datafn"][..],
            &["schema", "infer", "odd.db"],
            &["inspect", "odd.db"],
        ] {
            let output = synctool(&offline).args(arguments).output().unwrap();
            assert_eq!(status(&output), 3, "{arguments:?}: {}", stderr(&output));
            assert!(stderr(&output).contains(part), "{arguments:?}: {}", stderr(&output));
        }
    }
}
