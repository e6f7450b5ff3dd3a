//! How large requests are, how they are compressed, and how many are in flight (contract 3:
//! `--batch-size`, `--batch-bytes`, `--compress`, `--concurrency`). Not batches that a server
//! refuses for good (`push`).

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use synctool::cloneup::Event;
use synctool::remote::{Compression, Compressor, Encoding};
use synctool::server::Limits;

use super::common::{Answer, Recorded, Rig, SCHEMA, TestServer, client};

const HUNDRED: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
    INSERT INTO tags (id, label) SELECT printf('%03d', i), 'a label' FROM n";

#[tokio::test]
async fn batch_bytes_bounds_a_request_and_a_larger_mutation_is_sent_alone() {
    let mut rig =
        Rig::new(&format!("{HUNDRED}; UPDATE tags SET label = hex(zeroblob(2000)) WHERE id = '050'")).await;
    rig.options.batch_bytes = 2000.try_into().unwrap();
    rig.succeed().await;
    assert_eq!(rig.server.mutations().len(), 100);
    for Recorded { text, body, .. } in rig.server.pushes() {
        assert!(text.len() <= 2000 || body["mutations"].as_array().unwrap().len() == 1, "{}", text.len());
    }
    assert!(rig.server.batch_sizes()[0] > 5, "{:?}", rig.server.batch_sizes());
}

#[tokio::test]
async fn limits_that_the_server_advertises_bound_every_request() {
    let mut rig = Rig::new(HUNDRED).await;
    rig.server.script(
        "status",
        [Answer::result(&json!({"limits": {"maxMutations": 7, "maxBodyBytes": 100_000, "maxLimit": 3}}))],
    );
    rig.succeed().await;
    assert_eq!(rig.server.batch_sizes().iter().max(), Some(&7));
    assert_eq!(rig.server.pulls()[0].body["limit"], 3);

    let mut rig = Rig::new(HUNDRED).await;
    rig.server.script("status", [Answer::result(&json!({"limits": {"maxBodyBytes": 1500}}))]);
    rig.succeed().await;
    assert!(rig.server.pushes().iter().all(|push| push.text.len() <= 1500));
}

#[tokio::test]
async fn a_batch_size_that_got_413_is_not_used_again() {
    let mut rig = Rig::new(&HUNDRED.replace("i < 100", "i < 900")).await;
    rig.concurrency(1);
    rig.server.script("push", [413, 413].map(|status| Answer::Json(status, json!({}))));
    rig.succeed().await;
    let sizes = rig.server.batch_sizes();
    assert_eq!(sizes[..5], [100, 50, 25, 25, 50], "{sizes:?}");
    assert!(sizes[5..].iter().all(|size| (20..=50).contains(size)), "{sizes:?}");
    assert_eq!(rig.server.mutations().len(), 900 + 100 + 50);
}

