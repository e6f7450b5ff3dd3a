//! Databases whose transactions are isolated more strictly by default, as those of clusters that speak
//! PostgreSQL's protocol are.

use super::common::postgres::Cluster;
use super::common::{StoreServers, Traffic};

async fn assert_holds_under(level: &str) {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database(&[("default_transaction_isolation", level)]).await;
    let mut servers = StoreServers::start_at_once(database.url(), 3).await;
    let traffic = Traffic::start(servers.bases());
    traffic.progress(40).await;
    servers.servers[0].kill();
    traffic.progress(10).await;
    servers.servers[0].restart().await;
    traffic.stop().await.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_lose_and_double_nothing_where_repeatable_read_is_the_default() {
    assert_holds_under("repeatable read").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_lose_and_double_nothing_where_serializable_is_the_default() {
    assert_holds_under("serializable").await;
}
