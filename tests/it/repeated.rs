//! How many mutations the server had applied before (contract 3.10): what it says, what the result says,
//! and the summary. Not that it applies them once (`upload`).

use serde_json::json;

use super::common::{Answer, SCHEMA, Scripted, TestServer, cloneup, database, result, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_how_many_mutations_were_applied_before() {
    let server = TestServer::start(SCHEMA).await;
    let mutation = |id: &str, tag: &str| {
        json!({"clientId": "C", "mutationId": id, "resource": "tags", "version": 1, "operation": "merge",
            "id": tag, "record": {"label": "L"}})
    };
    let push = |mutations: Vec<_>| json!({"clientId": "C", "mutations": mutations});
    let first = server.post("push", &push(vec![mutation("m1", "a")])).await;
    assert_eq!(first["repeated"], 0);
    // One that is rejected was not applied, neither the first time nor the second.
    let mut wrong = mutation("m3", "c");
    wrong["resource"] = json!("unknown");
    let all = push(vec![mutation("m1", "a"), mutation("m2", "b"), wrong]);
    assert_eq!(server.post("push", &all).await["repeated"], 1);
    assert_eq!(server.post("push", &all).await["repeated"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_upload_says_that_all_was_there_and_a_third_what_is_new() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let tags = |output| result(output)["stats"]["resources"]["tags"].clone();
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(tags(&output), json!({"records": 2, "mutations": 2}));
    assert!(stderr(&output).ends_with("\nall new\n"), "{}", stderr(&output));
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(tags(&output), json!({"records": 2, "mutations": 2, "repeated": 2}));
    assert!(stderr(&output).ends_with("\nall already there\n"), "{}", stderr(&output));
    offline.execute("INSERT INTO tags VALUES ('i', 'I'); UPDATE tags SET label = 'new' WHERE id = 'g'");
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(tags(&output), json!({"records": 3, "mutations": 3, "repeated": 1}));
    assert!(stderr(&output).ends_with("\n2 new, 1 already there\n"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_capability_the_number_means_nothing() {
    for (capabilities, expected) in [
        (json!(["sync.push.repeated"]), json!({"records": 2, "mutations": 2, "repeated": 2})),
        (json!(["sync.push"]), json!({"records": 2, "mutations": 2})),
    ] {
        let (offline, server) = (database(), Scripted::start().await);
        server.script("status", [Answer::result(&json!({"capabilities": capabilities}))]);
        // More than was sent cannot be repeated.
        server.script("push", [Answer::result(&json!({"errors": [], "cursor": "2", "repeated": 99}))]);
        let output = cloneup(&offline, server.base(), &[]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(result(&output)["stats"]["resources"]["tags"], expected);
        assert_eq!(
            stderr(&output).contains("already there"),
            expected["repeated"] == 2,
            "{}",
            stderr(&output)
        );
        assert!(!stderr(&output).contains("new"), "{}", stderr(&output));
    }
}
