//! A database that does not answer: pushes and pulls get HTTP 503 with `Retry-After` after some seconds,
//! and are answered again, without a restart, when it is there again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::common::postgres::{Cluster, PostgresProxy};
use super::common::{StoreServers, client, mutation};

/// Posts a body; returns the status and the seconds of `Retry-After`.
async fn post(base: &str, route: &str, body: &Value) -> (u16, Option<u64>) {
    let request = client().post(format!("{base}/{route}")).body(body.to_string());
    let response = request.timeout(Duration::from_mins(1)).send().await.unwrap();
    let seconds = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    (response.status().as_u16(), seconds)
}

/// Breaks the database between two pushes, and mends it.
async fn assert_is_refused_meanwhile(
    breaks: impl FnOnce(&PostgresProxy),
    mends: impl FnOnce(&PostgresProxy),
) {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = PostgresProxy::start(&cluster.database_url()).await;
    let servers = StoreServers::start(proxy.url(), 1).await;
    let base = servers.servers[0].base();
    let push = |id: &str| json!({"clientId": "D", "mutations": [mutation(id, &json!({"id": id}))]});
    let pull = json!({"clientId": "E", "cursor": "0", "limit": 10});
    assert_eq!(post(base, "push", &push("1")).await, (200, None));
    breaks(&proxy);
    let (start, pushed) = (Instant::now(), push("2"));
    let (pushed, pulled) = tokio::join!(post(base, "push", &pushed), post(base, "pull", &pull));
    assert_eq!((pushed.0, pulled.0), (503, 503), "{pushed:?} {pulled:?}");
    assert!(pushed.1.is_some_and(|seconds| seconds > 0) && pulled.1.is_some_and(|seconds| seconds > 0));
    assert!(start.elapsed() >= Duration::from_secs(4), "{:?}", start.elapsed());
    mends(&proxy);
    assert_eq!(post(base, "push", &push("2")).await, (200, None));
    assert_eq!(post(base, "pull", &pull).await, (200, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_says_nothing_is_waited_for_and_then_refuses() {
    assert_is_refused_meanwhile(PostgresProxy::freeze, PostgresProxy::thaw).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_is_waited_for_and_then_refuses() {
    let breaks = |proxy: &PostgresProxy| {
        proxy.refuse(true);
        proxy.drop_connections();
    };
    assert_is_refused_meanwhile(breaks, |proxy| proxy.refuse(false)).await;
}
