//! Rows that the application has marked as deleted (`storage.deletedWhen`, contract 1.1) are no
//! records: they are uploaded as deletes of stage C. Not the deletes in the change log (`deletes`).

use std::fmt::Write as _;

use serde_json::{Value, json};
use synctool::cloneup::FailureKind;

use super::common::{
    Answer, Offline, Rig, TestServer, WATERMELON, cloneup, infer, mutation, push, result, status, stderr,
    synctool, upsert,
};

/// A schema with one resource `posts` that has the field `title`.
fn schema(storage: &str) -> String {
    format!(
        r#"{{"resources": [{{"name": "posts", "version": 2, "storage": {storage},
            "fields": [{{"name": "title", "type": "string", "nullable": true}}]}}]}}"#
    )
}

const STATUS: &str = r#"{"deletedWhen": {"column": "_status", "values": ["deleted"]}}"#;
const DELETED_AT: &str = r#"{"deletedWhen": {"column": "deletedAt", "notNull": true}}"#;

/// Three posts, of which `b` is marked as deleted, in every way that a schema can say it.
const LAYOUTS: [(&str, &str); 5] = [
    (
        STATUS,
        "CREATE TABLE posts (id PRIMARY KEY, title, _status, _changed);
         INSERT INTO posts VALUES ('a', 'A', 'synced', ''), ('b', 'B', 'deleted', ''), ('c', 'C', NULL, NULL)",
    ),
    (
        DELETED_AT,
        "CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT, deletedAt TEXT);
         CREATE INDEX i ON posts (deletedAt);
         INSERT INTO posts VALUES ('a', 'A', NULL), ('b', 'B', '2024-01-01'), ('c', 'C', NULL)",
    ),
    (
        r#"{"deletedWhen": {"column": "is_deleted", "values": [true]}}"#,
        "CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT, is_deleted BOOLEAN NOT NULL DEFAULT 0);
         INSERT INTO posts VALUES ('a', 'A', 0), ('b', 'B', 1), ('c', 'C', 0)",
    ),
    (
        r#"{"table": "docs", "document": "data", "deletedWhen": {"column": "state", "values": ["trash", 3]}}"#,
        "CREATE TABLE docs (id TEXT PRIMARY KEY, data TEXT, state);
         INSERT INTO docs VALUES ('a', '{\"title\":\"A\"}', 'ok'), ('b', 'no document', 3), ('c', '{\"title\":\"C\"}', NULL)",
    ),
    (
        r#"{"idFormat": "{}", "id": "k", "deletedWhen": {"column": "gone", "values": [1]}}"#,
        "CREATE TABLE posts (k TEXT, title TEXT, flags INTEGER, gone AS (flags & 1));
         INSERT INTO posts VALUES ('a', 'A', 2), ('b', 'B', 3), ('c', 'C', NULL)",
    ),
];

