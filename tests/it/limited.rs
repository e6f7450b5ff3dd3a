//! Uploads of a limited number of records (contract 3.10: `--limit`). Not the limits of requests (`limits`).

use serde_json::{Value, json};
use synctool::cloneup::FailureKind;

use super::common::{
    Answer, Offline, Rig, SCHEMA, TABLES, TestServer, clone, cloneup, database, result, status, stderr,
    synctool,
};

/// Five todos and tags, each todo with the tags of its number and of the next one.
fn rows() -> String {
    let of = |i: u8| {
        let next = i + 1;
        format!(
            "INSERT INTO tags VALUES ('g{i}', 'G'); INSERT INTO todos (id, title) VALUES ('t{i}', 'T');
             INSERT INTO join_todos_tags_tags VALUES ('t{i}', 'g{i}', 1), ('t{i}', 'g{next}', 2);"
        )
    };
    (1..=5).map(of).collect()
}

/// These rows, and a delete that waits.
fn filled() -> Offline {
    let offline = database();
    offline.execute(&format!("DELETE FROM tags; {}", rows()));
    offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"gone"}"#);
    offline
}

fn ids(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_records_and_the_join_rows_between_them_are_sent_and_nothing_is_finalized() {
    let (offline, server) = (filled(), TestServer::start(SCHEMA).await);
    let output = cloneup(&offline, server.base(), &["--limit", "2"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let stats = result(&output)["stats"].clone();
    assert_eq!(stats["resources"]["todos"], json!({"records": 2, "mutations": 2}));
    assert_eq!(stats["joinStores"]["join_todos_tags_tags"], json!({"rows": 3, "mutations": 3}));
    assert_eq!(stats["deletes"], Value::Null);
    let there = clone(&server).await;
    assert_eq!(
        (ids(&there["data"]["todos"]), ids(&there["data"]["tags"])),
        (vec!["t1", "t2"], vec!["g1", "g2"])
    );
    assert!(stderr(&output).contains("with --limit 2 only a part is uploaded"), "{}", stderr(&output));
    assert_eq!((offline.logged(), offline.cursor("__global_cursor__")), (vec!["m1".to_owned()], None));

    // More than there are: everything but the deletes, and still nothing is finalized.
    let output = cloneup(&offline, server.base(), &["--limit", "100"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    // The row to g6 is not between records.
    assert_eq!(result(&output)["stats"]["joinStores"]["join_todos_tags_tags"]["rows"], 9);
    assert_eq!(offline.logged(), ["m1"]);

    // What the limited runs have sent is sent once more by a whole one, and the server deduplicates it.
    let output = cloneup(&offline, server.base(), &["--no-fail-fast"]).await;
    assert_eq!(status(&output), 1, "the row to g6 is rejected: {}", stderr(&output));
    assert_eq!(clone(&server).await["data"]["tags"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn records_are_the_first_in_upload_order_of_any_kind_of_table() {
    const SELF: &str = r#"{"resources": [{"name": "nodes", "version": 1, "fields": [{"name": "up", "type": "string"}]}],
        "relations": [{"type": "many-one", "from": "nodes", "to": "nodes", "relation": "up", "fkField": "up"}]}"#;
    let nodes = "CREATE TABLE nodes (id TEXT PRIMARY KEY, up TEXT);
        INSERT INTO nodes VALUES ('a', 'z'), ('b', 'a'), ('y', NULL), ('z', NULL)";
    let mut rig = Rig::with(SELF, nodes).await;
    rig.options.limit = 3.try_into().ok();
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["nodes/y", "nodes/z", "nodes/a"]);

    // A table that is large enough for the external sort, with ids in random order.
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
        INSERT INTO tags (id) SELECT printf('%08x', i * 2654435761 % 4294967296) FROM n";
    for limit in [3_u64, 20_000] {
        let mut rig = Rig::new(many).await;
        rig.batch_size(1000);
        rig.options.limit = limit.try_into().ok();
        rig.succeed().await;
        let expected =
            rig.offline.column(&format!("SELECT 'tags/' || id FROM tags ORDER BY id LIMIT {limit}"));
        let mut sent = rig.server.subjects();
        sent.sort_unstable();
        assert_eq!(sent, expected);
    }
}

#[tokio::test]
async fn the_limit_counts_what_a_selection_leaves() {
    let mut rig = Rig::new(&rows()).await;
    let tags = ["g2", "g3", "g5"].map(str::to_owned);
    rig.options.only = Some([("tags".to_owned(), tags.into_iter().collect())].into_iter().collect());
    rig.options.limit = 2.try_into().ok();
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["tags/g2", "tags/g3"]);
    assert_eq!(rig.warnings.len(), 1, "{:?}", rig.warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_what_a_limited_run_would_do() {
    let (offline, server) = (filled(), TestServer::start(SCHEMA).await);
    let output = cloneup(&offline, server.base(), &["--limit", "2", "--dry-run"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let preview = result(&output);
    let counts: Vec<_> =
        preview["parts"].as_array().unwrap().iter().map(|part| (&part["name"], &part["rows"])).collect();
    let expected =
        [(json!("todos"), json!(2)), (json!("tags"), json!(2)), (json!("join_todos_tags_tags"), json!(3))];
    assert_eq!(counts, expected.each_ref().map(|(name, rows)| (name, rows)));
    assert_eq!(preview["deletes"], json!([]));
    assert_eq!(
        preview["finalization"],
        json!({"pullFrom": null, "setGlobalCursor": false, "drainUpTo": null})
    );
    assert!(stderr(&output).contains("with --limit 2 only a part is uploaded"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_compares_what_was_sent_and_nothing_else() {
    let (offline, server) = (filled(), TestServer::start(SCHEMA).await);
    // What others have is no difference.
    let other =
        Offline::new(&format!("{TABLES} INSERT INTO tags VALUES ('elsewhere', 'E'), ('g4', 'other')"));
    std::fs::write(other.folder().join("s.json"), SCHEMA).unwrap();
    let output = cloneup(&other, server.base(), &["--schema", "s.json", "--client-id", "D"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let output = cloneup(&offline, server.base(), &["--limit", "2", "--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));

    let mut rig = Rig::new(&rows()).await;
    (rig.options.limit, rig.options.verify, rig.options.include_many_many) = (2.try_into().ok(), true, false);
    // The server says that it has applied everything, and has lost the second tag.
    let change = |resource: &str, id: &str, record: &Value| json!({"serverSeq": 1, "resource": resource, "id": id, "op": "upsert", "record": record});
    let (tag, todo) = (json!({"label": "G"}), json!({"title": "T"}));
    let changes = [change("tags", "g1", &tag), change("todos", "t1", &todo), change("todos", "t2", &todo)];
    rig.server.script("pull", [Answer::result(&json!({"changes": changes, "nextCursor": null}))]);
    let outcome = rig.run().await;
    let [failure] = outcome.failures.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(failure.body().path, "tags");
    assert!(failure.body().message.contains("1 missing, 0 different, 0 extra"), "{}", failure.body().message);
}

/// Runs until the server has taken one batch of one mutation.
async fn interrupted(rig: &mut Rig) {
    rig.server.script("push", [Answer::Apply, Answer::Json(500, json!({}))]);
    rig.max_retries(0);
    assert_eq!(rig.run().await.failure_kind(), Some(FailureKind::Remote));
}

/// How many mutations the next run sends.
async fn sent_by_the_next_run(rig: &mut Rig) -> usize {
    let before = rig.server.mutations().len();
    rig.succeed().await;
    rig.server.mutations().len() - before
}

#[tokio::test]
async fn a_limited_run_is_continued_and_leaves_the_checkpoint_of_a_whole_one_alone() {
    let mut rig = Rig::new(&rows()).await;
    (rig.options.include_many_many, rig.options.resources) = (false, Some(vec!["tags".to_owned()]));
    rig.batch_size(1);
    rig.concurrency(1);
    let limit = |number: u64| number.try_into().ok();

    rig.options.limit = limit(3);
    interrupted(&mut rig).await;
    assert_eq!(sent_by_the_next_run(&mut rig).await, 3, "the first one again, as a probe, and the others");
    assert!(!rig.offline.folder().join("app.db.synctool").exists());

    // Another limit is another upload, which replaces the checkpoint.
    interrupted(&mut rig).await;
    rig.options.limit = limit(4);
    interrupted(&mut rig).await;
    assert_eq!(sent_by_the_next_run(&mut rig).await, 4);

    // A whole upload that was interrupted is continued, whatever limited ones came in between.
    rig.options.limit = None;
    rig.server.script("push", [Answer::Apply, Answer::Apply, Answer::Apply]);
    interrupted(&mut rig).await;
    rig.options.limit = limit(2);
    interrupted(&mut rig).await;
    assert_eq!(sent_by_the_next_run(&mut rig).await, 2, "it has no checkpoint of its own");
    rig.options.limit = None;
    assert_eq!(sent_by_the_next_run(&mut rig).await, 2, "the fourth one as a probe, and the fifth");
}

#[test]
fn a_limit_that_is_none_is_named() {
    let offline = database();
    for value in ["0", "-1", "all"] {
        let mut command = synctool(&offline);
        command.args(["cloneup", "--db", "app.db", "--remote", "http://127.0.0.1:9"]);
        let output = command.arg(format!("--limit={value}")).output().unwrap();
        assert_eq!(status(&output), 2);
        assert!(stderr(&output).contains("limit must be a positive integer"), "{}", stderr(&output));
    }
}
