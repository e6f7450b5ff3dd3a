//! What the answers to a push mean (contract 3.3), line by line.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use synctool::cloneup::{End, Event, Outcome};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::common::{Answer, Rig, Scripted};

const THREE: &str = "INSERT INTO tags (id) VALUES ('a'), ('b'), ('c')";

fn envelope(code: &str) -> Value {
    json!({"ok": false, "error": {"code": code, "message": "because", "details": {"path": "x"}}})
}

/// The mutation id of a tag that has nothing but its id.
fn id_of(server: &Scripted, tag: &str) -> Value {
    let mutations = server.mutations();
    mutations.iter().find(|mutation| mutation["id"] == tag).unwrap()["mutationId"].clone()
}

/// The ids that the tags in a rig will have: they do not depend on the server.
async fn ids() -> Vec<Value> {
    let mut rig = Rig::new(THREE).await;
    rig.succeed().await;
    ["a", "b", "c"].iter().map(|tag| id_of(&rig.server, tag)).collect()
}

fn sizes(rig: &Rig) -> Vec<usize> {
    rig.server.pushes().iter().map(|push| push.body["mutations"].as_array().unwrap().len()).collect()
}

fn codes(outcome: &Outcome) -> Vec<(String, String)> {
    outcome.errors.iter().map(|error| (error.body.code.clone(), error.mutation_id.clone())).collect()
}

#[tokio::test]
async fn both_dialects_and_bare_results_count_as_applied() {
    let ids = ids().await;
    for (answer, cursor) in [
        (json!({"ok": true, "result": {"ok": true, "applied": ids, "errors": [], "cursor": "7"}}), "7"),
        (json!({"applied": ids, "errors": [], "cursor": "007"}), "7"),
        (json!({"ok": true, "result": {"applied": ids, "errors": []}}), "0"),
        (
            json!({"ok": true, "result": {"errors": [], "cursor": "18446744073709551616"}}),
            "18446744073709551616",
        ),
    ] {
        let mut rig = Rig::new(THREE).await;
        rig.server.script("push", [Answer::Json(200, answer)]);
        let outcome = rig.succeed().await;
        let (name, stats) = &outcome.stats.resources[0];
        assert_eq!((name.as_str(), stats.records, stats.mutations), ("tags", 3, 3));
        assert_eq!((outcome.cursor.as_str(), outcome.stats.batches), (cursor, 1));
    }
}

#[tokio::test]
async fn transport_errors_are_retried_with_the_same_bytes() {
    let broken = |text: &str| Answer::Raw(200, Vec::new(), text.as_bytes().to_vec());
    let answers: Vec<Answer> = [408, 425, 429, 500, 502, 503, 504]
        .into_iter()
        .map(|status| Answer::Json(status, envelope("DFQL_INVALID")))
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
            Answer::Raw(404, Vec::new(), b"not here".to_vec()),
        ])
        .collect();
    for answer in answers {
        let mut rig = Rig::new(THREE).await;
        rig.server.script("push", [answer.clone(), answer.clone(), answer.clone()]);
        let outcome = rig.run().await;
        assert!(outcome.ok, "{answer:?}: {outcome:?}");
        assert_eq!((outcome.stats.batches, outcome.stats.resources[0].1.mutations), (4, 3), "{answer:?}");
        let pushes = rig.server.pushes();
        assert!(pushes.iter().all(|push| push.text == pushes[0].text), "{answer:?}");
    }
}

#[tokio::test]
async fn exhausted_retries_stop_the_run_whatever_fail_fast_says() {
    for fail_fast in [true, false] {
        let mut rig = Rig::new(THREE).await;
        rig.options.fail_fast = fail_fast;
        rig.options.max_retries = 2;
        rig.options.batch_size = 1;
        rig.options.concurrency = 1.try_into().unwrap();
        rig.server.script("push", vec![Answer::Apply; 1]);
        rig.server.script("push", vec![Answer::Close; 3]);
        let outcome = rig.run().await;
        assert_eq!((outcome.end, outcome.stats.batches, outcome.cursor.as_str()), (End::Remote, 4, "1"));
        let error = &outcome.errors[0];
        assert_eq!((error.body.code.as_str(), error.body.path.as_str()), ("TRANSPORT_ERROR", "sync.push"));
        assert!(error.body.message.contains("3 tries"), "{}", error.body.message);
        assert_eq!(outcome.stats.resources[0].1.records, 1);
        assert!(rig.server.pulls().is_empty(), "nothing is finalized after an error");
    }
}

