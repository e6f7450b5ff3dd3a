//! Changes of other clients are pulled into the database (contract 1.2, 3.4). Not which local
//! changes they may not overwrite (`finalize`).

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use synctool::cloneup::{Event, FailureKind};

use super::common::{Answer, Rig, SCHEMA, TestServer, delete, upsert};

fn feed(changes: &Value, next: Option<&str>) -> Answer {
    Answer::result(&json!({"changes": changes, "nextCursor": next}))
}

#[tokio::test]
async fn pages_are_pulled_until_the_last_and_move_the_cursor() {
    let mut rig = Rig::new("").await;
    rig.offline.set_cursor("__global_cursor__", "5");
    rig.options.pull_limit = 2.try_into().unwrap();
    rig.server.script(
        "pull",
        [
            feed(
                &json!([
                    upsert(6, "tags", "g6", &json!({"label": "x"})),
                    upsert(8, "tags", "g8", &json!({}))
                ]),
                Some("9"),
            ),
            feed(&json!([upsert(10, "tags", "g10", &json!({"label": "y"}))]), None),
        ],
    );
    rig.succeed().await;
    let asked: Vec<_> = rig.server.pulls().iter().map(|pull| pull.body.clone()).collect();
    assert_eq!(
        asked,
        [
            json!({"clientId": "C", "cursor": "5", "limit": 2, "cursors": {}}),
            json!({"clientId": "C", "cursor": "9", "limit": 2, "cursors": {}}),
        ]
    );
    assert_eq!(
        rig.offline.rows("SELECT * FROM tags ORDER BY id"),
        [["g10", "y"], ["g6", "x"], ["g8", "NULL"]]
    );
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("10"));
}

#[tokio::test]
async fn pulled_values_are_stored_by_the_inverse_mapping() {
    let mut rig =
        Rig::new("INSERT INTO todos (id, title, note, photo, local) VALUES ('old', 'A', 'n', x'01', 'kept')")
            .await;
    let record = json!({"title": "B", "done": true, "count": 9_007_199_254_740_993_u64, "data": {"b": [1.5]},
        "photo": "AP8=", "projectId": "p", "unknown": 1});
    let sparse = json!({"title": "C", "done": false, "count": 0.5, "note": null});
    rig.server.script(
        "pull",
        [feed(&json!([upsert(1, "todos", "new", &record), upsert(2, "todos", "old", &sparse)]), None)],
    );
    rig.succeed().await;
    assert_eq!(
        rig.offline.rows("SELECT * FROM todos ORDER BY id"),
        [
            ["new", "B", "1", "9007199254740993", "NULL", r#"{"b":[1.5]}"#, "x'00ff'", "p", "mine"],
            ["old", "C", "0", "0.5", "NULL", "NULL", "NULL", "NULL", "kept"],
        ]
    );
}

#[tokio::test]
async fn the_pull_after_an_upload_fetches_only_records_that_others_changed() {
    let server = TestServer::start(SCHEMA).await;
    let others = |id: &str| {
        let record = json!({"title": "theirs", "count": 5});
        json!({"clientId": "you", "mutations": [{"resource": "todos", "version": 1, "operation": "merge",
            "id": id, "record": record, "clientId": "you", "mutationId": id}]})
    };
    server.post("push", &others("both")).await;
    for (set_cursor, expected) in [(true, "13"), (false, "25")] {
        server.post("push", &others(&format!("theirs {expected}"))).await;
        let mut rig = Rig::new(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
             INSERT INTO tags (id) SELECT 'g' || i FROM n; INSERT INTO todos (id, title) VALUES ('both', 'mine')",
        )
        .await;
        rig.remote.base = server.base().to_owned();
        rig.options.client_id = Some(expected.to_owned());
        rig.options.set_global_cursor_on_success = set_cursor;
        rig.offline.set_cursor("__global_cursor__", if set_cursor { "0" } else { "13" });
        let pulled = AtomicU64::new(0);
        rig.run_and(|event| {
            if let Event::Pulled { changes, .. } = event {
                pulled.fetch_add(*changes, Ordering::Relaxed);
            }
        })
        .await;
        assert_eq!(
            pulled.into_inner(),
            2,
            "the record of the other client, and the one that a merge combined"
        );
        assert_eq!(rig.offline.rows("SELECT title, count FROM todos WHERE id = 'both'"), [["mine", "5"]]);
        assert_eq!(rig.offline.cursor("__global_cursor__").unwrap(), expected);
    }
}

#[tokio::test]
async fn fields_that_a_new_record_lacks_are_null_unless_the_column_is_not_null() {
    let mut rig = Rig::new(
        "DROP TABLE tags; CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT DEFAULT 'none', mine TEXT DEFAULT 'x');
         DROP TABLE projects; CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT 'new')",
    )
    .await;
    let changes = json!([upsert(1, "tags", "g", &json!({})), upsert(2, "projects", "p", &json!({}))]);
    rig.server.script("pull", [feed(&changes, None)]);
    rig.succeed().await;
    assert_eq!(rig.offline.rows("SELECT label, mine FROM tags"), [["NULL", "x"]]);
    assert_eq!(rig.offline.rows("SELECT name FROM projects"), [["new"]], "it cannot be NULL");
}