/// The mutation id of the delete of a post.
fn delete_id(id: &str) -> String {
    let hash = blake3::hash(format!(r#"{{"id":"{id}","kind":"del","resource":"posts"}}"#).as_bytes());
    format!("cloneup:del:posts:{id}:{}", &hash.to_hex()[..32])
}

fn delete_of(id: &str) -> Value {
    json!({"resource": "posts", "version": 2, "operation": "delete", "id": id, "clientId": "C",
        "mutationId": delete_id(id)})
}

/// The `operation/id` of every mutation that was pushed.
fn sent(rig: &Rig) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mutations = rig.server.mutations().into_iter();
    mutations.map(|mutation| format!("{}/{}", text(&mutation["operation"]), text(&mutation["id"]))).collect()
}

#[tokio::test]
async fn marked_rows_are_sent_as_deletes_after_the_records() {
    for (storage, tables) in LAYOUTS {
        let mut rig = Rig::with(&schema(storage), tables).await;
        let outcome = rig.succeed().await;
        assert_eq!(sent(&rig), ["merge/a", "merge/c", "delete/b"], "{storage}");
        assert_eq!(rig.server.mutations()[2], delete_of("b"), "{storage}");
        assert_eq!(outcome.stats.resources[0].1.records, 2, "{storage}");
        assert_eq!(outcome.stats.deletes.unwrap().mutations, 1, "{storage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_counts_a_marked_row_as_a_delete_and_not_as_a_record() {
    for (storage, tables) in LAYOUTS {
        let (offline, schema) = (Offline::new(tables), schema(storage));
        std::fs::write(offline.folder().join("s.json"), &schema).unwrap();
        let server = TestServer::start(&schema).await;
        push(&server, &[mutation("m", &json!({"resource": "posts", "id": "b", "record": {"title": "B"}}))])
            .await;
        let run = |arguments: &[&str]| synctool(&offline).args(arguments).output().unwrap();

        let output = run(&["inspect", "app.db", "--schema", "s.json", "--output", "json"]);
        let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&seen["parts"][0]["rows"], &seen["parts"][0]["deleted"]),
            (&json!(2), &json!(1)),
            "{seen}"
        );
        let output = run(&["inspect", "app.db", "--schema", "s.json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("1 marked as deleted"), "{text}");
        assert_eq!(status(&run(&["schema", "check", "s.json", "--db", "app.db"])), 0);

        let plan = cloneup(&offline, server.base(), &["--schema", "s.json", "--dry-run"]).await;
        let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
        let parts: Vec<_> =
            plan["parts"].as_array().unwrap().iter().map(|part| (&part["name"], &part["rows"])).collect();
        assert_eq!(parts, [(&json!("posts"), &json!(2)), (&json!("deletes"), &json!(1))], "{plan}");
        assert_eq!(plan["deletes"], json!([delete_id("b")]));
        assert!(plan["parts"][1]["estimatedBytes"].as_u64().unwrap() > 100, "{plan}");

        let compare = ["verify", "--db", "app.db", "--schema", "s.json", "--remote", server.base()];
        let before = result(&run(&compare));
        let of = |id: &str, kind: &str| json!({"resource": "posts", "id": id, "kind": kind});
        assert_eq!(before["differences"], json!([of("a", "missing"), of("c", "missing"), of("b", "extra")]));
        let output = cloneup(&offline, server.base(), &["--schema", "s.json", "--verify"]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(result(&output)["stats"]["deletes"], json!({"mutations": 1}));
        let clone = server.post("clone", &json!({"clientId": "x"})).await;
        let posts = json!([{"id": "a", "title": "A"}, {"id": "c", "title": "C"}]);
        assert_eq!(clone["data"]["posts"], posts, "{storage}");
        assert_eq!(status(&run(&compare)), 0);
    }
}

#[tokio::test]
async fn without_deletes_a_marked_row_is_neither_a_record_nor_a_delete() {
    for (storage, tables) in LAYOUTS {
        let mut rig = Rig::with(&schema(storage), tables).await;
        rig.options.include_deletes = false;
        assert_eq!(rig.succeed().await.stats.deletes, None);
        assert_eq!(sent(&rig), ["merge/a", "merge/c"], "{storage}");
    }
}

#[tokio::test]
async fn a_delete_in_the_change_log_is_sent_in_place_of_the_marked_rows() {
    let (storage, tables) = LAYOUTS[0];
    let mut rig = Rig::with(&schema(storage), tables).await;
    rig.offline.execute("INSERT INTO posts (id, _status) VALUES ('d', 'deleted')");
    rig.offline.log("C", "mine", r#"{"resource":"posts","operation":"delete","id":"d"}"#);
    rig.offline.log("C", "other", r#"{"resource":"posts","operation":"delete","id":"gone"}"#);
    let outcome = rig.succeed().await;
    let deletes: Vec<_> =
        rig.server.mutations().split_off(2).into_iter().map(|m| m["mutationId"].clone()).collect();
    assert_eq!(deletes, [json!("mine"), json!("other"), json!(delete_id("b"))]);
    assert_eq!(outcome.stats.deletes.unwrap().mutations, 3);
    assert!(rig.offline.logged().is_empty());
}

#[tokio::test]
async fn only_resources_in_scope_send_deletes_and_referring_ones_first() {
    let resource = |name: &str| {
        format!(
            r#"{{"name": "{name}", "fields": [{{"name": "parent", "type": "string", "nullable": true}}],
                "storage": {{"deletedWhen": {{"column": "d", "values": [1]}}}}}}"#
        )
    };
    let schema = format!(
        r#"{{"resources": [{}, {}], "relations": [
            {{"type": "many-one", "from": "b", "to": "a", "relation": "a", "fkField": "parent"}}]}}"#,
        resource("a"),
        resource("b")
    );
    let tables = "CREATE TABLE a (id TEXT PRIMARY KEY, parent TEXT, d); CREATE TABLE b (id TEXT PRIMARY KEY, parent TEXT, d);
        INSERT INTO a VALUES ('x', NULL, 1), ('y', NULL, 0); INSERT INTO b VALUES ('z', 'x', 1), ('w', 'x', 0)";
    let mut rig = Rig::with(&schema, tables).await;
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["a/y", "b/w", "b/z", "a/x"]);
    let mut rig = Rig::with(&schema, tables).await;
    rig.options.resources = Some(vec!["a".to_owned()]);
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["a/y", "a/x"]);
}

