//! pgbouncer: transactions of several clients share a server connection.

use std::time::Duration;

use super::super::common::postgres::{Cluster, PgBouncer};
use super::{connect, text};

#[tokio::test]
async fn transactions_of_two_clients_have_the_same_server_connection() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database(&[]).await;
    let Some(bouncer) = PgBouncer::start(cluster, 1) else { return };
    let url = bouncer.url_of(database.name());
    let (one, other) = (connect(&url).await.unwrap(), connect(&url).await.unwrap());
    one.batch_execute("BEGIN").await.unwrap();
    let process = text(&one, "SELECT pg_backend_pid()").await.unwrap();
    let waiting = text(&other, "SELECT pg_backend_pid()");
    tokio::pin!(waiting);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(early.is_err(), "one transaction at a time");
    one.batch_execute("COMMIT").await.unwrap();
    assert_eq!(waiting.await.unwrap(), process, "{}", bouncer.log());
}