#[tokio::test]
async fn a_row_whose_values_are_equal_is_not_written() {
    let rows = "INSERT INTO todos (id, count, data, photo) VALUES ('t', 2, '{ \"b\": 1,  \"a\": 2.0 }', x'00ff');
        CREATE TABLE writes (n); CREATE TRIGGER w AFTER UPDATE ON todos BEGIN INSERT INTO writes VALUES (1); END";
    let mut rig = Rig::new(rows).await;
    let record = json!({"id": "t", "count": 2.0, "data": {"a": 2, "b": 1}, "photo": "AP8="});
    rig.server.script("pull", [feed(&json!([upsert(1, "todos", "t", &record)]), None)]);
    rig.succeed().await;
    assert_eq!(rig.offline.rows("SELECT count, data FROM todos"), [["2", "{ \"b\": 1,  \"a\": 2.0 }"]]);
    assert!(rig.offline.rows("SELECT * FROM writes").is_empty(), "the row was written to");
}

#[tokio::test]
async fn join_rows_are_stored_and_deleted_even_with_colons_in_their_ids() {
    let mut rig =
        Rig::new("INSERT INTO join_todos_tags_tags VALUES ('a:b', 'c:d', 1), ('x', 'y', 1), ('k', 'l', 1)")
            .await;
    let store = "join_todos_tags_tags";
    let changes = json!([
        upsert(1, store, "x:y", &json!({"from": "x", "to": "y", "order": 7})),
        upsert(2, store, "n:m", &json!({"from": "n", "to": "m", "order": 2.5})),
        delete(3, store, "a:b:c:d"),
        {"serverSeq": 4, "resource": store, "id": "k:l", "op": "delete", "record": {"from": "k", "to": "l"}},
    ]);
    rig.server.script("pull", [feed(&changes, None)]);
    rig.succeed().await;
    let rows = rig.offline.rows("SELECT * FROM join_todos_tags_tags ORDER BY 1");
    assert_eq!(rows, [["n", "m", "2.5"], ["x", "y", "7.0"]]);
}

#[tokio::test]
async fn a_join_row_for_a_missing_join_table_creates_the_table() {
    let mut rig = Rig::new("DROP TABLE join_todos_tags_tags").await;
    let row = upsert(1, "join_todos_tags_tags", "t:g", &json!({"from": "t", "to": "g", "order": 1}));
    rig.server.script("pull", [feed(&json!([row]), None)]);
    rig.succeed().await;
    assert_eq!(rig.offline.rows("SELECT * FROM join_todos_tags_tags"), [["t", "g", "1"]]);
}

#[tokio::test]
async fn changes_of_resources_outside_the_schema_are_skipped_and_deletes_are_applied() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('g', 'G')").await;
    let changes = json!([
        upsert(1, "sqlite_master", "x", &json!({"sql": "y"})),
        upsert(2, "audit", "x", &json!({})),
        delete(3, "tags", "g"),
        delete(4, "tags", "never was"),
        delete(5, "__datafn_meta", "clientId"),
    ]);
    rig.server.script("pull", [feed(&changes, None)]);
    rig.succeed().await;
    assert!(rig.offline.rows("SELECT * FROM tags").is_empty());
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("5"));
}

#[tokio::test]
async fn the_second_dialect_has_a_cursor_per_resource() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('g', 'G'), ('h', 'H')").await;
    rig.offline.set_cursor("tags", "3");
    rig.server.script(
        "pull",
        [
            Answer::Json(200, json!({"ok": true, "result": {"records": {"tags": [{"id": "g", "label": "new"}]},
                "deleted": {"tags": ["h"], "unheard": ["x"]}, "cursors": {"tags": "7", "todos": null}, "hasMore": true}})),
            Answer::Json(200, json!({"records": {}, "cursors": {"tags": "7"}})),
        ],
    );
    rig.succeed().await;
    let asked: Vec<_> = rig.server.pulls().iter().map(|pull| pull.body["cursors"].clone()).collect();
    assert_eq!(asked, [json!({"tags": "3"}), json!({"tags": "7"})]);
    assert_eq!(rig.offline.rows("SELECT * FROM tags"), [["g", "new"]]);
    assert_eq!(rig.offline.cursor("tags").as_deref(), Some("7"));
}

