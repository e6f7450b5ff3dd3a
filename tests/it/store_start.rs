//! Servers that are started at once on a schema that does not exist make one store.

use std::collections::BTreeSet;

use serde_json::Value;

use super::common::postgres::Cluster;
use super::common::{StoreServers, Traffic, client};

#[tokio::test(flavor = "multi_thread")]
async fn eight_servers_that_start_at_once_make_one_store() {
    let Some(cluster) = Cluster::shared() else { return };
    let servers = StoreServers::start_at_once(&cluster.database_url(), 8).await;
    let mut ids = BTreeSet::new();
    for base in servers.bases() {
        let response = client().get(format!("{base}/status")).send().await.unwrap();
        let status: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        ids.insert(status["result"]["storeId"].as_str().unwrap_or_else(|| panic!("{status}")).to_owned());
    }
    assert_eq!(ids.len(), 1, "{ids:?}");
    let tables = format!(
        "SELECT (SELECT count(*) FROM {0}.meta) + (SELECT count(*) FROM {0}.counter)",
        servers.schema()
    );
    let rows: i64 = cluster.client().await.query_one(&tables, &[]).await.unwrap().get(0);
    assert_eq!(rows, 2);
    let traffic = Traffic::start(servers.bases());
    traffic.progress(10).await;
    traffic.stop().await.assert_complete().await;
}
