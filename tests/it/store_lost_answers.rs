//! Connections between servers and PostgreSQL break, also between a COMMIT and its answer: nothing that
//! was acknowledged is lost, and nothing is applied twice. Not processes that are killed
//! (`store_crashes`).

use std::time::Duration;

use super::common::postgres::{Cluster, PostgresProxy};
use super::common::{StoreServers, Traffic};

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_not_applied_again() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = PostgresProxy::start(&cluster.database_url()).await;
    let servers = StoreServers::start(proxy.url(), 2).await;
    let traffic = Traffic::start(servers.bases());
    for cut in 1..=3 {
        traffic.progress(10).await;
        // Four at once: every lane of both servers.
        proxy.cut_commits(4);
        traffic.progress(20).await;
        assert_eq!(proxy.commits_cut(), cut * 4);
    }
    traffic.stop().await.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_terminated_at_random_lose_and_double_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database(&[]).await;
    let servers = StoreServers::start(database.url(), 2).await;
    let traffic = Traffic::start(servers.bases());
    let mut terminated = 0;
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(50..200))).await;
        terminated += cluster.terminate_sessions(database.name()).await;
    }
    assert!(terminated > 0);
    traffic.progress(20).await;
    traffic.stop().await.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_reset_lose_and_double_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = PostgresProxy::start(&cluster.database_url()).await;
    let servers = StoreServers::start(proxy.url(), 2).await;
    let traffic = Traffic::start(servers.bases());
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(50..200))).await;
        proxy.drop_connections();
    }
    traffic.progress(20).await;
    traffic.stop().await.assert_complete().await;
}
