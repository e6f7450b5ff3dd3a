//! Servers that reach their store through pgbouncer in transaction mode, where each transaction has another
//! connection and none has a session.

use super::common::postgres::{Cluster, PgBouncer};
use super::common::{StoreServers, Traffic};

#[tokio::test(flavor = "multi_thread")]
async fn servers_behind_pgbouncer_in_transaction_mode_lose_and_double_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database(&[]).await;
    // Fewer connections than the lanes of the servers, so that they are given from one to the other.
    let Some(bouncer) = PgBouncer::start(cluster, 3) else { return };
    let mut servers = StoreServers::start_at_once(&bouncer.url_of(database.name()), 3).await;
    let traffic = Traffic::start(servers.bases());
    traffic.progress(40).await;
    cluster.terminate_sessions(database.name()).await;
    traffic.progress(20).await;
    servers.servers[0].kill();
    traffic.progress(20).await;
    servers.servers[0].restart().await;
    traffic.stop().await.assert_complete().await;
}