#[tokio::test]
async fn a_reference_to_a_marked_row_has_no_influence_on_the_order() {
    let schema = r#"{"resources": [{"name": "a", "fields": [{"name": "parent", "type": "string"}],
        "storage": {"deletedWhen": {"column": "depth", "values": [9]}}}], "relations": [
        {"type": "many-one", "from": "a", "to": "a", "relation": "parent", "fkField": "parent"}]}"#;
    // The marker has the name of a column of the table of depths.
    let tables = "CREATE TABLE a (id TEXT PRIMARY KEY, parent TEXT, depth);
        INSERT INTO a VALUES ('c', 'x', 1), ('b', 'c', NULL), ('a', 'b', 0), ('x', 'root', 9), ('root', NULL, NULL)";
    let mut rig = Rig::with(schema, tables).await;
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["a/c", "a/root", "a/b", "a/a", "a/x"]);
}

#[tokio::test]
async fn a_marked_row_with_the_id_of_a_record_is_not_deleted_and_equal_ids_are_deleted_once() {
    for format in ["", r#""idFormat": "p-{}", "#] {
        let storage = format!(r#"{{{format}"deletedWhen": {{"column": "d", "notNull": true}}}}"#);
        let tables = "CREATE TABLE posts (id, title, d);
            INSERT INTO posts VALUES ('a', 'new', NULL), ('a', 'old', 1), ('b', 'old', 1), ('b', 'older', 2), ('B', 'x', 3)";
        let mut rig = Rig::with(&schema(&storage), tables).await;
        let outcome = rig.succeed().await;
        let sent = sent(&rig).join(" ").replace("p-", "");
        assert_eq!(sent, "merge/a delete/B delete/b", "{storage}");
        assert_eq!(outcome.stats.deletes.unwrap().mutations, 2);
    }
    // 1 and '1' are two keys, and one id.
    let storage = r#"{"idFormat": "p-{}", "deletedWhen": {"column": "d", "notNull": true}}"#;
    let tables = "CREATE TABLE posts (id PRIMARY KEY, title, d); INSERT INTO posts VALUES (1, 'A', NULL), ('1', 'B', 1)";
    let mut rig = Rig::with(&schema(storage), tables).await;
    rig.succeed().await;
    assert_eq!(sent(&rig), ["merge/p-1"]);
}

#[tokio::test]
async fn a_marked_row_is_not_checked_but_for_its_id() {
    let schema = r#"{"resources": [{"name": "posts", "fields": [{"name": "done", "type": "boolean"}],
        "storage": {"deletedWhen": {"column": "d", "notNull": true}}}]}"#;
    let tables = "CREATE TABLE posts (id, done, d); INSERT INTO posts VALUES ('a', 7, 1), ('b', 1, NULL)";
    let mut rig = Rig::with(schema, tables).await;
    rig.succeed().await;
    assert_eq!(sent(&rig), ["merge/b", "delete/a"]);

    rig.offline.execute("INSERT INTO posts VALUES (7, 1, 1)");
    let (code, message, path) = rig.fail().await;
    assert_eq!((code.as_str(), path.as_str()), ("DFQL_INVALID", "deletes[0].id"), "{message}");
    rig.options.include_deletes = false;
    rig.succeed().await;
    rig.offline.execute("UPDATE posts SET d = NULL");
    assert_eq!(rig.fail().await.2, "records[0].id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_marker_column_is_an_error_of_the_plan() {
    for tables in [
        "CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT)",
        "CREATE VIEW posts AS SELECT 'a' AS id, 1 AS title",
    ] {
        let offline = Offline::new(tables);
        std::fs::write(offline.folder().join("s.json"), schema(STATUS)).unwrap();
        let output = cloneup(&offline, "http://127.0.0.1:9", &["--schema", "s.json"]).await;
        let error = &result(&output)["errors"][0];
        assert_eq!((status(&output), &error["code"]), (3, &json!("STORAGE_ERROR")), "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("\"posts\"") && message.contains("\"_status\""), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_delete_is_named_and_sent_again_with_only_failed() {
    let (storage, tables) = LAYOUTS[0];
    let rig = Rig::with(&schema(storage), tables).await;
    rig.offline.execute("INSERT INTO posts (id, _status) VALUES ('d', 'deleted')");
    std::fs::write(rig.offline.folder().join("s.json"), schema(storage)).unwrap();
    let rejected = json!({"applied": [delete_id("d")], "errors": [
        {"mutationId": delete_id("b"), "code": "CONFLICT", "message": "no", "path": "id"}], "cursor": "3"});
    rig.server.script("push", [Answer::Apply, Answer::result(&rejected)]);
    let arguments = ["--schema", "s.json", "--no-fail-fast", "--client-id", "C", "--error-file", "failed"];
    let output = cloneup(&rig.offline, rig.server.base(), &arguments).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let line: Value =
        serde_json::from_str(&std::fs::read_to_string(rig.offline.folder().join("failed")).unwrap()).unwrap();
    assert_eq!(
        (&line["resource"], &line["id"], &line["mutationId"]),
        (&json!("posts"), &json!("b"), &json!(delete_id("b")))
    );
    let again = ["--schema", "s.json", "--client-id", "C", "--only-failed", "failed"];
    let output = cloneup(&rig.offline, rig.server.base(), &again).await;
    assert_eq!(result(&output)["stats"]["deletes"], json!({"mutations": 1}), "{}", stderr(&output));
    assert_eq!(rig.server.mutations()[4..], [delete_of("b")]);
}

#[tokio::test]
async fn an_interrupted_upload_continues_among_the_deletes() {
    let mut tables = "CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT, _status TEXT);".to_owned();
    for id in 0..9 {
        write!(tables, "INSERT INTO posts VALUES ('{id}', 'x', 'deleted');").unwrap();
    }
    for (change, first) in [("", "posts/4"), ("UPDATE posts SET _status = '' WHERE id = '2'", "posts/2")] {
        let mut rig = Rig::with(&schema(STATUS), &tables).await;
        rig.batch_size(1);
        rig.concurrency(1);
        rig.max_retries(0);
        rig.server.script("push", std::iter::repeat_n(Answer::Apply, 5).chain([Answer::Close]));
        assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Remote));
        rig.offline.execute(change);
        rig.succeed().await;
        assert_eq!(rig.server.subjects()[6], first, "{change}");
    }
}

