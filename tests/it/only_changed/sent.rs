//! What is sent, and how it is counted.

use serde_json::json;

use super::{both_ways, filled, send_changed, with_changed};
use crate::common::{Rig, SCHEMA, TestServer, cloneup, result, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn only_what_differs_is_sent_whatever_the_server_can_do() {
    for way in 0..2 {
        let (server, offline) = (TestServer::start(SCHEMA).await, filled(2995));
        let relay = &both_ways(&server).await[way];
        let first = send_changed(&offline, relay.base(), &[]).await;
        let pushes = relay.requests().0;
        let output = with_changed(&offline, relay.base(), &[]).await;
        assert_eq!((status(&output), relay.requests().0), (0, pushes), "{}", stderr(&output));
        let second = result(&output);
        assert_eq!(
            second["stats"],
            json!({
                "resources": {
                    "projects": {"records": 1, "mutations": 0, "unchanged": 1},
                    "todos": {"records": 2995, "mutations": 0, "unchanged": 2995},
                    "tags": {"records": 2, "mutations": 0, "unchanged": 2},
                },
                "joinStores": {"join_todos_tags_tags": {"rows": 299, "mutations": 0, "unchanged": 299}},
                "batches": 0,
            }),
            "{first}"
        );
        assert!(stderr(&output).contains("0 sent, 3,297 unchanged"), "{}", stderr(&output));
        assert_eq!(second["cursor"], "0");

        offline.execute(
            "UPDATE todos SET title = title || '!' WHERE count % 250 = 0; INSERT INTO tags VALUES ('new', 'N');
             UPDATE join_todos_tags_tags SET \"order\" = \"order\" + 1 WHERE \"from\" = 't000020'",
        );
        let output = with_changed(&offline, relay.base(), &["--verify"]).await;
        let told = stderr(&output);
        assert!(told.contains("13 sent, 3,285 unchanged; all new"), "{told}");
        let stats = result(&output)["stats"].clone();
        assert_eq!(stats["resources"]["todos"], json!({"records": 2995, "mutations": 11, "unchanged": 2984}));
        assert_eq!(stats["joinStores"]["join_todos_tags_tags"]["mutations"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_flag_nothing_is_counted_as_unchanged() {
    let (server, offline) = (TestServer::start(SCHEMA).await, filled(3));
    let output = cloneup(&offline, server.base(), &[]).await;
    assert!(!result(&output).to_string().contains("unchanged"));
    assert!(!stderr(&output).contains("unchanged"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_anything_gets_everything() {
    let (server, offline) = (TestServer::start(SCHEMA).await, filled(300));
    for (relay, expected) in both_ways(&server).await.iter().zip([300, 0]) {
        let sent = send_changed(&offline, relay.base(), &["--verify"]).await;
        assert_eq!(sent["stats"]["resources"]["todos"]["mutations"], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_the_usual_ones() {
    let (server, offline) = (TestServer::start(SCHEMA).await, filled(5));
    send_changed(&offline, server.base(), &[]).await;
    // The same mutations as without the comparison.
    let output = cloneup(&offline, server.base(), &[]).await;
    assert!(stderr(&output).contains("all already there"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_rows_of_one_pair_are_sent_and_counted_together() {
    let (server, offline) = (TestServer::start(SCHEMA).await, filled(10));
    offline.execute("INSERT INTO join_todos_tags_tags VALUES ('t000010', 'g', 11), ('t000001', 'h', 1)");
    send_changed(&offline, server.base(), &["--verify"]).await;
    offline.execute("UPDATE join_todos_tags_tags SET \"order\" = 12 WHERE \"order\" = 11");
    let sent = send_changed(&offline, server.base(), &["--verify"]).await;
    let store = &sent["stats"]["joinStores"]["join_todos_tags_tags"];
    assert_eq!((&store["rows"], &store["unchanged"], &store["mutations"]), (&json!(3), &json!(1), &json!(2)));
}

#[tokio::test]
async fn a_dialect_without_digests_and_a_resource_that_refers_to_itself_are_compared() {
    let schema = r#"{"resources": [{"name": "nodes", "fields": [{"name": "up", "type": "string"},
        {"name": "name", "type": "string"}]}],
        "relations": [{"type": "many-one", "from": "nodes", "to": "nodes", "fkField": "up"}]}"#;
    let sql = "CREATE TABLE nodes (id TEXT PRIMARY KEY, up TEXT, name TEXT);
        INSERT INTO nodes VALUES ('a', 'b', 'A'), ('b', 'c', 'B'), ('c', NULL, 'C'), ('d', 'a', 'D')";
    let mut rig = Rig::with(schema, sql).await;
    rig.options.only_changed = true;
    rig.options.pull_after = false;
    let records = json!({"nodes": [{"id": "a", "up": "b", "name": "old"}, {"id": "c", "name": "C"}]});
    rig.server.script("pull", [crate::common::Answer::Json(200, json!({"records": records, "cursors": {}}))]);
    let outcome = rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["nodes/b", "nodes/a", "nodes/d"], "parents before children");
    let (_, stats) = &outcome.stats.resources[0];
    assert_eq!((stats.records, stats.unchanged, stats.mutations), (4, Some(1), 3));
}
