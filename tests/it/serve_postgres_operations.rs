//! Operating a server whose store is in PostgreSQL: it is ready only while the database answers, and a
//! restored database gets a new store id (contract 4). Not what it forgets (`serve_retention`).

use std::process::Output;

use serde_json::{Value, json};
use synctool::secret::Secret;
use synctool::server::{PostgresConfig, StoreLocation};

use super::common::postgres::{Cluster, unique_schema};
use super::common::{
    Offline, SCHEMA, TestServer, client, database, metrics, mutation, push, status, stderr, synctool,
};

/// The status of a route beside `/datafn`.
async fn get(server: &TestServer, route: &str) -> u16 {
    client().get(server.url(route)).send().await.unwrap().status().as_u16()
}

fn store(cluster: &Cluster, schema: &str) -> StoreLocation {
    let config = PostgresConfig::new(&Secret::new(cluster.database_url())).unwrap();
    StoreLocation::Postgres(Box::new(config.with_schema(schema).unwrap()))
}

/// Gives a store a new id, through the command line.
fn renew(offline: &Offline, cluster: &Cluster, schema: &str) -> Output {
    let mut command = synctool(offline);
    command.args(["serve", "--new-store-id", "--database-schema", schema]);
    command.env("SYNCTOOL_DATABASE_URL", cluster.database_url()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_ready_while_its_database_answers() {
    let Some(mut cluster) = Cluster::options().start() else { return };
    let server = TestServer::start_on(SCHEMA, store(&cluster, "s")).await;
    push(&server, &[mutation("1", &json!({})), mutation("2", &json!({"operation": "delete", "id": "x"}))])
        .await;
    assert_eq!(get(&server, "/readyz").await, 200);
    let before = metrics(&server).await;
    for (name, value) in [
        ("synctool_server_store_up", "1"),
        ("synctool_server_sequence", "2"),
        (r#"synctool_server_store_entries{kind="items"}"#, "1"),
        (r#"synctool_server_store_entries{kind="tombstones"}"#, "1"),
        (r#"synctool_server_store_entries{kind="mutations"}"#, "2"),
        (r#"synctool_server_store_connections{state="idle"}"#, "1"),
    ] {
        assert_eq!(before.get(name).map(String::as_str), Some(value), "{name}: {before:#?}");
    }
    for stop in [Cluster::stop_immediately, Cluster::pause] {
        stop(&mut cluster);
        assert_eq!((get(&server, "/readyz").await, get(&server, "/healthz").await), (503, 200));
        let without = metrics(&server).await;
        assert_eq!(without["synctool_server_store_up"], "0");
        assert_eq!(without["synctool_server_sequence"], "2");
        cluster.restart();
        while get(&server, "/readyz").await != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(metrics(&server).await["synctool_server_store_up"], "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_a_database_gets_a_new_id() {
    let Some(cluster) = Cluster::shared() else { return };
    let (schema, offline) = (unique_schema(), database());
    let mut server = TestServer::start_on(SCHEMA, store(cluster, &schema)).await;
    push(&server, &[mutation("1", &json!({}))]).await;
    let before = server.status().await;
    server.stop().await;
    let output = renew(&offline, cluster, &schema);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    server.start_again(synctool::server::Retention::default()).await;
    let after = server.status().await;
    let text = |status: &Value| status["storeId"].as_str().unwrap().to_owned();
    let expected = format!("the store has the id {} now; it was {}\n", text(&after), text(&before));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(after["cursor"], "1");

    let missing = unique_schema();
    let output = renew(&offline, cluster, &missing);
    assert_eq!(status(&output), 3);
    assert!(stderr(&output).contains("it does not exist"), "{}", stderr(&output));
    let schemas = "SELECT 1 FROM information_schema.schemata WHERE schema_name = $1";
    assert!(cluster.client().await.query(schemas, &[&missing]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_a_running_server_is_restored_with_a_new_id() {
    let Some(cluster) = Cluster::shared() else { return };
    let (schema, offline) = (unique_schema(), database());
    let mut server = TestServer::start_on(SCHEMA, store(cluster, &schema)).await;
    push(&server, &[mutation("1", &json!({"id": "kept"}))]).await;
    let dump = offline.folder().join("backup.dump");
    let run = |program: &str, arguments: &[&str]| {
        let output = cluster.program(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", stderr(&output));
    };
    let (url, file) = (cluster.database_url(), dump.to_str().unwrap());
    run("pg_dump", &["--schema", &schema, "--format", "custom", "--file", file, &url]);
    push(&server, &[mutation("2", &json!({"id": "lost"})), mutation("3", &json!({"id": "lost, too"}))]).await;
    let before = server.status().await;
    server.stop().await;
    run("pg_restore", &["--clean", "--if-exists", "--dbname", &url, file]);
    let output = renew(&offline, cluster, &schema);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    server.start_again(synctool::server::Retention::default()).await;
    let after = server.status().await;
    assert_ne!(after["storeId"], before["storeId"]);
    assert_eq!((&after["cursor"], &after["store"]["items"]["count"]), (&json!("1"), &json!(1)));
    // What was lost is new again.
    assert_eq!(push(&server, &[mutation("2", &json!({"id": "lost"}))]).await["cursor"], "2");
}
