//! Faults of a server: what was committed is there afterwards, and connections end or wait.

use std::time::Duration;

use super::super::common::postgres::Cluster;
use super::{connect, options, text};

#[tokio::test]
async fn commits_survive_a_kill_and_an_immediate_stop() {
    let Some(mut cluster) = options().start() else { return };
    let url = cluster.database_url();
    connect(&url).await.unwrap().batch_execute("CREATE TABLE kept (number int)").await.unwrap();
    for (number, fault) in [Cluster::kill, Cluster::stop_immediately, Cluster::stop].into_iter().enumerate() {
        let client = connect(&url).await.unwrap();
        client.batch_execute(&format!("INSERT INTO kept VALUES ({number})")).await.unwrap();
        fault(&mut cluster);
        assert!(client.simple_query("SELECT 1").await.is_err() && connect(&url).await.is_err());
        cluster.restart();
        assert_eq!(cluster.database_url(), url);
        let count = text(&connect(&url).await.unwrap(), "SELECT count(*) FROM kept").await.unwrap();
        assert_eq!(count, (number + 1).to_string());
    }
    let recoveries = cluster.log().matches("was not properly shut down").count();
    assert_eq!(recoveries, 2, "{}", cluster.log());
    assert!(!cluster.has_ended());
}

#[tokio::test]
async fn a_paused_server_answers_when_it_is_resumed() {
    let Some(mut cluster) = options().start() else { return };
    let client = cluster.client().await;
    cluster.pause();
    let answer = text(&client, "SELECT 'late'");
    tokio::pin!(answer);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut answer).await.is_err());
    cluster.resume();
    assert_eq!(answer.await.unwrap(), "late");
}

#[tokio::test]
async fn a_paused_cluster_is_removed() {
    let Some(mut cluster) = options().start() else { return };
    let folder = cluster.socket().to_owned();
    cluster.pause();
    drop(cluster);
    assert!(!folder.exists());
}

#[tokio::test]
async fn sessions_of_one_database_are_terminated() {
    let Some(cluster) = Cluster::shared() else { return };
    let (database, other) = (cluster.database(&[]).await, cluster.database(&[]).await);
    let (client, kept) = (connect(database.url()).await.unwrap(), connect(other.url()).await.unwrap());
    assert_eq!(cluster.terminate_sessions(database.name()).await, 1);
    let error = client.simple_query("SELECT 1").await.unwrap_err();
    assert!(error.is_closed() || error.code().is_some_and(|code| code.code() == "57P01"), "{error:?}");
    assert_eq!(text(&kept, "SELECT 'kept'").await.unwrap(), "kept");
}
