//! Resetting a server to a seed, twice in a row.

use serde_json::json;

use super::{reset, seed, test_run, there, upload, verify};
use crate::common::{CountingRelay, SCHEMA, TestServer, cloneup, mutation, push, result, status, stderr};

const SEED: [&str; 9] = [
    "join_todos_tags_tags/a:g",
    "join_todos_tags_tags/a:h",
    "join_todos_tags_tags/b:g",
    "projects/p",
    "tags/g",
    "tags/h",
    "todos/a",
    "todos/b",
    "todos/c",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reset_after_every_test_run_and_the_second_reset_sends_nothing() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    for run in 0..3 {
        test_run(&server).await;
        assert_ne!(there(&server).await, SEED);
        let first = reset(&offline, &server, &["--verify"]).await;
        assert_eq!(there(&server).await, SEED, "run {run}");
        if run == 0 {
            // todos new, tags x:y, and the join rows new:x:y and c:h.
            assert_eq!(first["stats"]["deletes"]["mutations"], 4, "{first}");
        }
        let second = reset(&offline, &server, &["--verify"]).await;
        assert_eq!(
            (&second["stats"]["batches"], second["stats"].get("deletes")),
            (&json!(0), None),
            "{second}"
        );
        assert_eq!(status(&verify(&offline, &server).await), 0);
        // The server takes the mutations of the next run for repetitions; these are new.
        change_again(&server).await;
    }
}

/// Changes a record and makes another one, under ids that are new each time.
async fn change_again(server: &TestServer) {
    let record = json!({"title": "changed again"});
    let id = format!("again-{}", server.status().await["cursor"]);
    let merge = json!({"resource": "todos", "operation": "merge", "id": "a", "record": record});
    let insert = json!({"resource": "todos", "operation": "insert", "id": "extra", "record": record});
    push(server, &[mutation(&id, &merge), mutation(&format!("{id}-new"), &insert)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_digests_is_reset_too() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    test_run(&server).await;
    let relay = CountingRelay::start(server.base(), &["sync.digest"]).await;
    let arguments = ["--overwrite", "--delete-extra", "--yes", "--verify"];
    for sent in [true, false] {
        let output = cloneup(&offline, relay.base(), &arguments).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(result(&output)["stats"]["batches"] != 0, sent, "{}", stderr(&output));
        assert_eq!(there(&server).await, SEED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_copy_of_the_seed_resets_without_pulling_the_feed() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    test_run(&server).await;
    let copy = seed();
    upload(&copy, &server, &["--overwrite", "--delete-extra", "--yes", "--verify"]).await;
    assert_eq!(there(&server).await, SEED);
    assert_eq!(copy.column("SELECT count(*) FROM todos"), ["3"], "nothing of the test run is pulled");
}

#[tokio::test(flavor = "multi_thread")]
async fn mutation_ids_have_the_servers_sequence_in_their_prefix() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    test_run(&server).await;
    let cursor = server.status().await["cursor"].as_str().unwrap().to_owned();
    let data = server.data();
    reset(&offline, &server, &["--mutation-id-prefix", "seed"]).await;
    let connection = rusqlite::Connection::open(data).unwrap();
    let mut statement = connection.prepare("SELECT mutation FROM applied").unwrap();
    let ids: Vec<String> = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .map(Result::unwrap)
        .filter(|id| id.starts_with("seed"))
        .collect();
    let prefix = format!("seed@{cursor}");
    assert!(ids.iter().all(|id| id.starts_with(&format!("{prefix}:"))), "{ids:?}");
    for id in [
        format!("{prefix}:del:todos:new"),
        format!("{prefix}:del:tags:x:y"),
        format!("{prefix}:unrel:join_todos_tags_tags:new:x:y"),
        format!("{prefix}:unrel:join_todos_tags_tags:c:h"),
    ] {
        assert!(ids.contains(&id), "{id} is not in {ids:?}");
    }
    let is_record = |id: &&String| id.starts_with(&format!("{prefix}:rec:todos:a:"));
    assert_eq!(ids.iter().filter(is_record).count(), 1, "{ids:?}");
}
