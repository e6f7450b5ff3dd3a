//! What the answers to a push mean for its mutations: applied, rejected, not acknowledged, or
//! sent again in halves (contract 3.3). Not answers that never arrive (`transport`).

use std::time::Duration;

use serde_json::{Value, json};
use synctool::cloneup::FailureKind;

use super::common::{Answer, Rig, Scripted, THREE_TAGS, codes, refusal};

/// The mutation id that was sent for a tag.
fn id_of(server: &Scripted, tag: &str) -> Value {
    let mutations = server.mutations();
    mutations.iter().find(|mutation| mutation["id"] == tag).unwrap()["mutationId"].clone()
}

/// The mutation ids of [`THREE_TAGS`]: they depend on the content only, not on the server.
async fn ids() -> Vec<Value> {
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.succeed().await;
    ["a", "b", "c"].iter().map(|tag| id_of(&rig.server, tag)).collect()
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
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.server.script("push", [Answer::Json(200, answer)]);
        let outcome = rig.succeed().await;
        let (name, stats) = &outcome.stats.resources[0];
        assert_eq!((name.as_str(), stats.records, stats.mutations), ("tags", 3, 3));
        assert_eq!((outcome.cursor.as_str(), outcome.stats.batches), (cursor, 1));
    }
}

#[tokio::test]
async fn a_rejected_mutation_ends_the_run_with_fail_fast_and_is_collected_without() {
    let ids = ids().await;
    let second = json!({"applied": [ids[0]], "errors":
        [{"mutationId": ids[1], "error": {"code": "CONFLICT", "message": "exists", "details": {"path": "id"}}}]});
    let first = json!({"ok": true, "result": {"ok": false, "cursor": "1", "applied": [ids[0]], "errors":
        [{"mutationId": ids[1], "code": "CONFLICT", "message": "exists", "path": "id"}]}});
    for answer in [first, second] {
        for (fail_fast, sent, mutations) in [(true, 1, 2), (false, 2, 3)] {
            let mut rig = Rig::new(THREE_TAGS).await;
            rig.options.fail_fast = fail_fast;
            rig.batch_size(2);
            rig.concurrency(1);
            rig.server.script("push", [Answer::Json(200, answer.clone())]);
            let outcome = rig.run().await;
            assert_eq!((outcome.failure_kind(), outcome.stats.batches), (Some(FailureKind::Rejected), sent));
            assert_eq!(outcome.stats.resources[0].1.mutations, mutations);
            let error = &outcome.failures[0].error;
            assert_eq!(
                (error.mutation_id.as_str(), error.body.path.as_str()),
                (ids[1].as_str().unwrap(), "id")
            );
            assert!(rig.server.pulls().is_empty(), "nothing is finalized after an error");
        }
    }
}

#[tokio::test]
async fn collected_errors_are_in_upload_order() {
    let rows = "INSERT INTO tags (id) VALUES ('a'), ('b'), ('c'), ('d')";
    let mut rig = Rig::new(rows).await;
    rig.options.fail_fast = false;
    rig.batch_size(1);
    let reject = |delay| {
        let answer = Answer::Json(400, refusal("CONFLICT"));
        Answer::After(Duration::from_millis(delay), Box::new(answer))
    };
    // The first batch is answered last.
    rig.server.script("push", [reject(90), reject(60), reject(30), reject(0)]);
    let outcome = rig.run().await;
    let ids: Vec<_> =
        outcome.failures.iter().map(|error| Value::from(error.error.mutation_id.as_str())).collect();
    assert_eq!(ids, ["a", "b", "c", "d"].map(|tag| id_of(&rig.server, tag)));
    let subjects: Vec<_> =
        outcome.failures.iter().filter_map(|failure| Some(failure.subject.as_ref()?.id.as_str())).collect();
    assert_eq!(subjects, ["a", "b", "c", "d"]);
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Rejected));
}

#[tokio::test]
async fn a_mutation_that_the_answer_does_not_name_is_sent_once_more_and_then_is_an_error() {
    let ids = ids().await;
    let drop_b = || Answer::Json(200, json!({"applied": [ids[0], ids[2]], "errors": []}));
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.server.script("push", [drop_b()]);
    let outcome = rig.succeed().await;
    assert_eq!((rig.server.batch_sizes(), outcome.stats.batches), (vec![3, 1], 2));

    let mut rig = Rig::new(THREE_TAGS).await;
    rig.server.script("push", [drop_b(), Answer::Json(200, json!({"applied": []}))]);
    let outcome = rig.run().await;
    assert_eq!(codes(&outcome), [("NOT_ACKNOWLEDGED".to_owned(), ids[1].as_str().unwrap().to_owned())]);
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Rejected));
}