#[tokio::test]
async fn a_pulled_record_makes_a_marked_row_a_record_again() {
    for ((storage, tables), expected) in LAYOUTS.into_iter().zip([
        "SELECT _status = 'synced' FROM posts",
        "SELECT deletedAt IS NULL FROM posts",
        "SELECT is_deleted = 0 FROM posts",
        "SELECT state IS NULL FROM docs",
    ]) {
        for title in ["new", "B"] {
            let mut rig = Rig::with(&schema(storage), tables).await;
            let changes = json!([
                upsert(9, "posts", "b", &json!({"title": title})),
                upsert(10, "posts", "n", &json!({}))
            ]);
            rig.server.script("pull", [Answer::result(&json!({"changes": changes, "nextCursor": null}))]);
            rig.succeed().await;
            assert!(rig.warnings.is_empty(), "{:?}", rig.warnings);
            for id in ["b", "n"] {
                let sql = format!("{expected} WHERE id = '{id}'");
                assert_eq!(rig.offline.column(&sql), ["1"], "{storage} {id} {title}");
            }
            let outcome = rig.succeed().await;
            assert_eq!((outcome.stats.resources[0].1.records, outcome.stats.deletes), (4, None), "{storage}");
        }
    }
}

#[tokio::test]
async fn a_mark_that_the_upload_has_not_pushed_is_not_cleared_by_a_pull() {
    let (storage, tables) = LAYOUTS[0];
    let pulled = |rig: &Rig| {
        let changes = json!([upsert(9, "posts", "b", &json!({"title": "new"}))]);
        rig.server.script("pull", [Answer::result(&json!({"changes": changes, "nextCursor": null}))]);
    };
    let mut rig = Rig::with(&schema(storage), tables).await;
    rig.options.include_deletes = false;
    pulled(&rig);
    rig.succeed().await;
    assert_eq!(rig.offline.rows("SELECT title, _status FROM posts WHERE id = 'b'"), [["B", "deleted"]]);

    // The application deletes it during the upload, and says so in its change log.
    let mut rig = Rig::with(&schema(storage), tables).await;
    pulled(&rig);
    rig.offline.log("C", "m", r#"{"resource":"posts","operation":"merge","id":"zz"}"#);
    let offline = &rig.offline.path();
    let outcome = {
        let path = offline.clone();
        rig.run_and(move |event| {
            if matches!(event, synctool::cloneup::Event::Finalizing) {
                let entry = r#"{"resource":"posts","operation":"delete","id":"b"}"#;
                let sql = "INSERT INTO __datafn_changelog (clientId, mutationId, mutation, timestampMs) VALUES ('C', 'late', ?1, 0)";
                rusqlite::Connection::open(&path).unwrap().execute(sql, [entry]).unwrap();
            }
        })
        .await
    };
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(rig.offline.rows("SELECT title, _status FROM posts WHERE id = 'b'"), [["B", "deleted"]]);
}

#[tokio::test]
async fn a_mark_that_cannot_be_cleared_stays_with_a_warning() {
    let (storage, _) = LAYOUTS[4];
    let tables = "CREATE TABLE posts (k TEXT, title TEXT, flags INTEGER, gone AS (flags & 1)); INSERT INTO posts VALUES ('b', 'B', 3)";
    let mut rig = Rig::with(&schema(storage), tables).await;
    let changes = json!([upsert(9, "posts", "b", &json!({"title": "new"}))]);
    rig.server.script("pull", [Answer::result(&json!({"changes": changes, "nextCursor": null}))]);
    rig.succeed().await;
    assert!(rig.warnings[0].contains("does not fit its table"), "{:?}", rig.warnings);
    assert_eq!(rig.offline.rows("SELECT title, gone FROM posts"), [["B", "1"]]);
}

#[tokio::test]
async fn a_pulled_delete_removes_a_marked_row() {
    let (storage, tables) = LAYOUTS[1];
    let mut rig = Rig::with(&schema(storage), tables).await;
    let changes = json!([super::common::delete(9, "posts", "b")]);
    rig.server.script("pull", [Answer::result(&json!({"changes": changes, "nextCursor": null}))]);
    rig.succeed().await;
    assert_eq!(rig.offline.column("SELECT id FROM posts ORDER BY id"), ["a", "c"]);
}

#[tokio::test]
async fn a_marker_that_is_a_field_has_the_pulled_value() {
    let schema = r#"{"resources": [{"name": "posts", "fields": [{"name": "deletedAt", "type": "date", "nullable": true}],
        "storage": {"deletedWhen": {"column": "deletedAt", "notNull": true}}}]}"#;
    let tables = "CREATE TABLE posts (id TEXT PRIMARY KEY, deletedAt TEXT); INSERT INTO posts VALUES ('a', 'then'), ('b', 'then')";
    let mut rig = Rig::with(schema, tables).await;
    let changes = json!([
        upsert(8, "posts", "a", &json!({"deletedAt": "now"})),
        upsert(9, "posts", "b", &json!({"deletedAt": null}))
    ]);
    rig.server.script("pull", [Answer::result(&json!({"changes": changes, "nextCursor": null}))]);
    rig.succeed().await;
    assert_eq!(rig.offline.rows("SELECT * FROM posts ORDER BY id"), [["a", "now"], ["b", "NULL"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_rows_of_watermelondb_are_inferred() {
    let offline = Offline::new(WATERMELON);
    offline.execute("INSERT INTO posts VALUES ('p3', '', 'deleted', 'Gone', 0, 1.0), ('p4', '', 'created', 'New', 0, 1.0)");
    let (schema, printed) = infer(&offline);
    assert_eq!(
        schema["resources"][0]["storage"]["deletedWhen"],
        json!({"column": "_status", "values": ["deleted"]})
    );
    assert!(printed.contains("uploaded as deletes"), "{printed}");
    let server = TestServer::start(&schema.to_string()).await;
    push(&server, &[mutation("m", &json!({"resource": "posts", "id": "p3", "record": {"title": "Gone"}}))])
        .await;
    let output = cloneup(&offline, server.base(), &["--schema", "schema.json", "--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let clone = server.post("clone", &json!({"clientId": "x"})).await;
    let ids: Vec<_> = clone["data"]["posts"].as_array().unwrap().iter().map(|post| &post["id"]).collect();
    assert_eq!(ids, ["p1", "p2", "p4"]);
    // The server's feed has the delete, which removes the row.
    assert!(offline.column("SELECT id FROM posts WHERE _status = 'deleted'").is_empty());
}

/// A table of each kind of key, with `parent` as the key of another row and one row that is marked;
/// the ids of the records in upload order, and the id of the marked row.
const KEYS: [(&str, &str, [&str; 2], &str); 4] = [
    (
        r#""id": ["k", "l"]"#,
        "CREATE TABLE posts (k TEXT, l, title, gone, parent, PRIMARY KEY (k, l)) WITHOUT ROWID;
         INSERT INTO posts VALUES ('a:', 1, 'A', 0, 0), ('b', x'0c', 'B', 0, 0), ('a', 7, 'C', 1, 0)",
        ["a%3A:1", "b:0c"],
        "a:7",
    ),
    (
        r#""id": ["k", "l"], "idFormat": "r/{}/{}""#,
        "CREATE TABLE posts (k, l, title, gone, parent);
         INSERT INTO posts VALUES (1, '2', 'A', 0, 0), (1, 3, 'B', 0, 0), (9, 9, 'C', 1, 0), ('9', 9, 'C', 1, 0),
             ('1', 2, 'same as a record', 1, 0)",
        ["r/1/2", "r/1/3"],
        "r/9/9",
    ),
    (
        r#""id": "rowid", "idFormat": "t:{}""#,
        "CREATE TABLE posts (title, gone, parent); INSERT INTO posts VALUES ('A', 0, 2), ('B', 0, 3), ('C', 1, NULL)",
        ["t:2", "t:1"],
        "t:3",
    ),
    (
        r#""id": "k", "idFormat": "t:{}""#,
        "CREATE TABLE posts (k BLOB PRIMARY KEY, title, gone, parent);
         INSERT INTO posts VALUES (x'0a', 'A', 0, '0b'), (x'0b', 'B', 0, x'0c'), ('0c', 'C', 1, NULL)",
        ["t:0b", "t:0a"],
        "t:0c",
    ),
];

#[tokio::test]
async fn marked_rows_have_keys_of_every_kind_and_become_records_again() {
    for (id, tables, records, marked) in KEYS {
        let (parent, relation) = if id.contains('[') {
            ("", "")
        } else {
            let field = r#", {"name": "parent", "type": "string", "nullable": true}"#;
            let relation = r#"{"type": "many-one", "from": "posts", "to": "posts", "relation": "up", "fkField": "parent"}"#;
            (field, relation)
        };
        let schema = format!(
            r#"{{"resources": [{{"name": "posts", "version": 2,
                "storage": {{{id}, "deletedWhen": {{"column": "gone", "values": [1]}}}},
                "fields": [{{"name": "title", "type": "string", "nullable": true}}{parent}]}}],
                "relations": [{relation}]}}"#
        );
        let mut rig = Rig::with(&schema, tables).await;
        rig.offline.log(
            "C",
            "m1",
            &format!(r#"{{"resource":"posts","operation":"delete","id":"{}"}}"#, records[0]),
        );
        let revived = upsert(9, "posts", marked, &json!({"title": "again"}));
        rig.server.script("pull", [Answer::result(&json!({"changes": [revived], "nextCursor": null}))]);
        rig.succeed().await;
        let [first, second] = records;
        let expected = [format!("merge/{first}"), format!("merge/{second}"), format!("delete/{marked}")];
        assert_eq!(sent(&rig), expected, "{id}");
        let again =
            rig.offline.rows("SELECT DISTINCT title, ifnull(gone, 0) FROM posts WHERE title = 'again'");
        assert_eq!(again, [["again", "0"]], "{id}");
        let left = rig.offline.rows("SELECT count(*) FROM posts WHERE title = 'C'");
        assert_eq!(left, [["0"]], "{id}");
    }
}
