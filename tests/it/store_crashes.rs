//! Servers and PostgreSQL are killed while four clients upload: nothing that was acknowledged is lost,
//! and nothing is applied twice. Not connections that break (`store_lost_answers`).

use super::common::postgres::Cluster;
use super::common::{StoreServers, Traffic};

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_killed_lose_and_double_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let mut servers = StoreServers::start(&cluster.database_url(), 3).await;
    let traffic = Traffic::start(servers.bases());
    for killed in [0, 1, 2, 0] {
        traffic.progress(15).await;
        servers.servers[killed].kill();
        traffic.progress(5).await;
        servers.servers[killed].restart().await;
    }
    traffic.progress(15).await;
    traffic.stop().await.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_before_or_after_its_commit_loses_and_doubles_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let mut servers = StoreServers::start(&cluster.database_url(), 1).await;
    for failpoint in ["before-commit:8", "after-commit:8"] {
        servers.add(&[("SYNCTOOL_FAILPOINT", failpoint)]).await;
    }
    let traffic = Traffic::start(servers.bases());
    traffic.progress(80).await;
    for server in &mut servers.servers[1..] {
        assert!(server.has_ended(), "the failpoint is reached");
    }
    traffic.stop().await.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_and_recovers_loses_and_doubles_nothing() {
    let Some(mut cluster) = Cluster::options().start() else { return };
    let servers = StoreServers::start(&cluster.database_url(), 3).await;
    let traffic = Traffic::start(servers.bases());
    traffic.progress(20).await;
    cluster.stop_immediately();
    cluster.restart();
    traffic.progress(20).await;
    cluster.kill();
    cluster.restart();
    traffic.progress(20).await;
    traffic.stop().await.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_and_a_database_that_are_killed_together_lose_and_double_nothing() {
    let Some(mut cluster) = Cluster::options().start() else { return };
    let mut servers = StoreServers::start(&cluster.database_url(), 2).await;
    let traffic = Traffic::start(servers.bases());
    traffic.progress(20).await;
    for server in &mut servers.servers {
        server.kill();
    }
    cluster.kill();
    cluster.restart();
    for server in &mut servers.servers {
        server.restart().await;
    }
    traffic.progress(20).await;
    traffic.stop().await.assert_complete().await;
}
