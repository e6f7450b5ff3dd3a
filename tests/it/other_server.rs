//! Cursors belong to the server whose `storeId` is stored with them (contract 1.3): what a database
//! has of one server says nothing about another. Not the checkpoint of an upload (`resume`).

use serde_json::{Value, json};

use super::common::{
    Answer, Offline, Rig, SCHEMA, TestServer, cloneup, database, mutation, push, result, status, stderr,
    synctool, upsert,
};

fn stored(offline: &Offline) -> Option<String> {
    let sql = "SELECT value FROM __datafn_meta WHERE key = 'storeId'";
    if offline.has_table("__datafn_meta") { offline.column(sql).pop() } else { None }
}

async fn store_id(server: &TestServer) -> String {
    let answer = super::common::client().get(format!("{}/status", server.base())).send().await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    answer["result"]["storeId"].as_str().unwrap().to_owned()
}

/// A server with tags of another client, from `g0` on.
async fn server_with(tags: usize, label: &str) -> TestServer {
    let server = TestServer::start(SCHEMA).await;
    for index in 0..tags {
        let tag = json!({"id": format!("{label}{index}"), "record": {"label": label}});
        push(&server, &[mutation(&format!("m{index}"), &tag)]).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_another_server_below_the_cursor_are_pulled() {
    let (a, b) = (server_with(50, "a").await, server_with(3, "b").await);
    let offline = database();
    let run = async |server: &TestServer| {
        let output = cloneup(&offline, server.base(), &["--verify"]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        stderr(&output).contains("another server")
    };
    assert!(!run(&a).await, "the first server is not another one");
    assert_eq!(stored(&offline).unwrap(), store_id(&a).await);
    let cursor_of_a: u64 = offline.cursor("__global_cursor__").unwrap().parse().unwrap();
    assert!(!run(&a).await);

    let output = cloneup(&offline, b.base(), &["--dry-run"]).await;
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["finalization"]["pullFrom"], "0", "{plan}");
    assert!(plan["warnings"][0].as_str().unwrap().contains("another server"), "{plan}");
    assert_eq!(stored(&offline).unwrap(), store_id(&a).await, "a dry run stores nothing");

    assert!(run(&b).await, "a warning names the other server");
    assert_eq!(stored(&offline).unwrap(), store_id(&b).await);
    assert_eq!(offline.column("SELECT count(*) FROM tags WHERE label = 'b'"), ["3"]);
    let cursor_of_b: u64 = offline.cursor("__global_cursor__").unwrap().parse().unwrap();
    assert_ne!(cursor_of_a, cursor_of_b);
    assert!(!run(&b).await);

    // Back to the first one, which another client has changed in the meantime.
    push(&a, &[mutation("late", &json!({"id": "late", "record": {"label": "late"}}))]).await;
    assert!(run(&a).await);
    assert_eq!(offline.column("SELECT label FROM tags WHERE id = 'late'"), ["late"]);
    assert_eq!(stored(&offline).unwrap(), store_id(&a).await);

    let output = synctool(&offline).args(["inspect", "app.db"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("store id    {}", store_id(&a).await)), "{text}");
}

/// A status with this store id.
fn status_of(store_id: &str) -> Answer {
    Answer::result(&json!({"storeId": store_id}))
}

fn set_store(offline: &Offline, id: &str) {
    offline.execute(&format!(
        "CREATE TABLE IF NOT EXISTS __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
         INSERT OR REPLACE INTO __datafn_meta VALUES ('storeId', '{id}')"
    ));
}

async fn rig_of(store: &str) -> Rig {
    let rig = Rig::new("INSERT INTO tags (id) VALUES ('g')").await;
    rig.offline.set_cursor("__global_cursor__", "100");
    rig.offline.set_cursor("tags", "50");
    if !store.is_empty() {
        set_store(&rig.offline, store);
    }
    rig
}

/// The cursors that the first pull began at.
fn begun_at(rig: &Rig) -> (Value, Value) {
    let pull = &rig.server.pulls()[0].body;
    (pull["cursor"].clone(), pull["cursors"].clone())
}

#[tokio::test]
async fn cursors_of_an_unknown_or_the_same_server_are_used() {
    for (own, server, after) in
        [("", "s", Some("s")), ("s", "s", Some("s")), ("s", "", Some("s")), ("", "", None)]
    {
        let mut rig = rig_of(own).await;
        if server.is_empty() {
            rig.server
                .script("status", vec![Answer::Json(404, json!({})); if own.is_empty() { 1 } else { 2 }]);
        } else {
            rig.server.script("status", [status_of(server)]);
        }
        rig.succeed().await;
        assert_eq!(begun_at(&rig), (json!("100"), json!({"tags": "50"})), "{own:?} {server:?}");
        assert!(rig.warnings.is_empty(), "{:?}", rig.warnings);
        assert_eq!(stored(&rig.offline).as_deref(), after, "{own:?} {server:?}");
        assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("100"));
    }
}

#[tokio::test]
async fn cursors_of_another_server_are_replaced_with_the_first_page() {
    let mut rig = rig_of("a").await;
    rig.server.script("status", [status_of("b"), status_of("b")]);
    let page = json!({"changes": [upsert(3, "tags", "n", &json!({}))], "nextCursor": "3"});
    rig.server
        .script("pull", [Answer::result(&page), Answer::Close, Answer::Close, Answer::Close, Answer::Close]);
    let (code, _, _) = rig.fail().await;
    assert_eq!(code, "TRANSPORT_ERROR");
    assert_eq!(begun_at(&rig), (json!("0"), json!({})));
    assert_eq!(stored(&rig.offline).as_deref(), Some("b"));
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("3"));
    assert_eq!(rig.offline.cursor("tags"), None);

    // The next run goes on after that page, without a warning.
    rig.succeed().await;
    assert_eq!(rig.server.pulls().last().unwrap().body["cursor"], "3");
    assert!(rig.warnings.is_empty(), "{:?}", rig.warnings);
}

