//! What is removed, and what is not.

use serde_json::json;

use super::{reset, seed, test_run, there, upload};
use crate::common::{Answer, Rig, SCHEMA, TestServer, cloneup, mutation, push, result, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_both_counts_and_the_first_ids() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    test_run(&server).await;
    let before = there(&server).await;
    let output = cloneup(&offline, server.base(), &["--overwrite", "--delete-extra", "--dry-run"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let changes = &result(&output)["changes"];
    assert_eq!(
        *changes,
        json!({
            "cursor": server.status().await["cursor"], "missing": 1, "different": 3, "extra": 4,
            "first": [
                {"resource": "todos", "id": "a", "kind": "different"},
                {"resource": "todos", "id": "b", "kind": "missing"},
                {"resource": "todos", "id": "c", "kind": "different"},
                {"resource": "join_todos_tags_tags", "id": "a:g", "kind": "different"},
            ],
            "deleted": {"records": 2, "joinRows": 2, "first": [
                {"resource": "join_todos_tags_tags", "id": "c:h", "kind": "extra"},
                {"resource": "join_todos_tags_tags", "id": "new:x:y", "kind": "extra"},
                {"resource": "tags", "id": "x:y", "kind": "extra"},
                {"resource": "todos", "id": "new", "kind": "extra"},
            ]},
        }),
        "{}",
        stderr(&output)
    );
    let told = stderr(&output);
    assert!(told.contains("to delete, because only the server has it: 2 records, 2 join rows"), "{told}");
    assert!(told.contains("  delete todos new\n"), "{told}");
    assert_eq!(there(&server).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_scope_is_never_touched() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    test_run(&server).await;
    reset(&offline, &server, &["--resources", "tags,projects", "--no-include-many-many"]).await;
    let left = there(&server).await;
    assert!(!left.contains(&"tags/x:y".to_owned()), "{left:?}");
    assert!(left.contains(&"todos/new".to_owned()), "{left:?}");
    assert!(left.contains(&"join_todos_tags_tags/c:h".to_owned()), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_deletes_than_allowed_send_nothing() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    test_run(&server).await;
    let before = server.status().await["cursor"].clone();
    let arguments = ["--overwrite", "--delete-extra", "--yes", "--max-delete", "3"];
    for dry_run in [true, false] {
        let output = if dry_run {
            cloneup(&offline, server.base(), &[&arguments[..], &["--dry-run"]].concat()).await
        } else {
            cloneup(&offline, server.base(), &arguments).await
        };
        assert_eq!((status(&output), result(&output)["errors"][0]["path"].as_str()), (2, Some("maxDelete")));
        assert!(stderr(&output).contains("4 records and join rows are only on the server, and at most 3"));
        assert_eq!(server.status().await["cursor"], before);
    }
    reset(&offline, &server, &["--max-delete", "4", "--verify"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_shard_removes_its_own_part() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    let extra: Vec<_> = (0..40)
        .map(|row| {
            let (id, record) = (format!("extra{row}"), json!({"title": "x"}));
            mutation(&id, &json!({"resource": "todos", "operation": "insert", "id": id, "record": record}))
        })
        .collect();
    push(&server, &extra).await;
    let mut removed = 0;
    for shard in ["1/2", "2/2"] {
        let deletes =
            reset(&offline, &server, &["--shard", shard]).await["stats"]["deletes"]["mutations"].clone();
        assert!((1..40).contains(&deletes.as_u64().unwrap()), "{deletes}");
        removed += deletes.as_u64().unwrap();
    }
    assert_eq!((removed, there(&server).await.len()), (40, 9));
}

#[tokio::test]
async fn join_rows_of_a_feed_that_names_only_both_ids_are_removed_where_that_is_clear() {
    let mut rig = Rig::new("").await;
    rig.options.overwrite = true;
    rig.options.delete_extra = true;
    rig.options.pull_after = false;
    let change = |seq: u32, id: &str| json!({"serverSeq": seq, "resource": "join_todos_tags_tags", "id": id, "op": "upsert", "record": {}});
    let changes = json!([change(1, "a:b"), change(7, "a:b:c")]);
    rig.server.script("pull", [Answer::Json(200, json!({"changes": changes, "nextCursor": null}))]);
    rig.succeed().await;
    let mutations = rig.server.mutations();
    assert_eq!(mutations.len(), 1);
    assert_eq!(mutations[0]["mutationId"], "cloneup@7:unrel:join_todos_tags_tags:a:b");
    assert_eq!(mutations[0]["relations"], json!({"tags": {"$ref": "b"}}));
    assert!(rig.warnings.iter().any(|warning| warning.contains("1 join rows")), "{:?}", rig.warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_application_deleted_offline_is_removed_once() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    offline.execute("DELETE FROM todos WHERE id = 'c'");
    offline.log("C", "own", r#"{"resource": "todos", "operation": "delete", "id": "c"}"#);
    let sent = reset(&offline, &server, &["--verify"]).await;
    assert_eq!(sent["stats"]["deletes"], json!({"mutations": 1}));
}
