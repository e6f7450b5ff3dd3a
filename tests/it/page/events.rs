//! `GET /events`: who may read it, what it tells of clients, how it ends. Not the counts (`counts`).

use std::time::Duration;

use serde_json::{Value, json};
use synctool::server::Limits;

use super::stream::{Stream, count};
use crate::common::{SCHEMA, TestServer, client, mutation};

/// Pages at a time (`MAX_SUBSCRIBERS`).
const PLACES: usize = 32;

/// Pushes mutations of a client, which are numbered from here.
async fn push_as(server: &TestServer, client: &str, numbers: std::ops::Range<usize>, extra: &Value) {
    let mutations: Vec<_> = numbers
        .map(|number| {
            let mut mutation = mutation(&format!("{client}:{number}"), extra);
            mutation["clientId"] = json!(client);
            mutation["id"] = json!(format!("{client}{number}"));
            mutation
        })
        .collect();
    server.post("push", &json!({"clientId": client, "mutations": mutations})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_need_the_token_in_the_header() {
    let server = TestServer::start_with(SCHEMA, Some("right"), Limits::default()).await;
    for (route, token, expected) in [
        ("/events", None, 401),
        ("/events", Some("wrong"), 401),
        ("/events?token=right", None, 401),
        ("/events", Some("right"), 200),
    ] {
        let request = client().get(server.url(route));
        let request = token.iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{route} {token:?}");
        assert!(!response.headers().contains_key("access-control-allow-origin"));
        if expected == 200 {
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert!(Stream::of(response).next().await.is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_rejections_are_told_by_client() {
    let server = TestServer::start(SCHEMA).await;
    let mut stream = Stream::open(&server.url("/events")).await;
    push_as(&server, "phone", 0..30, &json!({})).await;
    push_as(&server, "phone", 20..35, &json!({})).await;
    push_as(&server, "laptop", 0..7, &json!({})).await;
    push_as(&server, "laptop", 100..103, &json!({"record": {"nope": 1}})).await;
    let state = stream.until(|state| state["sequence"] == 42 && state["rejected"][0].is_object()).await;
    let told = |client: &str| {
        let uploads = state["uploads"].as_array().unwrap();
        let upload = uploads.iter().find(|upload| upload["client"] == client).unwrap();
        ["applied", "repeated", "rejected"].map(|key| upload[key].as_u64().unwrap())
    };
    assert_eq!((told("phone"), told("laptop")), ([35, 10, 0], [7, 0, 3]));
    let rejected = state["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 3);
    assert_eq!(rejected[0]["mutationId"], "laptop:102");
    assert_eq!(rejected[0]["client"], "laptop");
    assert_eq!(rejected[0]["code"], "DFQL_UNKNOWN_FIELD");
    assert_eq!(rejected[0]["path"], "record.nope");
    let newest = &state["newest"][0];
    assert_eq!(
        (&newest["table"], &newest["id"], &newest["step"]),
        (&json!("tags"), &json!("laptop6"), &json!(42))
    );
    assert_eq!(newest["document"], json!(r#"{"label":"G"}"#));
    assert_eq!(state["newest"][1]["id"], "laptop5");
    assert_eq!(state["store"], json!({"kind": "SQLite", "isUp": true}));
    // Once their seconds are over, the seconds of the curve add up to all that is new.
    let sum = |state: &Value| -> u64 {
        state["rate"]["seconds"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum()
    };
    let state = stream.until(|state| sum(state) >= 42).await;
    assert_eq!((sum(state), state["rate"]["seconds"].as_array().unwrap().len()), (42, 299));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_has_only_what_has_changed() {
    let server = TestServer::start(SCHEMA).await;
    push_as(&server, "phone", 0..3, &json!({})).await;
    let mut stream = Stream::open(&server.url("/events")).await;
    let first = stream.next().await.unwrap();
    assert_eq!((count(&first, "tags"), &first["sequence"]), (3, &json!(3)));
    for _ in 0..3 {
        let event = stream.next().await.unwrap();
        assert!(event["now"].is_i64(), "{event}");
        for unchanged in ["tables", "newest", "rejected", "sequence", "store"] {
            assert!(event[unchanged].is_null(), "{unchanged}: {event}");
        }
    }
    push_as(&server, "phone", 3..4, &json!({})).await;
    stream.until(|state| count(state, "tags") == 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_so_many_pages_at_a_time() {
    let server = TestServer::start(SCHEMA).await;
    let mut streams = Vec::new();
    for _ in 0..PLACES {
        streams.push(Stream::open(&server.url("/events")).await);
    }
    let ask = || async { client().get(server.url("/events")).send().await.unwrap() };
    let refused = ask().await;
    assert_eq!(refused.status().as_u16(), 503);
    assert_eq!(refused.headers()["retry-after"], "10");
    let answer: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    assert_eq!(answer["error"]["message"], "too many pages are open; close one, or try again later");
    // The others go on, and a place is free again when one of them has gone.
    assert!(streams[PLACES - 1].next().await.is_some());
    streams.pop();
    while ask().await.status().as_u16() == 503 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_the_streams_and_waits_for_none() {
    let mut server = TestServer::start(SCHEMA).await;
    let mut stream = Stream::open(&server.url("/events")).await;
    // One that reads nothing.
    let idle = Stream::open(&server.url("/events")).await;
    stream.next().await.unwrap();
    server.stop().await;
    while stream.next().await.is_some() {}
    drop(idle);
    // All of the store is in the file: nothing has kept it open.
    assert!(!server.data().with_extension("db-wal").exists());
}
