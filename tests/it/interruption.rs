//! An interrupted run awaits the requests in flight, finalizes nothing and prints its result
//! (contract 3.5). Not how the next run continues (`resume`).

#[cfg(unix)]
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

#[cfg(unix)]
use serde_json::json;
use synctool::cloneup::{Event, FailureKind, Outcome};

use super::common::{Answer, MIXED_ROWS, Rig};
#[cfg(unix)]
use super::common::{Offline, Scripted, database, program, result, signal, status, stderr};

/// Runs, and stops the run `millis` milliseconds after a part has started.
async fn stopped_after(rig: &mut Rig, millis: u64) -> Outcome {
    rig.run_with_cancellation(|event, cancellation| {
        if matches!(event, Event::PartStarted { .. }) {
            let cancellation = cancellation.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                cancellation.cancel();
            });
        }
    })
    .await
}

#[tokio::test]
async fn an_interrupted_run_awaits_requests_in_flight_and_finalizes_nothing() {
    let mut rig = Rig::new(MIXED_ROWS).await;
    rig.batch_size(1);
    rig.concurrency(1);
    rig.server.script("push", [Answer::late(200)]);
    let started = Instant::now();
    let outcome = stopped_after(&mut rig, 50).await;
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(
        (outcome.failure_kind(), outcome.ok, outcome.stats.batches),
        (Some(FailureKind::Interrupted), false, 1)
    );
    assert_eq!(outcome.failures.last().unwrap().body().code, "CANCELLED");
    assert_eq!(outcome.stats.resources[0].1.mutations, 1);
    assert!(rig.server.pulls().is_empty());
    assert_eq!(rig.offline.cursor("__global_cursor__"), None);
}