#[tokio::test]
async fn stored_cursors_never_decrease() {
    let mut rig = Rig::new("").await;
    rig.offline.set_cursor("__global_cursor__", "100");
    rig.offline.set_cursor("tags", "50");
    rig.server.script("pull", [feed(&json!([delete(3, "tags", "g")]), None)]);
    rig.succeed().await;
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("100"));

    rig.server.script("pull", [Answer::Json(200, json!({"cursors": {"tags": "9"}}))]);
    rig.succeed().await;
    assert_eq!(rig.offline.cursor("tags").as_deref(), Some("50"));
}

#[tokio::test]
async fn a_cursor_that_does_not_advance_is_a_transport_error() {
    for answer in [
        feed(&json!([]), Some("5")),
        feed(&json!([]), Some("4")),
        Answer::Json(200, json!({"records": {}, "cursors": {"tags": "0"}, "hasMore": true})),
    ] {
        let mut rig = Rig::new("").await;
        rig.offline.set_cursor("__global_cursor__", "5");
        rig.offline.set_cursor("tags", "0");
        rig.server.script("pull", [answer]);
        let outcome = rig.run().await;
        let error = outcome.failures[0].body();
        assert_eq!((error.code.as_str(), error.path.as_str()), ("TRANSPORT_ERROR", "sync.pull"));
        assert_eq!(outcome.failure_kind(), Some(FailureKind::Remote));
        assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("5"));
    }
}

#[tokio::test]
async fn a_pull_is_retried_and_its_failure_keeps_the_change_log() {
    let mut rig = Rig::new("INSERT INTO tags (id) VALUES ('g')").await;
    rig.offline.log("C", "m1", r#"{"resource":"tags","operation":"merge","id":"g"}"#);
    rig.server.script("pull", vec![Answer::Close; 4]);
    let (code, _, path) = rig.fail().await;
    assert_eq!((code.as_str(), path.as_str()), ("TRANSPORT_ERROR", "sync.pull"));
    assert_eq!(rig.offline.logged(), ["m1"]);
    assert_eq!(rig.offline.cursor("__global_cursor__"), None);

    rig.server.script("pull", vec![Answer::Close; 3]);
    rig.succeed().await;
    assert!(rig.offline.logged().is_empty());
}

#[tokio::test]
async fn a_page_that_cannot_be_applied_is_rolled_back() {
    let rows = "DROP TABLE tags; CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT CHECK (label <> 'bad'))";
    let mut rig = Rig::new(rows).await;
    let changes = json!([
        upsert(1, "tags", "a", &json!({"label": "good"})),
        upsert(2, "tags", "b", &json!({"label": "bad"}))
    ]);
    rig.server.script("pull", [feed(&changes, None)]);
    let outcome = rig.run().await;
    assert_eq!(
        (outcome.failure_kind(), outcome.failures[0].body().code.as_str()),
        (Some(FailureKind::Storage), "STORAGE_ERROR")
    );
    assert!(rig.offline.rows("SELECT * FROM tags").is_empty());
    assert_eq!(rig.offline.cursor("__global_cursor__"), None);
}

#[tokio::test]
async fn an_untyped_key_matches_integer_and_text_values() {
    let schema = r#"{"resources": [{"name": "a", "fields": [{"name": "t", "type": "string"}],
        "storage": {"id": "k", "idFormat": "a:{}"}}]}"#;
    let mut rig =
        Rig::with(schema, "CREATE TABLE a (k, t TEXT); INSERT INTO a VALUES (5, 'x'), ('6', 'x')").await;
    let change = |seq: u64, id: &str| upsert(seq, "a", id, &json!({"t": "new"}));
    rig.server.script("pull", [feed(&json!([change(1, "a:5"), change(2, "a:6"), change(3, "a:7")]), None)]);
    rig.succeed().await;
    assert_eq!(
        rig.offline.rows("SELECT k, typeof(k), t FROM a ORDER BY rowid"),
        [["5", "integer", "new"], ["6", "text", "new"], ["7", "integer", "new"]]
    );
}

#[tokio::test]
async fn a_pulled_row_with_an_empty_id_is_skipped_because_no_upload_could_send_it() {
    let mut rig = Rig::new("").await;
    let joined = |from: &str, to: &str| {
        let record = json!({"from": from, "to": to});
        upsert(7, "join_todos_tags_tags", &format!("{from}:{to}"), &record)
    };
    let changes = json!([
        upsert(5, "tags", "", &json!({"label": "x"})),
        upsert(6, "tags", "g", &json!({"label": "y"})),
        joined("", "g"),
        joined("t", ""),
    ]);
    rig.server.script("pull", [feed(&changes, None)]);
    rig.succeed().await;
    assert_eq!(rig.offline.rows("SELECT * FROM tags"), [["g", "y"]]);
    assert_eq!(rig.offline.rows("SELECT count(*) FROM join_todos_tags_tags"), [["0"]]);
    assert_eq!(rig.warnings.iter().filter(|text| text.contains("does not fit its table")).count(), 3);
    rig.succeed().await;
}
