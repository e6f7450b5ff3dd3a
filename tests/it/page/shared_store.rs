//! Servers that share a store in PostgreSQL show what all of them do. Not the failures of the database.

use serde_json::{Value, json};
use synctool::secret::Secret;
use synctool::server::{PostgresConfig, Retention, StoreLocation};

use super::stream::{Stream, count};
use crate::common::browser::{Look, Tab};
use crate::common::postgres::Cluster;
use crate::common::{SCHEMA, TestServer, clone, mutation, postgres_store, push};

fn of_client(client: &str, id: &str, extra: &Value) -> Value {
    let mut mutation = mutation(&format!("{client}:{id}"), extra);
    mutation["clientId"] = json!(client);
    mutation["id"] = json!(id);
    mutation
}

/// Pushes so many tags of a client, in pushes of ten.
async fn push_tags(server: &TestServer, client: &str, count: usize) {
    let tags: Vec<_> =
        (0..count).map(|tag| of_client(client, &format!("{client}-{tag}"), &json!({}))).collect();
    for tags in tags.chunks(10) {
        server.post("push", &json!({"clientId": client, "mutations": tags})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_what_other_servers_do() {
    let Some(cluster) = Cluster::shared() else { return };
    let store = postgres_store(cluster);
    let (here, there) =
        (TestServer::start_on(SCHEMA, store.clone()).await, TestServer::start_on(SCHEMA, store).await);
    // Before anyone looks.
    push_tags(&there, "early", 30).await;
    let mut stream = Stream::open(&here.url("/events")).await;
    stream.next().await.unwrap();
    assert_eq!((count(&stream.state, "tags"), &stream.state["sequence"]), (30, &json!(30)));
    assert_eq!(stream.state["store"], json!({"kind": "PostgreSQL", "isUp": true}));

    tokio::join!(push_tags(&here, "near", 40), push_tags(&there, "far", 50));
    push_tags(&there, "near", 60).await;
    let wrong = [of_client("far", "x", &json!({"record": {"nope": 1}}))];
    there.post("push", &json!({"clientId": "far", "mutations": wrong})).await;

    let told = |state: &Value, client: &str| {
        let uploads = state["uploads"].as_array().unwrap();
        let upload = uploads.iter().find(|upload| upload["client"] == client)?;
        Some(["applied", "repeated", "rejected"].map(|key| upload[key].as_u64().unwrap()))
    };
    let sum = |state: &Value| -> Option<u64> {
        state["rate"]["seconds"].as_array()?.iter().map(Value::as_u64).sum()
    };
    let state = stream
        .until(|state| {
            // The same client through both servers is one upload.
            told(state, "near") == Some([60, 40, 0])
                && told(state, "far") == Some([50, 0, 1])
                && told(state, "early") == Some([30, 0, 0])
                && sum(state) == Some(140)
        })
        .await;
    assert_eq!((count(state, "tags"), &state["sequence"]), (140, &json!(140)));
    assert_eq!(state["newest"][0]["step"], 140);
    let rejected = &state["rejected"][0];
    assert_eq!((&rejected["code"], &rejected["path"]), (&json!("DFQL_UNKNOWN_FIELD"), &json!("record.nope")));
    assert_eq!((&rejected["client"], &rejected["mutationId"]), (&json!("far"), &json!("far:x")));

    let Some(tab) = Tab::open(&here.url("/"), Look::WIDE) else { return };
    tab.wait_for("document.getElementById('records').textContent === '140'").await;
    tab.wait_for("document.getElementById('rejected').innerText.includes('record.nope')").await;
    push_tags(&there, "later", 7).await;
    tab.wait_for("document.getElementById('records').textContent === '147'").await;
    tab.wait_for("document.getElementById('uploads').innerText.includes('later')").await;
    assert_eq!(tab.problems(), [] as [Value; 0]);
}

/// Pushes changes of a client to records that other clients change too.
async fn push_hot(server: &TestServer, client: &str) {
    for round in 0..25 {
        let change = |tag: usize| {
            let operation = if (round + tag).is_multiple_of(3) { "delete" } else { "merge" };
            let mut change = of_client(client, &format!("hot-{tag}"), &json!({"operation": operation}));
            change["mutationId"] = json!(format!("{client}:{round}:{tag}"));
            change
        };
        let changes: Vec<_> = (0..8).map(change).collect();
        server.post("push", &json!({"clientId": client, "mutations": changes})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_hold_when_servers_change_the_same_records_at_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let store = postgres_store(cluster);
    let (here, there) =
        (TestServer::start_on(SCHEMA, store.clone()).await, TestServer::start_on(SCHEMA, store).await);
    tokio::join!(
        push_hot(&here, "a"),
        push_hot(&here, "b"),
        push_hot(&there, "c"),
        push_hot(&there, "d"),
        push_tags(&there, "cold", 20),
    );
    let tags = clone(&here).await["data"]["tags"].as_array().unwrap().len();
    assert!(tags >= 20, "{tags}");
    let counted = count(&Stream::current(&there).await.state, "tags");
    assert_eq!(counted, i64::try_from(tags).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_is_told_and_the_last_numbers_stay() {
    let Some(mut cluster) = Cluster::options().start() else { return };
    let server = TestServer::start_on(SCHEMA, postgres_store(&cluster)).await;
    push_tags(&server, "phone", 3).await;
    let mut stream = Stream::open(&server.url("/events")).await;
    stream.until(|state| count(state, "tags") == 3).await;
    cluster.stop_immediately();
    let state = stream.until(|state| state["store"]["isUp"] == false).await;
    assert_eq!((count(state, "tags"), &state["sequence"]), (3, &json!(3)));
    cluster.restart();
    stream.until(|state| state["store"]["isUp"] == true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_read_only_while_someone_looks() {
    let Some(cluster) = Cluster::options().start() else { return };
    let server = TestServer::start_on(SCHEMA, postgres_store(&cluster)).await;
    push_tags(&server, "phone", 3).await;
    let client = cluster.client().await;
    let last_reading = async || -> i64 {
        // A connection has its last statement, and those of a reading are over several connections.
        let sql = "SELECT coalesce(max(extract(epoch FROM query_start) * 1000000), 0)::bigint
                   FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                   AND query ~ 'live l ON true|ORDER BY step DESC|now\\(\\) - at|GROUP BY 1$'";
        client.query_one(sql, &[]).await.unwrap().get(0)
    };
    assert_eq!(last_reading().await, 0);
    let mut stream = Stream::open(&server.url("/events")).await;
    let mut last = 0;
    for _ in 0..3 {
        stream.next().await.unwrap();
        let now = last_reading().await;
        assert!(now > last, "{now} {last}");
        last = now;
    }
    drop(stream);
    // The server notices with the next event that its reader is gone; then it reads no more.
    let pause = std::time::Duration::from_secs(2);
    let mut readings = 0;
    while {
        tokio::time::sleep(pause).await;
        last_reading().await > std::mem::replace(&mut last, last_reading().await)
    } {
        readings += 1;
        assert!(readings < 30, "it is still read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_counts_are_counted_when_they_are_opened() {
    let Some(cluster) = Cluster::shared() else { return };
    let schema = crate::common::postgres::unique_schema();
    let config = PostgresConfig::new(&Secret::new(cluster.database_url())).unwrap();
    let store = StoreLocation::Postgres(Box::new(config.with_schema(&schema).unwrap()));
    let mut server = TestServer::start_on(SCHEMA, store).await;
    push_tags(&server, "phone", 25).await;
    push(&server, &[mutation("gone", &json!({"id": "phone-3", "operation": "delete"}))]).await;
    for sql in [
        // As the version before has left it.
        format!(
            "DROP TABLE \"{schema}\".live; DROP TABLE \"{schema}\".activity; UPDATE \"{schema}\".meta SET version = 1"
        ),
        // As a server of the version before has gone on with it.
        format!("UPDATE \"{schema}\".live SET items = 3"),
    ] {
        server.stop().await;
        cluster.client().await.batch_execute(&sql).await.unwrap();
        server.start_again(Retention::default()).await;
        assert_eq!(count(&Stream::current(&server).await.state, "tags"), 24, "{sql}");
    }
    push_tags(&server, "laptop", 5).await;
    assert_eq!(count(&Stream::current(&server).await.state, "tags"), 29);
}