#[tokio::test]
async fn a_page_that_fails_keeps_the_cursors_of_the_other_server() {
    let mut rig = rig_of("a").await;
    rig.offline.execute("CREATE TRIGGER t BEFORE INSERT ON tags BEGIN SELECT RAISE(ABORT, 'no'); END");
    rig.server.script("status", [status_of("b")]);
    let page = json!({"changes": [upsert(3, "tags", "n", &json!({}))], "nextCursor": null});
    rig.server.script("pull", [Answer::result(&page)]);
    rig.fail().await;
    assert_eq!(stored(&rig.offline).as_deref(), Some("a"));
    assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some("100"));
}

#[tokio::test]
async fn an_empty_feed_and_one_of_the_second_dialect_replace_the_cursors_as_well() {
    for (page, global, tags) in [
        (json!({"changes": [], "nextCursor": null}), "1", None),
        (json!({"records": {}, "cursors": {"tags": "7"}}), "1", Some("7")),
    ] {
        let mut rig = rig_of("a").await;
        rig.server.script("status", [status_of("b")]);
        rig.server.script("pull", [Answer::Json(200, page)]);
        rig.succeed().await;
        assert_eq!(begun_at(&rig), (json!("0"), json!({})));
        assert_eq!(stored(&rig.offline).as_deref(), Some("b"));
        assert_eq!(
            rig.offline.cursor("__global_cursor__").as_deref(),
            Some(global),
            "the cursor of the push"
        );
        assert_eq!(rig.offline.cursor("tags").as_deref(), tags);
    }
}

#[tokio::test]
async fn without_a_pull_the_cursor_of_the_push_replaces_those_of_the_other_server() {
    for (set_cursor, store, cursor) in [(true, "b", "1"), (false, "a", "100")] {
        let mut rig = rig_of("a").await;
        rig.options.pull_after = false;
        rig.options.set_global_cursor_on_success = set_cursor;
        rig.server.script("status", [status_of("b")]);
        rig.succeed().await;
        assert_eq!(stored(&rig.offline).as_deref(), Some(store));
        assert_eq!(rig.offline.cursor("__global_cursor__").as_deref(), Some(cursor));
        assert_eq!(rig.warnings.len(), usize::from(set_cursor), "{:?}", rig.warnings);
    }
}

#[tokio::test]
async fn a_server_whose_first_status_has_no_store_id_is_asked_again() {
    let mut rig = rig_of("a").await;
    rig.server.script("status", [Answer::Json(503, json!({})), status_of("b")]);
    rig.succeed().await;
    assert_eq!(begun_at(&rig), (json!("0"), json!({})));
    assert_eq!(stored(&rig.offline).as_deref(), Some("b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_upload_stores_no_store_id() {
    let server = server_with(1, "g").await;
    let offline = database();
    offline.execute("INSERT INTO join_todos_tags_tags VALUES ('none', 'none', 1)");
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!((status(&output), &result(&output)["ok"]), (1, &json!(false)));
    assert_eq!(stored(&offline), None);
}
