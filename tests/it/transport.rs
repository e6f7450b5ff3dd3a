//! Requests and answers that fail on the way: retries, time limits, redirects and refused
//! credentials (contract 3.3). Not what an answer says about a mutation (`push`).

use std::time::{Duration, Instant};

use serde_json::json;
use synctool::cloneup::{Event, FailureKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::common::{Answer, Rig, Scripted, THREE_TAGS, codes, refusal};

#[tokio::test]
async fn transport_errors_are_retried_with_the_same_bytes() {
    let broken = |text: &str| Answer::Raw(200, Vec::new(), text.as_bytes().to_vec());
    let answers: Vec<Answer> = [408, 425, 429, 500, 502, 503, 504]
        .into_iter()
        .map(|status| Answer::Json(status, refusal("DFQL_INVALID")))
        .chain([
            Answer::Close,
            Answer::Cut,
            broken(""),
            broken("<html>nope</html>"),
            broken("[]"),
            broken("{}"),
            broken(r#"{"ok":true,"result":{"applied":"a"}}"#),
            broken(r#"{"ok":true,"result":{"applied":[],"errors":[],"cursor":"-1"}}"#),
            broken(r#"{"ok":true,"result":{"applied":[],"errors":[],"cursor":"1e3"}}"#),
            broken(&format!("{}1", "[".repeat(100_000))),
        ])
        .collect();
    for answer in answers {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.server.script("push", [answer.clone(), answer.clone(), answer.clone()]);
        let outcome = rig.run().await;
        assert!(outcome.ok, "{answer:?}: {outcome:?}");
        assert_eq!((outcome.stats.batches, outcome.stats.resources[0].1.mutations), (4, 3), "{answer:?}");
        let pushes = rig.server.pushes();
        assert!(pushes.iter().all(|push| push.text == pushes[0].text), "{answer:?}");
    }
}

#[tokio::test]
async fn exhausted_retries_stop_the_run_with_and_without_fail_fast() {
    for fail_fast in [true, false] {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.options.fail_fast = fail_fast;
        rig.max_retries(2);
        rig.batch_size(1);
        rig.concurrency(1);
        rig.server.script("push", vec![Answer::Apply; 1]);
        rig.server.script("push", vec![Answer::Close; 3]);
        let outcome = rig.run().await;
        assert_eq!(
            (outcome.failure_kind(), outcome.stats.batches, outcome.cursor.as_str()),
            (Some(FailureKind::Remote), 4, "1")
        );
        let error = &outcome.failures[0].error;
        assert_eq!((error.body.code.as_str(), error.body.path.as_str()), ("TRANSPORT_ERROR", "sync.push"));
        assert!(error.body.message.contains("3 tries"), "{}", error.body.message);
        assert_eq!(outcome.stats.resources[0].1.records, 1);
        assert!(rig.server.pulls().is_empty(), "nothing is finalized after an error");
    }
}

#[tokio::test]
async fn max_retries_0_sends_a_request_once() {
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.max_retries(0);
    rig.server.script("push", [Answer::Json(503, json!({}))]);
    let outcome = rig.run().await;
    assert_eq!((outcome.failure_kind(), outcome.stats.batches), (Some(FailureKind::Remote), 1));
    // The upload had reached the resource, and no mutation of it was answered.
    assert_eq!((outcome.stats.resources[0].1.records, outcome.stats.resources[0].1.mutations), (0, 0));
    assert!(outcome.stats.join_stores.is_empty());
}

#[tokio::test]
async fn a_refused_connection_is_a_transport_error() {
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.remote.base = "http://127.0.0.1:9/datafn".into();
    rig.max_retries(1);
    let (code, message, path) = rig.fail().await;
    assert_eq!((code.as_str(), path.as_str()), ("TRANSPORT_ERROR", "sync.push"));
    assert!(message.contains("cannot connect") && message.contains("127.0.0.1:9"), "{message}");
}

/// Starts a server that sends the same bytes on every connection, and returns its address.
async fn fixed_answer(bytes: &'static [u8]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1000]).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    address
}

#[tokio::test]
async fn http_and_https_used_for_each_other_are_named_in_the_error() {
    // The answer of an HTTP server to TLS, and the alert of a TLS server to HTTP.
    let plain = fixed_answer(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let alert = fixed_answer(&[0x15, 3, 3, 0, 2, 2, 70]).await;
    for (base, part) in [
        (format!("https://{plain}/datafn"), "its URL begins with http://"),
        (format!("http://{alert}/datafn"), "its URL begins with https://"),
    ] {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.remote.base = base;
        rig.max_retries(0);
        let (_, message, _) = rig.fail().await;
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_late_answer_times_out_and_an_answer_over_64_mib_is_refused() {
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.remote.timeout = Duration::from_millis(100);
    rig.max_retries(0);
    rig.server.script("push", [Answer::late(5_000)]);
    let (_, message, _) = rig.fail().await;
    assert!(message.contains("no answer in time"), "{message}");

    let mut rig = Rig::new(THREE_TAGS).await;
    rig.max_retries(0);
    rig.server.script("push", [Answer::Endless]);
    let (_, message, _) = rig.fail().await;
    assert!(message.contains("64 MiB"), "{message}");
}

#[tokio::test]
async fn retry_after_is_obeyed_up_to_ten_times_retry_max_delay() {
    let busy = |after: &str| Answer::Raw(429, vec![("retry-after", after.to_owned())], b"{}".to_vec());
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.server.script("push", [busy("1")]);
    let start = Instant::now();
    rig.succeed().await;
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());

    let mut rig = Rig::new(THREE_TAGS).await;
    rig.remote.retry_max_delay = Duration::from_secs(1);
    rig.server.script("push", [busy("11")]);
    let (code, message, _) = rig.fail().await;
    assert_eq!(code, "TRANSPORT_ERROR");
    assert!(message.contains("11 s"), "{message}");
}

#[tokio::test]
async fn refused_credentials_stop_the_run_without_a_retry() {
    let html = || b"<html>".to_vec();
    for answer in [
        Answer::Raw(401, Vec::new(), html()),
        Answer::Raw(403, Vec::new(), html()),
        Answer::Json(401, json!({"ok": true, "result": {"applied": []}})),
        Answer::Json(403, refusal("SOMETHING")),
        Answer::Json(200, refusal("FORBIDDEN")),
    ] {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.options.fail_fast = false;
        rig.server.script("push", [answer.clone()]);
        let outcome = rig.run().await;
        assert_eq!(codes(&outcome), [("FORBIDDEN".to_owned(), String::new())], "{answer:?}");
        assert_eq!(
            (outcome.failure_kind(), outcome.stats.batches),
            (Some(FailureKind::Remote), 1),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn redirects_307_and_308_to_the_same_origin_are_followed_with_body_and_token() {
    let to =
        |status, location: &str| Answer::Raw(status, vec![("location", location.to_owned())], Vec::new());
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.server.script("push", [to(307, "/datafn/elsewhere/push")]);
    let there = format!("{}/there/push", rig.server.base());
    rig.server.script("elsewhere/push", [to(308, &there)]);
    let outcome = rig.succeed().await;
    assert_eq!(outcome.stats.batches, 1);
    let mut requests = rig.server.requests();
    requests.retain(|request| request.path.ends_with("/push"));
    let paths: Vec<_> = requests[..3].iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/datafn/push", "/datafn/elsewhere/push", "/datafn/there/push"]);
    for request in &requests[..3] {
        assert_eq!(request.headers["authorization"], "Bearer secret-token");
        assert_eq!(request.text, requests[0].text);
    }
}

#[tokio::test]
async fn other_redirects_are_transport_errors_and_get_no_credentials() {
    let elsewhere = Scripted::start().await;
    let target = format!("{}/push", elsewhere.base());
    for status in [301, 302, 303, 307, 308] {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.server.script("push", [Answer::Raw(status, vec![("location", target.clone())], Vec::new())]);
        let outcome = rig.run().await;
        assert_eq!(outcome.failure_kind(), Some(FailureKind::Remote), "{status}");
        assert_eq!(codes(&outcome), [("TRANSPORT_ERROR".to_owned(), String::new())], "{status}");
        assert_eq!(outcome.stats.batches, 1, "{status}: the request is not retried");
    }
    assert!(elsewhere.requests().is_empty(), "{:?}", elsewhere.requests());

    let mut rig = Rig::new(THREE_TAGS).await;
    let round = || Answer::Raw(307, vec![("location", "/datafn/push".to_owned())], Vec::new());
    rig.server.script("push", vec![round(); 6]);
    let (_, message, _) = rig.fail().await;
    assert!(message.contains("more than 5 redirects"), "{message}");
}

#[tokio::test]
async fn headers_and_token_are_sent_with_every_request_and_retries_are_reported() {
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.remote.headers.push(("X-Tenant".into(), "blue".into()));
    rig.server.script("push", [Answer::Json(503, json!({}))]);
    let retries = std::sync::Mutex::new(Vec::new());
    let outcome = rig
        .run_and(|event| {
            if let Event::Retrying { retry, max_retries, error, .. } = event {
                retries.lock().unwrap().push((*retry, *max_retries, error.name().into_owned()));
            }
        })
        .await;
    assert!(outcome.ok);
    assert_eq!(retries.into_inner().unwrap(), [(1, 3, "503".to_owned())]);
    for request in rig.server.pushes().into_iter().chain(rig.server.pulls()) {
        assert_eq!(request.headers["x-tenant"], "blue");
        assert_eq!(request.headers["authorization"], "Bearer secret-token");
        assert_eq!(request.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn a_retry_after_date_is_read_by_the_clock_of_the_server() {
    let day = Duration::from_hours(24);
    let date = |time: std::time::SystemTime| httpdate::fmt_http_date(time);
    let now = std::time::SystemTime::now();
    for (clock, pause, at_least) in [(now + day, 2, 1), (now - day, 2, 1), (now + day, 0, 0), (now, 2, 0)] {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.remote.retry_max_delay = Duration::from_secs(1);
        let headers = vec![("retry-after", date(clock + Duration::from_secs(pause))), ("date", date(clock))];
        rig.server.script("push", [Answer::Raw(503, headers, b"{}".to_vec())]);
        let start = Instant::now();
        rig.succeed().await;
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_secs(at_least) && elapsed < Duration::from_secs(8), "{elapsed:?}");
    }
    // A date before the answer asks for no pause.
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.server.script(
        "push",
        [Answer::Raw(503, vec![("retry-after", date(now)), ("date", date(now + day))], b"{}".to_vec())],
    );
    rig.succeed().await;
}