#[tokio::test]
async fn no_retries_means_one_try() {
    let mut rig = Rig::new(THREE).await;
    rig.options.max_retries = 0;
    rig.server.script("push", [Answer::Json(503, json!({}))]);
    let outcome = rig.run().await;
    assert_eq!((outcome.end, outcome.stats.batches), (End::Remote, 1));
    // The resource's turn had come, and nothing of it was answered.
    assert_eq!((outcome.stats.resources[0].1.records, outcome.stats.resources[0].1.mutations), (0, 0));
    assert!(outcome.stats.join_stores.is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_transport_error() {
    let mut rig = Rig::new(THREE).await;
    rig.remote.base = "http://127.0.0.1:9/datafn".into();
    rig.options.max_retries = 1;
    let (code, message, path) = rig.fail().await;
    assert_eq!((code.as_str(), path.as_str()), ("TRANSPORT_ERROR", "sync.push"));
    assert!(message.contains("cannot connect") && message.contains("127.0.0.1:9"), "{message}");
}

/// A server that says these bytes to everybody; its address.
async fn parrot(bytes: &'static [u8]) -> String {
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
async fn a_mistaken_scheme_is_named() {
    // What a server of one kind says to a client of the other.
    let plain = parrot(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let alert = parrot(&[0x15, 3, 3, 0, 2, 2, 70]).await;
    for (base, part) in [
        (format!("https://{plain}/datafn"), "its URL begins with http://"),
        (format!("http://{alert}/datafn"), "its URL begins with https://"),
    ] {
        let mut rig = Rig::new(THREE).await;
        rig.remote.base = base;
        rig.options.max_retries = 0;
        let (_, message, _) = rig.fail().await;
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_request_has_its_time_and_an_endless_answer_its_end() {
    let mut rig = Rig::new(THREE).await;
    rig.remote.timeout = Duration::from_millis(100);
    rig.options.max_retries = 0;
    rig.server.script("push", [Answer::After(Duration::from_secs(5), Box::new(Answer::Apply))]);
    let (_, message, _) = rig.fail().await;
    assert!(message.contains("no answer in time"), "{message}");

    let mut rig = Rig::new(THREE).await;
    rig.options.max_retries = 0;
    rig.server.script("push", [Answer::Endless]);
    let (_, message, _) = rig.fail().await;
    assert!(message.contains("64 MiB"), "{message}");
}

#[tokio::test]
async fn retry_after_is_obeyed_up_to_ten_times_the_longest_pause() {
    let busy = |after: &str| Answer::Raw(429, vec![("retry-after", after.to_owned())], b"{}".to_vec());
    let mut rig = Rig::new(THREE).await;
    rig.server.script("push", [busy("1")]);
    let start = Instant::now();
    rig.succeed().await;
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());

    let mut rig = Rig::new(THREE).await;
    rig.remote.retry_max_delay = Duration::from_secs(1);
    rig.server.script("push", [busy("11")]);
    let (code, message, _) = rig.fail().await;
    assert_eq!(code, "TRANSPORT_ERROR");
    assert!(message.contains("11 s"), "{message}");
}

#[tokio::test]
async fn a_rejected_mutation_ends_the_run_or_is_collected() {
    let ids = ids().await;
    let second = json!({"applied": [ids[0]], "errors":
        [{"mutationId": ids[1], "error": {"code": "CONFLICT", "message": "exists", "details": {"path": "id"}}}]});
    let first = json!({"ok": true, "result": {"ok": false, "cursor": "1", "applied": [ids[0]], "errors":
        [{"mutationId": ids[1], "code": "CONFLICT", "message": "exists", "path": "id"}]}});
    for answer in [first, second] {
        for (fail_fast, sent, mutations) in [(true, 1, 2), (false, 2, 3)] {
            let mut rig = Rig::new(THREE).await;
            rig.options.fail_fast = fail_fast;
            rig.options.batch_size = 2;
            rig.options.concurrency = 1.try_into().unwrap();
            rig.server.script("push", [Answer::Json(200, answer.clone())]);
            let outcome = rig.run().await;
            assert_eq!((outcome.end, outcome.stats.batches), (End::Rejected, sent));
            assert_eq!(outcome.stats.resources[0].1.mutations, mutations);
            let error = &outcome.errors[0];
            assert_eq!(
                (error.mutation_id.as_str(), error.body.path.as_str()),
                (ids[1].as_str().unwrap(), "id")
            );
            assert!(rig.server.pulls().is_empty(), "nothing is finalized after an error");
        }
    }
}

#[tokio::test]
async fn collected_errors_come_in_upload_order() {
    let rows = "INSERT INTO tags (id) VALUES ('a'), ('b'), ('c'), ('d')";
    let mut rig = Rig::new(rows).await;
    rig.options.fail_fast = false;
    rig.options.batch_size = 1;
    let reject = |delay| {
        let answer = Answer::Json(400, envelope("CONFLICT"));
        Answer::After(Duration::from_millis(delay), Box::new(answer))
    };
    // The first batch is answered last.
    rig.server.script("push", [reject(90), reject(60), reject(30), reject(0)]);
    let outcome = rig.run().await;
    let ids: Vec<_> = outcome.errors.iter().map(|error| Value::from(error.mutation_id.as_str())).collect();
    assert_eq!(ids, ["a", "b", "c", "d"].map(|tag| id_of(&rig.server, tag)));
    let subjects: Vec<_> = outcome.rejected.iter().map(|rejected| rejected.id.as_str()).collect();
    assert_eq!(subjects, ["a", "b", "c", "d"]);
    assert_eq!(outcome.end, End::Rejected);
}

#[tokio::test]
async fn a_mutation_that_nobody_names_is_sent_once_more() {
    let ids = ids().await;
    let drop_b = || Answer::Json(200, json!({"applied": [ids[0], ids[2]], "errors": []}));
    let mut rig = Rig::new(THREE).await;
    rig.server.script("push", [drop_b()]);
    let outcome = rig.succeed().await;
    assert_eq!((sizes(&rig), outcome.stats.batches), (vec![3, 1], 2));

    let mut rig = Rig::new(THREE).await;
    rig.server.script("push", [drop_b(), Answer::Json(200, json!({"applied": []}))]);
    let outcome = rig.run().await;
    assert_eq!(codes(&outcome), [("NOT_ACKNOWLEDGED".to_owned(), ids[1].as_str().unwrap().to_owned())]);
    assert_eq!(outcome.end, End::Rejected);
}

#[tokio::test]
async fn ids_from_elsewhere_acknowledge_nothing_and_errors_with_them_are_reported() {
    let ids = ids().await;
    let mut rig = Rig::new(THREE).await;
    rig.options.fail_fast = false;
    let answer = json!({"applied": ["x", "y", ids[0], ids[1]],
        "errors": [{"mutationId": "z", "code": "ODD", "message": "?", "path": "p"}]});
    rig.server.script("push", [Answer::Json(200, answer)]);
    let outcome = rig.run().await;
    assert_eq!(sizes(&rig), [3, 1]);
    assert_eq!(codes(&outcome), [("ODD".to_owned(), "z".to_owned())]);
    assert_eq!(outcome.stats.resources[0].1.mutations, 3);
}

#[tokio::test]
async fn what_is_too_large_is_halved_without_using_up_retries() {
    for answer in [
        Answer::Raw(413, Vec::new(), b"too big".to_vec()),
        Answer::Json(413, envelope("LIMIT_EXCEEDED")),
        Answer::Json(400, envelope("LIMIT_EXCEEDED")),
        Answer::Json(200, envelope("LIMIT_EXCEEDED")),
    ] {
        let mut rig = Rig::new(THREE).await;
        rig.options.max_retries = 0;
        rig.server.script("push", [answer.clone(), answer.clone()]);
        let outcome = rig.succeed().await;
        assert_eq!((sizes(&rig), outcome.stats.batches), (vec![3, 2, 1, 1, 1], 5), "{answer:?}");
        assert_eq!(rig.server.subjects()[5..], ["tags/a", "tags/b", "tags/c"]);
    }
}

#[tokio::test]
async fn a_single_mutation_that_is_too_large_is_a_server_error() {
    let ids = ids().await;
    let no_words = || Answer::Raw(413, Vec::new(), Vec::new());
    for (answer, code) in [(no_words(), "LIMIT_EXCEEDED"), (Answer::Json(413, envelope("HUGE")), "HUGE")] {
        let mut rig = Rig::new(THREE).await;
        rig.options.fail_fast = false;
        rig.options.batch_size = 1;
        rig.options.concurrency = 1.try_into().unwrap();
        rig.server.script("push", [Answer::Apply, answer]);
        let outcome = rig.run().await;
        assert_eq!(codes(&outcome), [(code.to_owned(), ids[1].as_str().unwrap().to_owned())]);
        assert_eq!((outcome.end, outcome.stats.resources[0].1.mutations), (End::Rejected, 3));
    }
}

#[tokio::test]
async fn a_refused_request_is_bisected_to_the_culprit_or_stops_the_run() {
    let ids = ids().await;
    let refuse = || Answer::Json(400, envelope("DFQL_INVALID"));
    let mut rig = Rig::new(THREE).await;
    rig.options.fail_fast = false;
    // [a b c] → [a b] → [a] good, [b] bad → [c] good
    rig.server.script("push", [refuse(), refuse(), Answer::Apply, refuse()]);
    let outcome = rig.run().await;
    assert_eq!(sizes(&rig), [3, 2, 1, 1, 1]);
    assert_eq!(codes(&outcome), [("DFQL_INVALID".to_owned(), ids[1].as_str().unwrap().to_owned())]);
    assert_eq!(outcome.errors[0].body.path, "x");

    let mut rig = Rig::new(THREE).await;
    rig.server.script("push", [refuse()]);
    let outcome = rig.run().await;
    assert_eq!(codes(&outcome), [("DFQL_INVALID".to_owned(), String::new())]);
    assert_eq!((outcome.end, outcome.stats.batches), (End::Rejected, 1));
}

#[tokio::test]
async fn refused_credentials_stop_the_run_at_once() {
    let html = || b"<html>".to_vec();
    for answer in [
        Answer::Raw(401, Vec::new(), html()),
        Answer::Raw(403, Vec::new(), html()),
        Answer::Json(401, json!({"ok": true, "result": {"applied": []}})),
        Answer::Json(403, envelope("SOMETHING")),
        Answer::Json(200, envelope("FORBIDDEN")),
    ] {
        let mut rig = Rig::new(THREE).await;
        rig.options.fail_fast = false;
        rig.server.script("push", [answer.clone()]);
        let outcome = rig.run().await;
        assert_eq!(codes(&outcome), [("FORBIDDEN".to_owned(), String::new())], "{answer:?}");
        assert_eq!((outcome.end, outcome.stats.batches), (End::Remote, 1), "{answer:?}");
    }
}

#[tokio::test]
async fn redirects_within_the_origin_are_followed_with_everything() {
    let to =
        |status, location: &str| Answer::Raw(status, vec![("location", location.to_owned())], Vec::new());
    let mut rig = Rig::new(THREE).await;
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
async fn any_other_redirect_is_a_broken_protocol_and_gets_no_credentials() {
    let elsewhere = Scripted::start().await;
    let target = format!("{}/push", elsewhere.base());
    for status in [301, 302, 303, 307, 308] {
        let mut rig = Rig::new(THREE).await;
        rig.server.script("push", [Answer::Raw(status, vec![("location", target.clone())], Vec::new())]);
        let outcome = rig.run().await;
        assert_eq!(outcome.end, End::Remote, "{status}");
        assert_eq!(codes(&outcome), [("TRANSPORT_ERROR".to_owned(), String::new())], "{status}");
        assert_eq!(outcome.stats.batches, 1, "{status}: it is not retried");
    }
    assert!(elsewhere.requests().is_empty(), "{:?}", elsewhere.requests());

    let mut rig = Rig::new(THREE).await;
    let round = || Answer::Raw(307, vec![("location", "/datafn/push".to_owned())], Vec::new());
    rig.server.script("push", vec![round(); 6]);
    let (_, message, _) = rig.fail().await;
    assert!(message.contains("more than 5 redirects"), "{message}");
}

#[tokio::test]
async fn headers_and_token_are_sent_and_retries_are_told() {
    let mut rig = Rig::new(THREE).await;
    rig.remote.headers.push(("X-Tenant".into(), "blue".into()));
    rig.server.script("push", [Answer::Json(503, json!({}))]);
    let retries = std::sync::Mutex::new(Vec::new());
    let outcome = rig
        .run_and(|event| {
            if let Event::Retrying { retry, max_retries, reason, .. } = event {
                retries.lock().unwrap().push((*retry, *max_retries, (*reason).to_owned()));
            }
        })
        .await;
    assert!(outcome.ok);
    assert_eq!(retries.into_inner().unwrap(), [(1, 3, "HTTP 503".to_owned())]);
    for request in rig.server.pushes().into_iter().chain(rig.server.pulls()) {
        assert_eq!(request.headers["x-tenant"], "blue");
        assert_eq!(request.headers["authorization"], "Bearer secret-token");
        assert_eq!(request.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn each_operation_is_sent_as_it_was_asked_for() {
    use synctool::mutation::RecordOperation;
    for (operation, name) in [(RecordOperation::Replace, "replace"), (RecordOperation::Insert, "insert")] {
        let mut rig = Rig::new(THREE).await;
        rig.options.record_operation = operation;
        rig.options.mutation_id_prefix = "device-7".into();
        rig.succeed().await;
        let first = &rig.server.mutations()[0];
        assert_eq!(first["operation"], name);
        assert!(first["mutationId"].as_str().unwrap().starts_with("device-7:rec:tags:a:"));
    }
}