#[tokio::test]
async fn a_stop_during_the_last_request_interrupts_the_run() {
    let mut rig = Rig::new("INSERT INTO tags (id) VALUES ('g')").await;
    rig.options.pull_after = false;
    rig.offline.log("C", "m", r#"{"resource": "tags", "operation": "merge", "id": "g", "record": {}}"#);
    rig.server.script("push", [Answer::late(300)]);
    let outcome = stopped_after(&mut rig, 150).await;
    assert_eq!(
        (outcome.failure_kind(), outcome.stats.resources[0].1.mutations),
        (Some(FailureKind::Interrupted), 1)
    );
    assert_eq!(rig.offline.logged(), ["m"], "nothing is finalized");
}

#[tokio::test]
async fn a_stop_ends_the_pause_before_a_retry_at_once() {
    let mut rig = Rig::new(MIXED_ROWS).await;
    rig.server.script("push", [Answer::Raw(503, vec![("retry-after", "20".into())], Vec::new())]);
    let started = Instant::now();
    let outcome = rig
        .run_with_cancellation(|event, cancellation| {
            if matches!(event, Event::Retrying { .. }) {
                cancellation.cancel();
            }
        })
        .await;
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Interrupted));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn sigint_exits_with_130_and_sigterm_with_143_and_both_print_the_result() {
    for (name, expected) in [("INT", 130), ("TERM", 143)] {
        let offline = database();
        let server = Scripted::start().await;
        server.script("push", [Answer::late(1500)]);
        let mut command = program(offline.folder());
        command.args(["cloneup", "--db", "app.db", "--remote", server.base()]);
        command.args(["--batch-size", "1", "--concurrency", "1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        server.first_push().await;
        signal(name, child.id());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        assert_eq!(status(&output), expected, "{}", stderr(&output));
        let result = result(&output);
        assert_eq!(result["errors"][0]["code"], "CANCELLED");
        assert_eq!(result["stats"]["resources"]["tags"], json!({"records": 1, "mutations": 1}));
    }
}

/// The output of an upload that gets SIGINT as soon as a file is there.
#[cfg(unix)]
async fn interrupted_at(offline: &Offline, file: &str, arguments: &[&str]) -> Output {
    let mut command = program(offline.folder());
    command.args(["cloneup", "--db", "app.db", "--remote", "http://127.0.0.1:9"]).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    while !offline.folder().join(file).exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let id = child.id();
    signal("INT", id);
    // Only stdout is read: the token command keeps stderr open.
    let output = tokio::task::spawn_blocking(move || {
        let mut child = child;
        let mut stdout = Vec::new();
        std::io::Read::read_to_end(&mut child.stdout.take().unwrap(), &mut stdout).unwrap();
        Output { status: child.wait().unwrap(), stdout, stderr: Vec::new() }
    });
    let output = tokio::time::timeout(Duration::from_secs(20), output).await;
    let output = output.unwrap_or_else(|_| {
        signal("KILL", id);
        panic!("the run does not end")
    });
    output.unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn sigint_before_the_upload_begins_prints_a_result() {
    let offline = database();
    let command = ["--token-command", "touch begun; exec sleep 60"];
    let output = interrupted_at(&offline, "begun", &command).await;
    assert_eq!(status(&output), 130);
    assert_eq!(result(&output)["errors"][0]["code"], "CANCELLED");
}

/// The view has so many rows that checking them does not end.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn sigint_interrupts_the_check_of_rows() {
    let offline = database();
    offline.execute(
        "DROP TABLE todos; CREATE VIEW todos AS
         WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000000000)
         SELECT 'x' || n AS id, '' AS title, 0 AS done FROM numbers",
    );
    let output = interrupted_at(&offline, "app.db.synctool", &[]).await;
    assert_eq!(status(&output), 130);
    assert_eq!(result(&output)["errors"][0]["code"], "CANCELLED");
}

#[tokio::test]
async fn a_request_that_is_not_answered_is_awaited_for_a_moment_only() {
    for route in ["push", "pull"] {
        let mut rig = Rig::new(MIXED_ROWS).await;
        rig.concurrency(1);
        rig.server.script(route, [Answer::late(60_000)]);
        let started = Instant::now();
        let outcome = rig
            .run_with_cancellation(|event, cancellation| {
                if matches!(event, Event::Finalizing)
                    || (route == "push" && matches!(event, Event::PartStarted { .. }))
                {
                    let cancellation = cancellation.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        cancellation.cancel();
                    });
                }
            })
            .await;
        assert!(started.elapsed() < Duration::from_secs(9), "{route}: {:?}", started.elapsed());
        assert_eq!(outcome.failure_kind(), Some(FailureKind::Interrupted), "{route}");
        rig.server.script(route, []);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_wait_for_the_status() {
    let (offline, server) = (database(), Scripted::start().await);
    server.script("status", [Answer::late(4000)]);
    let mut command = program(offline.folder());
    command.args(["cloneup", "--db", "app.db", "--remote", server.base()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let signalled = Instant::now();
    signal("TERM", child.id());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert!(signalled.elapsed() < Duration::from_secs(2), "{:?}", signalled.elapsed());
    assert_eq!((status(&output), result(&output)["errors"][0]["code"].as_str()), (143, Some("CANCELLED")));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_exits_at_once_and_prints_a_result() {
    for (first, second, expected) in [("INT", "INT", 130), ("TERM", "TERM", 143), ("TERM", "INT", 130)] {
        let (offline, server) = (database(), Scripted::start().await);
        server.script("push", [Answer::late(4000)]);
        let mut command = program(offline.folder());
        command.args(["cloneup", "--db", "app.db", "--remote", server.base(), "--concurrency", "1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        server.first_push().await;
        signal(first, child.id());
        tokio::time::sleep(Duration::from_millis(300)).await;
        let signalled = Instant::now();
        signal(second, child.id());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        assert!(signalled.elapsed() < Duration::from_secs(2), "{:?}", signalled.elapsed());
        assert_eq!(status(&output), expected, "{}", stderr(&output));
        let result = result(&output);
        assert_eq!((&result["ok"], &result["errors"][0]["code"]), (&json!(false), &json!("CANCELLED")));
    }
}
