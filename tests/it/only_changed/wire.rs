//! What an upload of nothing new moves over the wire.

use super::{filled, send_changed};
use crate::common::{CountingRelay, SCHEMA, TestServer, cloneup};

#[tokio::test(flavor = "multi_thread")]
async fn equal_rows_take_a_few_bytes_each_bucket_and_one_request() {
    let (server, offline) = (TestServer::start(SCHEMA).await, filled(20_000));
    cloneup(&offline, server.base(), &[]).await;
    let relay = CountingRelay::start(server.base(), &[]).await;
    send_changed(&offline, relay.base(), &[]).await;
    // 4,096 buckets for the todos, 256 for the join rows.
    assert!(relay.bytes() < 120_000, "{}", relay.bytes());
    assert_eq!(relay.requests(), (0, 1, 3));
}