#[tokio::test]
async fn retry_after_pauses_every_request() {
    let mut rig = Rig::new(HUNDRED).await;
    rig.batch_size(1);
    rig.concurrency(8);
    let late = || Answer::late(60);
    let busy = Answer::Raw(429, vec![("retry-after", "1".into())], Vec::new());
    rig.server.script("push", (0..20).map(|_| late()).chain([busy]).chain((0..20).map(|_| late())));
    rig.succeed().await;
    let pushes = rig.server.pushes();
    let throttled_at = pushes[20].answered.unwrap();
    let after = |push: &Recorded| push.at.saturating_duration_since(throttled_at);
    let early = pushes
        .iter()
        .filter(|push| after(push) > Duration::from_millis(20) && after(push) < Duration::from_millis(980));
    assert_eq!(early.count(), 0, "no request is sent during the pause");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_a_server_with_a_rate_limit_is_throttled_and_completes() {
    let limits = Limits { max_requests_per_second: Some(20), ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, None, limits).await;
    let mut rig = Rig::new(HUNDRED).await;
    rig.remote.base = server.base().to_owned();
    rig.batch_size(2);
    rig.max_retries(5);
    let start = Instant::now();
    let outcome = rig.succeed().await;
    assert_eq!(outcome.stats.resources[0].1.mutations, 100);
    assert!(outcome.stats.batches > 50, "some were throttled: {}", outcome.stats.batches);
    assert!(start.elapsed() > Duration::from_secs(1));
}

#[tokio::test]
async fn events_report_the_concurrency_limit_and_why_it_changes() {
    let mut rig = Rig::new(HUNDRED).await;
    rig.batch_size(1);
    let late = || Answer::late(5);
    rig.server.script("push", (0..60).map(|_| late()).chain([Answer::Json(500, json!({}))]));
    let changes = Mutex::new(Vec::new());
    rig.run_and(|event| {
        if let Event::ConcurrencyChanged { limit, reason, .. } = event {
            changes.lock().unwrap().push((*limit, (*reason).to_owned()));
        }
    })
    .await;
    let changes = changes.into_inner().unwrap();
    assert_eq!(changes[0].0, 4);
    assert_eq!(changes[1], (8, "answers come without delay".to_owned()));
    let failed = changes.iter().position(|(_, why)| why == "a request failed").unwrap();
    assert_eq!(changes[failed].0, changes[failed - 1].0 / 2, "{changes:?}");
}

#[tokio::test]
async fn concurrency_reaches_8_when_every_answer_takes_20_ms() {
    let mut rig = Rig::new(HUNDRED).await;
    rig.batch_size(2);
    let start = Instant::now();
    rig.server.script("push", (0..50).map(|_| Answer::late(20)));
    rig.succeed().await;
    assert!(start.elapsed() < Duration::from_millis(900), "50 requests of 20 ms: {:?}", start.elapsed());
    assert!((8..=16).contains(&rig.server.most_in_flight()), "{}", rig.server.most_in_flight());
}

#[tokio::test]
async fn requests_are_compressed_as_the_option_or_the_server_says() {
    let zstd = json!({"capabilities": ["sync.push.gzip", "sync.push.zstd"]});
    let gzip = json!({"capabilities": ["sync.push.gzip"]});
    for (asked, advertised, expected) in [
        (Compression::Auto, &zstd, Some("zstd")),
        (Compression::Auto, &gzip, Some("gzip")),
        (Compression::Auto, &json!({}), None),
        (Compression::None, &zstd, None),
        (Compression::With(Encoding::Gzip), &zstd, Some("gzip")),
        (Compression::With(Encoding::Zstd), &json!({}), Some("zstd")),
    ] {
        let mut rig = Rig::new(HUNDRED).await;
        rig.remote.compression = asked;
        rig.server.script("status", [Answer::result(advertised)]);
        rig.succeed().await;
        let push = &rig.server.pushes()[0];
        let encoding = push.headers.get("content-encoding").map(String::as_str);
        assert_eq!(encoding, expected, "{asked:?}");
        assert_eq!(push.body["mutations"].as_array().unwrap().len(), 100, "{asked:?}");
    }
}

#[tokio::test]
async fn answers_over_loopback_are_compressed_only_where_that_is_asked_for() {
    for (asked, expected) in [
        (Compression::Auto, "identity"),
        (Compression::None, "identity"),
        (Compression::With(Encoding::Zstd), "zstd"),
    ] {
        let mut rig = Rig::new(HUNDRED).await;
        rig.remote.compression = asked;
        rig.succeed().await;
        let accepted: Vec<_> = rig
            .server
            .requests()
            .into_iter()
            .map(|request| request.headers["accept-encoding"].clone())
            .collect();
        assert!(!accepted.is_empty() && accepted.iter().all(|coding| coding == expected), "{accepted:?}");
        // A header of one's own counts.
        rig.remote.headers.push(("Accept-Encoding".to_owned(), "gzip".to_owned()));
        rig.succeed().await;
        assert_eq!(rig.server.requests().last().unwrap().headers["accept-encoding"], "gzip");
    }
}

#[tokio::test]
async fn requests_are_sent_uncompressed_after_http_415() {
    let mut rig = Rig::new(HUNDRED).await;
    rig.batch_size(10);
    rig.max_retries(0);
    rig.concurrency(1);
    rig.remote.compression = Compression::With(Encoding::Zstd);
    rig.server.script("push", [Answer::Json(415, json!({}))]);
    let outcome = rig.succeed().await;
    let encoded: Vec<_> =
        rig.server.pushes().iter().map(|push| push.headers.contains_key("content-encoding")).collect();
    assert_eq!(encoded.iter().filter(|encoded| **encoded).count(), 1);
    assert!(encoded[0]);
    assert_eq!(outcome.stats.batches, 11);
}

#[tokio::test]
async fn the_server_reads_and_writes_gzip_and_zstd_and_refuses_other_encodings() {
    let server =
        TestServer::start_with(SCHEMA, None, Limits { max_body_bytes: 20_000, ..Limits::default() }).await;
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        let mut rig = Rig::new(HUNDRED).await;
        rig.remote.base = server.base().to_owned();
        rig.remote.compression = Compression::With(encoding);
        rig.options.client_id = Some(encoding.as_str().to_owned());
        let outcome = rig.succeed().await;
        assert_eq!(outcome.stats.resources[0].1.mutations, 100);
        let request = client()
            .post(format!("{}/pull", server.base()))
            .header("accept-encoding", encoding.as_str())
            .body(r#"{"clientId": "x", "cursor": "0"}"#);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], encoding.as_str());
    }
    let post = |encoding: &'static str, body: Vec<u8>| {
        client()
            .post(format!("{}/push", server.base()))
            .header("content-encoding", encoding)
            .body(body)
            .send()
    };
    // The limit holds for the decompressed body.
    let bomb = Compressor::new(Encoding::Zstd).unwrap().compress(&vec![b' '; 50_000_000]).unwrap();
    assert_eq!(post("zstd", bomb.to_vec()).await.unwrap().status(), 413);
    assert_eq!(post("gzip", b"no gzip".to_vec()).await.unwrap().status(), 400);
    let unknown = post("br", b"x".to_vec()).await.unwrap();
    assert_eq!(unknown.status(), 415);
    let answer: Value = serde_json::from_slice(&unknown.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["error"]["message"], "Unsupported Content-Encoding: br");
}
