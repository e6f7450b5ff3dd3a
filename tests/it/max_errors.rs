//! How many rejected mutations end a run (contract 3.10: `--max-errors`). Not the first one, which ends it
//! with fail-fast (`push`).

use serde_json::json;
use synctool::cloneup::{FailureKind, MaxErrors};

use super::common::{
    Answer, Rig, SCHEMA, TABLES, TestServer, cloneup, database, errors_of, refusal, result, status, stderr,
};

/// Projects without the name that the server requires, then tags, which it takes.
fn rows(rejected: u32, taken: u32) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO projects (id, name) SELECT printf('%04d', i), iif(i > {taken}, NULL, 'P') FROM n
         WHERE i <= {rejected} + {taken}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_at_one_more_than_the_number_with_exit_1() {
    let server = TestServer::start(SCHEMA).await;
    let flags = ["--no-fail-fast", "--batch-size", "10", "--concurrency", "1", "--resources", "projects"];
    for (max, rejected, says) in [("24", 30, true), ("29", 30, true), ("30", 40, true), ("200", 200, false)] {
        let offline = database();
        offline.execute(&rows(200, 0));
        let output = cloneup(&offline, server.base(), &[&flags[..], &["--max-errors", max]].concat()).await;
        assert_eq!(status(&output), 1, "{max}: {}", stderr(&output));
        assert_eq!(errors_of(&output).len(), rejected, "{max}");
        assert_eq!(result(&output)["stats"]["resources"]["projects"]["mutations"], rejected);
        let line = format!(
            "the upload stops: {rejected} of {rejected} mutations were rejected, more than --max-errors {max}"
        );
        assert_eq!(stderr(&output).contains(&line), says, "{}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_percentage_is_judged_from_100_answers_on() {
    let flags = ["--no-fail-fast", "--batch-size", "10", "--concurrency", "1", "--resources", "projects"];
    // 100 projects are taken; then every one is rejected, so that 5.5 % is more than 5 from the 110th on.
    for (taken, max, answered) in [(100, "5%", 110), (95, "5%", 110), (0, "99.99%", 100), (100, "50%", 210)] {
        let (offline, server) = (database(), TestServer::start(SCHEMA).await);
        offline.execute(&rows(400, taken));
        let output = cloneup(&offline, server.base(), &[&flags[..], &["--max-errors", max]].concat()).await;
        assert_eq!(status(&output), 1, "{taken} {max}: {}", stderr(&output));
        assert_eq!(result(&output)["stats"]["resources"]["projects"]["mutations"], answered, "{taken} {max}");
    }
    // Fewer than 100 are never judged.
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    offline.execute(&rows(99, 0));
    let output = cloneup(&offline, server.base(), &[&flags[..], &["--max-errors", "1%"]].concat()).await;
    assert_eq!(errors_of(&output).len(), 99);
}

#[tokio::test]
async fn a_refused_batch_is_halved_only_until_there_are_too_many_errors() {
    let mut rig = Rig::with(SCHEMA, &format!("{TABLES}{}", rows(8, 0))).await;
    rig.options.fail_fast = false;
    rig.options.max_errors = Some(MaxErrors::Count(0));
    rig.concurrency(1);
    rig.server.script("push", vec![Answer::Json(400, refusal("DFQL_INVALID")); 4]);
    let outcome = rig.run().await;
    assert_eq!(rig.server.batch_sizes(), [8, 4, 2, 1]);
    assert_eq!((outcome.failure_kind(), outcome.failures.len()), (Some(FailureKind::Rejected), 1));
    assert!(
        rig.server.pulls().is_empty() && rig.warnings[0].contains("--max-errors 0"),
        "{:?}",
        rig.warnings
    );
}

#[tokio::test]
async fn a_row_that_no_request_can_carry_counts_too() {
    let large = "UPDATE projects SET name = hex(zeroblob(2000)) WHERE id < '0003'";
    let mut rig = Rig::with(SCHEMA, &format!("{TABLES}{}; {large}", rows(0, 5))).await;
    rig.options.fail_fast = false;
    rig.options.max_errors = Some(MaxErrors::Count(1));
    rig.batch_size(1);
    let limits = json!({"limits": {"maxBodyBytes": 1500}});
    rig.server.script("status", [Answer::result(&limits)]);
    let outcome = rig.run().await;
    assert_eq!((outcome.failure_kind(), outcome.failures.len()), (Some(FailureKind::Rejected), 2));
    assert!(rig.server.pushes().len() < 3, "nothing is sent after it");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_fail_fast_it_has_no_effect_and_a_warning_says_so() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    offline.execute(&rows(50, 0));
    let flags = ["--batch-size", "1", "--concurrency", "1", "--max-errors", "9"];
    let output = cloneup(&offline, server.base(), &flags).await;
    assert_eq!((status(&output), errors_of(&output).len()), (1, 1));
    assert!(
        stderr(&output).contains("--max-errors has no effect without --no-fail-fast"),
        "{}",
        stderr(&output)
    );
    let output = cloneup(&offline, server.base(), &["--no-fail-fast", "--max-errors", "0.001%"]).await;
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "maxErrors"));
}
