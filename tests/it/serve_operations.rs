//! The routes for those who operate the reference server: health, readiness, metrics (contract 4). Not
//! request ids and log lines (`serve_log`), not what is forgotten (`serve_retention`).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use synctool::server::{Limits, Retention};

use super::common::{SCHEMA, TestServer, client, metrics, mutation, push};

/// A route beside `/datafn`: the status, and the answer as JSON.
async fn get(server: &TestServer, route: &str) -> (u16, Value) {
    let response = client().get(server.url(route)).send().await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_readiness_need_no_token_and_are_not_under_the_rate_limit() {
    let limits = Limits { max_requests_per_second: Some(1), ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, Some("right"), limits).await;
    for _ in 0..5 {
        for route in ["/healthz", "/readyz"] {
            assert_eq!(get(&server, route).await, (200, json!({"ok": true})), "{route}");
        }
        assert!(metrics(&server).await.contains_key("process_start_time_seconds"));
    }
    // They have left the rate limit's only token, which the first of these takes.
    assert_eq!(get(&server, "/datafn/status").await.0, 401);
    assert_eq!(get(&server, "/datafn/status").await.0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_store_cannot_be_read_lives_and_is_not_ready_until_it_can() {
    let server = TestServer::start(SCHEMA).await;
    let store = std::fs::read(server.data()).unwrap();
    std::fs::write(server.data(), vec![7; store.len()]).unwrap();
    assert_eq!(get(&server, "/healthz").await.0, 200);
    let (status, answer) = get(&server, "/readyz").await;
    assert_eq!((status, &answer["ok"]), (503, &json!(false)), "{answer}");
    assert_eq!(answer["error"]["message"], "the server's store does not answer");
    assert_eq!(metrics(&server).await["synctool_server_store_up"], "0");
    std::fs::write(server.data(), store).unwrap();
    assert_eq!(get(&server, "/readyz").await.0, 200);
    assert_eq!(metrics(&server).await["synctool_server_store_up"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_need_the_token_when_they_are_asked_for_through_a_proxy() {
    let server = TestServer::start_with(SCHEMA, Some("right"), Limits::default()).await;
    for (headers, expected) in [
        (vec![], 200),
        (vec![("x-forwarded-for", "192.0.2.1")], 401),
        (vec![("forwarded", "for=192.0.2.1"), ("authorization", "Bearer wrong")], 401),
        (vec![("via", "1.1 proxy"), ("authorization", "Bearer right")], 200),
    ] {
        let mut request = client().get(server.url("/metrics"));
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{headers:?}");
        if expected == 200 {
            assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_requests_and_mutations() {
    let server = TestServer::start(SCHEMA).await;
    push(&server, &[mutation("1", &json!({})), mutation("2", &json!({"id": "h"}))]).await;
    let rejected = json!({"operation": "insert"});
    push(
        &server,
        &[mutation("1", &json!({})), mutation("3", &rejected), mutation("4", &json!({"resource": "no"}))],
    )
    .await;
    server.post_text("push", "{").await;
    server.post_text("nope", "{}").await;
    let metrics = metrics(&server).await;
    let expected = BTreeMap::from([
        (r#"synctool_server_requests_total{route="/datafn/push",status="200"}"#, "2"),
        (r#"synctool_server_requests_total{route="/datafn/push",status="400"}"#, "1"),
        (r#"synctool_server_requests_total{route="other",status="404"}"#, "1"),
        (r#"synctool_server_mutations_total{outcome="applied",code=""}"#, "2"),
        (r#"synctool_server_mutations_total{outcome="repeated",code=""}"#, "1"),
        (r#"synctool_server_mutations_total{outcome="rejected",code="CONFLICT"}"#, "1"),
        (r#"synctool_server_mutations_total{outcome="rejected",code="DFQL_UNKNOWN_RESOURCE"}"#, "1"),
        ("synctool_server_push_seconds_count", "2"),
        ("synctool_server_group_mutations_count", "2"),
        ("synctool_server_group_mutations_sum", "5.0"),
        ("synctool_server_sequence", "2"),
        // The request for the metrics itself.
        ("synctool_server_requests_in_flight", "1"),
        ("synctool_server_bodies", "0"),
        ("synctool_server_max_bodies", "32"),
        ("synctool_server_max_connections", "512"),
        (r#"synctool_server_store_entries{kind="items"}"#, "2"),
        (r#"synctool_server_store_entries{kind="mutations"}"#, "2"),
        (r#"synctool_server_store_entries{kind="tombstones"}"#, "0"),
        (r#"synctool_server_store_connections{state="in_use"}"#, "2"),
    ]);
    for (name, value) in expected {
        assert_eq!(metrics.get(name).map(String::as_str), Some(value), "{name}: {metrics:#?}");
    }
    assert_ne!(metrics["synctool_server_connections"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_has_not_arrived_counts_as_in_memory() {
    use tokio::io::AsyncWriteExt as _;
    let server = TestServer::start(SCHEMA).await;
    let mut half = server.connect().await;
    half.write_all(b"POST /datafn/push HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    while metrics(&server).await["synctool_server_bodies"] == "0" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(metrics(&server).await["synctool_server_requests_in_flight"], "2");
    drop(half);
    // The answer whose client has gone is one, too.
    let aborted = r#"synctool_server_requests_total{route="/datafn/push",status="none"}"#;
    let refused = r#"synctool_server_requests_total{route="/datafn/push",status="400"}"#;
    loop {
        let metrics = metrics(&server).await;
        if metrics.contains_key(aborted) || metrics.contains_key(refused) {
            assert_eq!(metrics["synctool_server_bodies"], "0");
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_makes_a_time_series_of_its_own() {
    let server = TestServer::start(SCHEMA).await;
    let series = async || metrics(&server).await.into_keys().filter(|name| name.contains("_total")).count();
    server.post_text("push", "{").await;
    server.post_text("x", "{}").await;
    metrics(&server).await;
    let before = series().await;
    for index in 0..50 {
        server.post_text(&format!("x{index}"), "{}").await;
        server.post_text(&format!("push?{index}"), "{").await;
    }
    assert_eq!(series().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_what_the_store_holds() {
    let server = TestServer::start(SCHEMA).await;
    assert_eq!(
        server.status().await["store"],
        json!({"items": {"count": 0}, "tombstones": {"count": 0, "oldestAgeMs": null},
            "mutations": {"count": 0, "oldestAgeMs": null}, "forgottenCursor": "0"})
    );
    let mut server = server;
    push(&server, &[mutation("1", &json!({})), mutation("2", &json!({"operation": "delete", "id": "x"}))])
        .await;
    // A new server counts anew.
    server.restart().await;
    let store = server.status().await["store"].clone();
    assert_eq!((&store["items"]["count"], &store["tombstones"]["count"]), (&json!(1), &json!(1)));
    assert_eq!(store["mutations"]["count"], 2);
    for kind in ["tombstones", "mutations"] {
        // The tests before have taken no hour.
        assert!(store[kind]["oldestAgeMs"].as_u64().unwrap() < 3_600_000, "{store}");
    }
}

/// The metrics that a page describes, and those that a server has.
#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_described_and_every_described_metric_exists() {
    let mut server = TestServer::start(SCHEMA).await;
    push(&server, &[mutation("1", &json!({}))]).await;
    let forever = std::time::Duration::from_hours(24 * 365);
    server.stop().await;
    server.start_again(Retention { mutations: Some(forever), deletes: Some(forever) }).await;
    push(&server, &[mutation("2", &json!({}))]).await;
    metrics(&server).await;
    let text = client().get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut families: Vec<_> = types.map(|line| line.split(' ').next().unwrap()).collect();
    families.sort_unstable();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = page.split(|c| !is_name(c));
    let named = words.filter(|word| word.starts_with("synctool_server_") || word.starts_with("process_"));
    // A histogram is named as a whole and by its parts.
    let family = |word: &str| {
        let whole = ["_bucket", "_count", "_sum"].iter().find_map(|part| word.strip_suffix(part));
        whole.filter(|whole| families.contains(whole)).unwrap_or(word).to_owned()
    };
    let mut named: Vec<_> = named.map(family).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(named, families);
}
