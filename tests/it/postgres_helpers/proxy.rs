//! The proxy: each fault happens, and only that one.

use std::time::{Duration, Instant};

use super::super::common::postgres::{Cluster, PostgresProxy};
use super::{connect, text};

#[tokio::test]
async fn a_commit_whose_acknowledgement_is_cut_off_is_committed() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database(&[]).await;
    let proxy = PostgresProxy::start(database.url()).await;
    let client = connect(proxy.url()).await.unwrap();
    client.batch_execute("CREATE TABLE kept (number int)").await.unwrap();
    proxy.cut_commits(1);
    // A commit that rolls back, and a statement alone, are not acknowledgements of a COMMIT.
    client.batch_execute("BEGIN; INSERT INTO kept VALUES (1); ROLLBACK").await.unwrap();
    client.batch_execute("INSERT INTO kept VALUES (2)").await.unwrap();
    let error = client.batch_execute("BEGIN; INSERT INTO kept VALUES (3); COMMIT").await.unwrap_err();
    assert!(error.code().is_none(), "the connection has ended: {error:?}");
    assert_eq!(proxy.commits_cut(), 1);
    let client = connect(proxy.url()).await.unwrap();
    client.batch_execute("BEGIN; INSERT INTO kept VALUES (4); COMMIT").await.unwrap();
    let kept = text(&client, "SELECT string_agg(number::text, ' ' ORDER BY number) FROM kept").await.unwrap();
    assert_eq!((kept.as_str(), proxy.commits_cut()), ("2 3 4", 1));
}

#[tokio::test]
async fn messages_pass_through_whole_and_in_order() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = PostgresProxy::start(&cluster.database_url()).await;
    let client = connect(proxy.url()).await.unwrap();
    let large = "x".repeat(3_000_000);
    let ask = |number: i32| {
        let (client, large) = (&client, &large);
        async move {
            let row = client.query_one("SELECT $1::text, $2::int", &[large, &number]).await.unwrap();
            (row.get::<_, String>(0) == *large, row.get::<_, i32>(1))
        }
    };
    // Pipelined, so that a piece holds the end of one answer and the beginning of another.
    let answers = tokio::join!(ask(1), ask(2), ask(3));
    assert_eq!(answers, ((true, 1), (true, 2), (true, 3)));
}

#[tokio::test]
async fn a_frozen_connection_stays_open_and_goes_on() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = PostgresProxy::start(&cluster.database_url()).await;
    let client = connect(proxy.url()).await.unwrap();
    proxy.freeze();
    let answer = text(&client, "SELECT 'late'");
    tokio::pin!(answer);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut answer).await.is_err());
    proxy.thaw();
    assert_eq!(answer.await.unwrap(), "late");
}

#[tokio::test]
async fn a_delay_counts_once_for_statements_that_are_pipelined() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = PostgresProxy::start(&cluster.database_url()).await;
    let client = connect(proxy.url()).await.unwrap();
    let delay = Duration::from_millis(50);
    proxy.delay(delay);
    let pipelined = async || {
        let start = Instant::now();
        let statements = (0..40).map(|_| text(&client, "SELECT 1"));
        futures_util::future::try_join_all(statements).await.unwrap();
        let taken = start.elapsed();
        assert!(taken >= 2 * delay, "{taken:?}");
        taken
    };
    // One by one they would take four seconds; a busy machine may take as long once.
    for _ in 0..5 {
        if pipelined().await < 40 * 2 * delay {
            return;
        }
    }
    panic!("each statement is delayed by those before it");
}

#[tokio::test]
async fn connections_are_dropped_and_refused() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = PostgresProxy::start(&cluster.database_url()).await;
    let client = connect(proxy.url()).await.unwrap();
    proxy.drop_connections();
    assert!(text(&client, "SELECT 1").await.is_err());
    proxy.refuse(true);
    assert!(connect(proxy.url()).await.is_err());
    proxy.refuse(false);
    assert_eq!(text(&connect(proxy.url()).await.unwrap(), "SELECT 1").await.unwrap(), "1");
}
