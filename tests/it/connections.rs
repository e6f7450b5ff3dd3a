//! The reference server's connections: how many are open, how long, and how the server stops
//! (contract 4). Not what is in the requests (`serve_requests`).

use std::time::Duration;

use serde_json::json;
use synctool::server::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::common::{SCHEMA, TestServer, client, mutation, push};

#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_for_requests_in_flight() {
    let mut server = TestServer::start(SCHEMA).await;
    let mut stream = server.connect().await;
    let text = json!({"clientId": "D", "mutations": [mutation("late", &json!({}))]}).to_string();
    let head = format!(
        "POST /datafn/push HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (answer, ()) = tokio::join!(answer, server.stop());
    assert!(answer.contains("\"applied\":[\"late\"]"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_does_not_wait_for_idle_connections_and_unfinished_heads() {
    let mut server = TestServer::start(SCHEMA).await;
    let _silent = server.connect().await;
    let mut half = server.connect().await;
    half.write_all(b"POST /datafn/push HTTP/1.1\r\nhost: x\r\ncontent-le").await.unwrap();
    let mut idle = server.connect().await;
    idle.write_all(b"GET /datafn/status HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::timeout(Duration::from_secs(5), server.stop()).await.expect("the server stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_closed_when_a_request_head_times_out() {
    let limits = Limits { head_timeout: Duration::from_millis(100), ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, None, limits).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /datafn/push HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "the connection is still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_over_max_bodies_wait_until_another_body_is_read() {
    let limits = Limits { max_bodies: 1, ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, None, limits).await;
    let text = json!({"clientId": "D", "mutations": [mutation("first", &json!({}))]}).to_string();
    let (start, end) = text.split_at(20);
    let mut first = server.connect().await;
    let head = format!(
        "POST /datafn/push HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{start}",
        text.len()
    );
    first.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = [mutation("second", &json!({}))];
    let mut second = std::pin::pin!(push(&server, &second));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut second).await.is_err());
    // A request without a body does not wait.
    assert!(client().get(format!("{}/status", server.base())).send().await.unwrap().status().is_success());
    first.write_all(end.as_bytes()).await.unwrap();
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("\"applied\":[\"first\"]"), "{answer}");
    assert_eq!(second.await["applied"], json!(["second"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_over_the_limit_wait_until_another_is_closed() {
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, None, limits).await;
    let first = server.connect().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut second = server.connect().await;
    second.write_all(b"GET /datafn/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    let early = tokio::time::timeout(Duration::from_millis(200), second.read_to_string(&mut answer)).await;
    assert!(early.is_err(), "{answer}");
    drop(first);
    second.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
