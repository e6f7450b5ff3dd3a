//! A remote whose routes do not exist, most often because the base lacks `/datafn` (contract 3.3). Not
//! a server that does not answer (`transport`).

use serde_json::{Value, json};
use synctool::cloneup::FailureKind;
use synctool::server::Limits;

use super::common::{
    Answer, Offline, Rig, SCHEMA, Scripted, TABLES, THREE_TAGS, TestServer, cloneup, codes, database,
    errors_of, refusal, result, status, stderr, synctool,
};

/// A database with 1,000 tags.
fn many_tags() -> Offline {
    let offline = Offline::new(&format!(
        "{TABLES} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO tags SELECT 't' || i, 'T' FROM n"
    ));
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    offline
}

/// What a server answers on a route that it does not have, with an HTTP status.
fn nothing_there(status: u16) -> [Answer; 4] {
    [
        Answer::Raw(status, Vec::new(), b"<html>Not here</html>".to_vec()),
        Answer::Raw(status, Vec::new(), Vec::new()),
        Answer::Json(status, json!({"message": "Cannot POST /push"})),
        Answer::Json(
            status,
            json!({"ok": false, "error": {"code": "NOT_FOUND", "message": "no", "path": "$"}}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_without_datafn_stops_at_once_with_and_without_fail_fast() {
    let (offline, server) = (many_tags(), TestServer::start(SCHEMA).await);
    let base = server.base().strip_suffix("/datafn").unwrap();
    for fail_fast in ["--fail-fast", "--no-fail-fast"] {
        let output = cloneup(&offline, base, &["--schema", "schema.json", fail_fast]).await;
        assert_eq!(status(&output), 4, "{}", stderr(&output));
        let [(code, message, path)] = &errors_of(&output)[..] else { panic!("{}", stderr(&output)) };
        assert_eq!((code.as_str(), path.as_str()), ("TRANSPORT_ERROR", "sync.push"));
        assert!(message.contains(&format!("POST {base}/push: HTTP 404")), "{message}");
        assert!(message.contains(&format!("a sync server answers at {}: did you mean", server.base())));
        let batches = result(&output)["stats"]["batches"].as_u64().unwrap();
        assert!(batches <= 4, "{batches} requests: more than are in flight at first");
        assert!(!stderr(&output).contains("retry"), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn a_missing_push_route_is_not_retried_whatever_its_body() {
    for http in [404, 405, 410, 501] {
        for answer in nothing_there(http) {
            let mut rig = Rig::new(THREE_TAGS).await;
            rig.options.fail_fast = false;
            rig.batch_size(1);
            rig.concurrency(1);
            rig.server.script("push", [answer.clone()]);
            let outcome = rig.run().await;
            assert_eq!(codes(&outcome), [("TRANSPORT_ERROR".to_owned(), String::new())], "{answer:?}");
            assert_eq!((outcome.failure_kind(), outcome.stats.batches), (Some(FailureKind::Remote), 1));
            assert!(outcome.failures[0].body().message.contains("/push"), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn an_error_with_a_path_into_the_request_is_a_refused_request() {
    for http in [404, 405, 410, 501] {
        let mut rig = Rig::new("INSERT INTO tags (id) VALUES ('a')").await;
        rig.options.fail_fast = false;
        rig.server.script("push", [Answer::Json(http, refusal("NOT_FOUND"))]);
        let outcome = rig.run().await;
        assert_eq!(outcome.failure_kind(), Some(FailureKind::Rejected), "{outcome:?}");
        assert_eq!(outcome.failures[0].body().code, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_missing_pull_route_is_not_retried() {
    for http in [404, 405, 410, 501] {
        for answer in nothing_there(http) {
            let mut rig = Rig::new(THREE_TAGS).await;
            rig.server.script("pull", [answer]);
            let (code, message, path) = rig.fail().await;
            assert_eq!((code.as_str(), path.as_str()), ("TRANSPORT_ERROR", "sync.pull"));
            assert!(message.contains("/pull"), "{message}");
            assert_eq!(rig.server.pulls().len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_the_base_that_was_probably_meant() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let base = format!("{}/push", server.base());
    let mut command = synctool(&offline);
    command.args(["verify", "--db", "app.db", "--remote", &base]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 4, "{}", stderr(&output));
    assert!(stderr(&output).contains(&format!("answers at {}: did you mean", server.base())));
}

/// A dry run against a base below or beside the one of a server.
async fn dry_run(base: &str, flags: &[&str]) -> (i32, Value, String) {
    let offline = database();
    let output = cloneup(&offline, base, &[&["--dry-run"], flags].concat()).await;
    (status(&output), result(&output), stderr(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_reports_a_wrong_base() {
    let server = TestServer::start_with(SCHEMA, Some("geheim"), Limits::default()).await;
    let root = server.base().strip_suffix("/datafn").unwrap().to_owned();
    let token = ["--token-command", "echo geheim"];
    for base in [root.clone(), format!("{root}/"), format!("{root}/api"), format!("{}/push", server.base())] {
        for pull in ["--pull-after", "--no-pull-after"] {
            let (status, plan, printed) =
                dry_run(&base, &[&token[..], &["--no-fail-fast", pull]].concat()).await;
            assert_eq!((status, &plan["ok"]), (4, &json!(false)), "{base}: {printed}");
            let [error] = plan["errors"].as_array().unwrap().as_slice() else { panic!("{plan}") };
            assert_eq!(error["code"], "TRANSPORT_ERROR");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("/push") && message.contains(&format!("at {}: did", server.base())));
        }
    }
    let (status, plan, printed) = dry_run(server.base(), &token).await;
    assert_eq!((status, &plan["ok"]), (0, &json!(true)), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_accepts_a_server_without_a_status_route() {
    for answer in [404, 405, 501].into_iter().flat_map(nothing_there) {
        let server = Scripted::start().await;
        server.script("status", [answer.clone()]);
        let (status, plan, printed) = dry_run(server.base(), &[]).await;
        assert_eq!((status, &plan["server"]["answers"]), (0, &json!(true)), "{answer:?}: {printed}");
        assert!(server.pushes().is_empty());
    }
    // A sync server may refuse the pull.
    let server = Scripted::start().await;
    server.script("status", nothing_there(404).into_iter().take(1));
    server.script("pull", [Answer::Json(400, refusal("DFQL_INVALID"))]);
    assert_eq!(dry_run(server.base(), &[]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_without_any_route_fails_if_it_would_pull_and_warns_if_not() {
    for (pull, expected) in [("--pull-after", 4), ("--no-pull-after", 0)] {
        let server = Scripted::start().await;
        for route in ["status", "pull"] {
            server.script(route, nothing_there(404).into_iter().take(1));
        }
        let (status, plan, printed) = dry_run(server.base(), &[pull]).await;
        assert_eq!(status, expected, "{plan} {printed}");
        assert!(printed.contains("is the remote the right base?"), "{printed}");
    }
    let server = Scripted::start().await;
    server.script("status", nothing_there(404).into_iter().take(1));
    server.script("pull", [Answer::Raw(401, Vec::new(), Vec::new())]);
    let (status, plan, _) = dry_run(server.base(), &[]).await;
    assert_eq!((status, &plan["errors"][0]["code"]), (4, &json!("FORBIDDEN")));
}
