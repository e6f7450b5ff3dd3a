//! The database's disk is full: pushes get HTTP 503 with `Retry-After`, reads go on, and pushes do too when
//! there is room again, without a restart.

use serde_json::json;

use super::common::postgres::{Cluster, SmallDisk};
use super::common::{StoreServers, client, mutation};

/// A push of large records that cannot be compressed.
fn large(number: u32) -> String {
    let label: String = std::iter::repeat_with(fastrand::alphanumeric).take(200_000).collect();
    let extra = json!({"operation": "insert", "id": format!("large-{number}"), "record": {"label": label}});
    json!({"clientId": "D", "mutations": [mutation(&number.to_string(), &extra)]}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_pushes_until_it_has_room() {
    let Some(cluster) = Cluster::options().disk(SmallDisk::Data).start() else { return };
    let servers = StoreServers::start(&cluster.database_url(), 1).await;
    let base = servers.servers[0].base();
    let push = async |body: &str| {
        let response = client().post(format!("{base}/push")).body(body.to_owned()).send().await.unwrap();
        let waits = response.headers().contains_key("retry-after");
        (response.status().as_u16(), waits)
    };
    assert_eq!(push(&large(0)).await, (200, false));
    cluster.fill_disk();
    let refused = large(1);
    assert_eq!(push(&refused).await, (503, true));
    let clone = client().post(format!("{base}/clone")).body(r#"{"clientId":"D"}"#).send().await.unwrap();
    assert_eq!(clone.status().as_u16(), 200);
    cluster.free_disk();
    assert_eq!(push(&refused).await, (200, false));
    let status = client().get(format!("{base}/status")).send().await.unwrap().text().await.unwrap();
    assert!(status.contains(r#""cursor":"2""#), "{status}");
}