#[tokio::test]
async fn ids_outside_the_batch_acknowledge_nothing_and_their_errors_are_reported() {
    let ids = ids().await;
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.options.fail_fast = false;
    let answer = json!({"applied": ["x", "y", ids[0], ids[1]],
        "errors": [{"mutationId": "z", "code": "ODD", "message": "?", "path": "p"}]});
    rig.server.script("push", [Answer::Json(200, answer)]);
    let outcome = rig.run().await;
    assert_eq!(rig.server.batch_sizes(), [3, 1]);
    assert_eq!(codes(&outcome), [("ODD".to_owned(), "z".to_owned())]);
    assert_eq!(outcome.stats.resources[0].1.mutations, 3);
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_halved_without_using_up_retries() {
    for answer in [
        Answer::Raw(413, Vec::new(), b"too big".to_vec()),
        Answer::Json(413, refusal("LIMIT_EXCEEDED")),
        Answer::Json(400, refusal("LIMIT_EXCEEDED")),
        Answer::Json(200, refusal("LIMIT_EXCEEDED")),
    ] {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.max_retries(0);
        rig.server.script("push", [answer.clone(), answer.clone()]);
        let outcome = rig.succeed().await;
        assert_eq!((rig.server.batch_sizes(), outcome.stats.batches), (vec![3, 2, 1, 1, 1], 5), "{answer:?}");
        assert_eq!(rig.server.subjects()[5..], ["tags/a", "tags/b", "tags/c"]);
    }
}

#[tokio::test]
async fn a_single_mutation_that_is_too_large_is_a_server_error() {
    let ids = ids().await;
    let no_words = || Answer::Raw(413, Vec::new(), Vec::new());
    for (answer, code) in [(no_words(), "LIMIT_EXCEEDED"), (Answer::Json(413, refusal("HUGE")), "HUGE")] {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.options.fail_fast = false;
        rig.batch_size(1);
        rig.concurrency(1);
        rig.server.script("push", [Answer::Apply, answer]);
        let outcome = rig.run().await;
        assert_eq!(codes(&outcome), [(code.to_owned(), ids[1].as_str().unwrap().to_owned())]);
        assert_eq!(
            (outcome.failure_kind(), outcome.stats.resources[0].1.mutations),
            (Some(FailureKind::Rejected), 3)
        );
    }
}

#[tokio::test]
async fn a_refused_request_is_halved_down_to_the_bad_mutation_or_stops_the_run_with_fail_fast() {
    let ids = ids().await;
    let refuse = || Answer::Json(400, refusal("DFQL_INVALID"));
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.options.fail_fast = false;
    // [a b c] → [a b] → [a] good, [b] bad → [c] good
    rig.server.script("push", [refuse(), refuse(), Answer::Apply, refuse()]);
    let outcome = rig.run().await;
    assert_eq!(rig.server.batch_sizes(), [3, 2, 1, 1, 1]);
    assert_eq!(codes(&outcome), [("DFQL_INVALID".to_owned(), ids[1].as_str().unwrap().to_owned())]);
    assert_eq!(outcome.failures[0].body().path, "x");

    let mut rig = Rig::new(THREE_TAGS).await;
    rig.server.script("push", [refuse()]);
    let outcome = rig.run().await;
    assert_eq!(codes(&outcome), [("DFQL_INVALID".to_owned(), String::new())]);
    assert_eq!((outcome.failure_kind(), outcome.stats.batches), (Some(FailureKind::Rejected), 1));
}

#[tokio::test]
async fn record_operation_and_mutation_id_prefix_are_sent_as_given() {
    use synctool::cloneup::RecordOperation;
    for (operation, name) in [(RecordOperation::Replace, "replace"), (RecordOperation::Insert, "insert")] {
        let mut rig = Rig::new(THREE_TAGS).await;
        rig.options.record_operation = Some(operation);
        rig.options.mutation_id_prefix = "device-7".into();
        rig.succeed().await;
        let first = &rig.server.mutations()[0];
        assert_eq!(first["operation"], name);
        assert!(first["mutationId"].as_str().unwrap().starts_with("device-7:rec:tags:a:"));
    }
}
