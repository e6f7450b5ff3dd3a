//! The result on stdout, the messages on stderr and the exit status (contract 3.5). Not the
//! errors of usage (`usage`).

use serde_json::json;

#[cfg(unix)]
use super::common::program;
use super::common::{
    Answer, SCHEMA, Scripted, TestServer, cloneup, database, errors_of, result, status, stderr,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_successful_run_prints_its_result_and_exits_with_0() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = cloneup(
        &offline,
        server.base(),
        &["--resources", "tags,todos", "--batch-size", "1", "--concurrency", "auto"],
    )
    .await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(
        result(&output),
        json!({"ok": true, "cursor": "2", "stats": {"resources": {"tags": {"records": 2, "mutations": 2}},
            "joinStores": {"join_todos_tags_tags": {"rows": 0, "mutations": 0}}, "batches": 2}, "errors": []})
    );
    assert!(
        stderr(&output).starts_with("uploaded 2 records, 0 join rows in 2 requests"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_prints_only_errors_on_stderr() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = cloneup(&offline, server.base(), &["--quiet"]).await;
    assert_eq!((status(&output), stderr(&output)), (0, String::new()));
    let output = cloneup(&offline, server.base(), &["--quiet", "--resources", "nope"]).await;
    assert_eq!(stderr(&output), "error: the schema has no resource `nope`\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_pretty_prints_an_indented_result() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = cloneup(&offline, server.base(), &["--output", "pretty"]).await;
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("{\n  \"ok\": true,\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_exit_with_1_and_an_unreachable_server_with_4() {
    let offline = database();
    let server = Scripted::start().await;
    let body =
        json!({"errors": [{"mutationId": "m", "code": "CONFLICT", "message": "no\u{1b}[31m", "path": "id"}]});
    server.script("push", [Answer::Json(200, body)]);
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 1);
    assert!(
        stderr(&output).contains(r"error: mutation m: CONFLICT: no\u{1b}[31m (id)"),
        "{}",
        stderr(&output)
    );

    let output = cloneup(&offline, "http://127.0.0.1:9/datafn", &["--max-retries", "0"]).await;
    assert_eq!((status(&output), errors_of(&output)[0].0.as_str()), (4, "TRANSPORT_ERROR"));
    for remote in ["127.0.0.1:9", "ftp://x/y", "not a url"] {
        let output = cloneup(&offline, remote, &[]).await;
        assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "sync.remote"), "{remote}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_in_diagnostics_are_escaped() {
    let offline = database();
    let server = Scripted::start().await;
    let error = json!({"ok": false, "error": {"code": "X", "message": "a\u{1b}[31mb\u{9b}c"}});
    server.script("status", [Answer::Json(400, error)]);
    let output = cloneup(&offline, server.base(), &["-vv"]).await;
    assert_eq!(status(&output), 0);
    let text = stderr(&output);
    assert!(text.contains(r"a\u{1b}[31mb\u{9b}c"), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_all_requests_meet_is_printed_once() {
    let offline = database();
    offline.execute("INSERT INTO tags VALUES ('i', 'I'), ('j', 'J'), ('k', 'K'), ('l', 'L')");
    let flags = ["--batch-size", "1", "--concurrency", "4", "--max-retries", "2"];
    let output = cloneup(&offline, "http://127.0.0.1:9/datafn", &flags).await;
    assert_eq!((status(&output), errors_of(&output).len()), (4, 1), "{}", stderr(&output));
    let printed = stderr(&output);
    for part in ["retry 1 of 2", " more retries, the last one: cannot connect: ", "error: "] {
        assert_eq!(printed.matches(part).count(), 1, "{part}: {printed}");
    }
    assert!(!printed.contains("retry 2 of 2"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_counts_what_the_server_took() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    offline.execute(
        "INSERT INTO todos (id) VALUES ('t'); INSERT INTO join_todos_tags_tags VALUES ('t', 'g', 1),
         ('t', 'nowhere', 2), ('t', 'nowhere', 2), ('t', 'never', 3)",
    );
    let output = cloneup(&offline, server.base(), &["--no-fail-fast"]).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let printed = stderr(&output);
    assert!(printed.contains("failed after 3 records, 1 join row, 3 rejected in "), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_sentence_of_a_server_is_printed_once_and_every_code_is_told() {
    let (offline, server) = (database(), Scripted::start().await);
    let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
        INSERT INTO todos (id) SELECT 't' || i FROM n";
    offline.execute(insert);
    let error = json!({"mutationId": "", "code": "X", "message": "all bad", "path": "$"});
    let answer = || Answer::result(&json!({"ok": true, "applied": [], "errors": [error], "cursor": "1"}));
    server.script("push", (0..10).map(|_| answer()));
    let output = cloneup(&offline, server.base(), &["--no-fail-fast", "--batch-size", "10"]).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let said = stderr(&output);
    assert_eq!(said.matches("all bad").count(), 1, "{said}");
    assert!(said.contains("error: X: all bad, "), "{said}");
    assert!(said.contains("error: todos t1: NOT_ACKNOWLEDGED: "), "{said}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_result_or_a_file_that_cannot_be_written_has_an_exit_status_of_its_own() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    for arguments in [
        vec!["cloneup", "--db", "app.db", "--remote", server.base()],
        vec!["cloneup", "--db", "app.db", "--remote", server.base(), "--dry-run"],
        vec!["verify", "--db", "app.db", "--remote", server.base()],
        vec!["inspect", "app.db", "--output", "json"],
        vec!["inspect", "app.db"],
        vec!["schema", "infer", "app.db"],
        vec!["config", "show", "--output", "json"],
        vec!["config", "show"],
    ] {
        let mut command = program(offline.folder());
        command.args(&arguments).stdout(full());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert_eq!(status(&output), 5, "{arguments:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("error: the result could not be written to stdout: "),
            "{arguments:?}"
        );
    }
    // A run that fails has the status of its failure.
    let mut command = program(offline.folder());
    command.args(["cloneup", "--db", "none.db", "--remote", server.base()]).stdout(full());
    assert_eq!(status(&command.output().unwrap()), 3);
    assert_eq!(status(&program(offline.folder()).arg("--help").stdout(full()).output().unwrap()), 5);
    // A result with a file that could not be written is whole.
    let output = cloneup(&offline, server.base(), &["--events", "/dev/full", "--quiet"]).await;
    assert_eq!((status(&output), &result(&output)["ok"]), (5, &json!(true)), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.starts_with("error: the events could not be written: ") && said.lines().count() == 1,
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_error_file_that_cannot_be_written_is_told_and_a_failed_run_keeps_its_status() {
    let (offline, server) = (database(), Scripted::start().await);
    let error = json!({"mutationId": "", "code": "X", "message": "no", "path": "$"});
    let answer = Answer::result(&json!({"applied": [], "errors": [error], "cursor": "1"}));
    server.script("push", [answer.clone(), answer]);
    let output = cloneup(&offline, server.base(), &["--no-fail-fast", "--error-file", "/dev/full"]).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("error: the error file could not be written: "), "{}", stderr(&output));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_is_no_failure() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    for arguments in [&["cloneup", "--db", "app.db", "--remote", server.base()][..], &["inspect", "app.db"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program(offline.folder());
        command.args(arguments).stdout(writer);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert_eq!(status(&output), 0, "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_ten_rejections_are_told_and_how_to_get_the_rest() {
    let (offline, server) = (database(), Scripted::start().await);
    let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO todos (id) SELECT 't' || i FROM n";
    offline.execute(insert);
    for (error_file, hint) in [
        (
            &[][..],
            "hint: --error-file FILE lists all that are rejected, and --only-failed FILE sends only those",
        ),
        (
            &["--error-file", "failed.ndjson"],
            "hint: failed.ndjson lists all that were rejected; --only-failed failed.ndjson sends only those again",
        ),
    ] {
        server.script("push", (0..11).map(|_| Answer::result(&json!({"applied": [], "errors": []}))));
        server.script("push", (0..11).map(|_| Answer::result(&json!({"applied": [], "errors": []}))));
        let output = cloneup(&offline, server.base(), &[&["--no-fail-fast"], error_file].concat()).await;
        assert_eq!(status(&output), 1, "{}", stderr(&output));
        let said = stderr(&output);
        let errors: Vec<_> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 10, "{said}");
        assert!(errors[0].starts_with("error: todos t1: NOT_ACKNOWLEDGED: the server "), "{said}");
        assert!(said.contains("… and 992 more with NOT_ACKNOWLEDGED\n"), "{said}");
        assert!(said.contains(hint), "{said}");
        assert!(said.lines().last().unwrap().starts_with("failed after 0 records, "), "{said}");
        server.forget_script();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_comes_first_and_then_the_hint() {
    let (offline, server) = (database(), Scripted::start().await);
    for arguments in [&["--resources", "tagss"][..], &["--resources", "tagss", "--dry-run"]] {
        let output = cloneup(&offline, server.base(), arguments).await;
        let said = stderr(&output);
        assert!(
            said.contains("error: the schema has no resource `tagss`\nhint: did you mean `tags`?\n"),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_counts_retries_of_pushes_that_were_sent() {
    let unavailable = || Answer::Raw(503, vec![("retry-after", "0".into())], Vec::new());
    // The retries of a pull are no push requests.
    for (pushes, pulls, expected) in
        [(0, 2, " in 1 request, "), (1, 0, " in 2 requests, 1 of them a retry, ")]
    {
        let (offline, server) = (database(), Scripted::start().await);
        server.script("push", (0..pushes).map(|_| unavailable()));
        server.script("pull", (0..pulls).map(|_| unavailable()));
        let output =
            cloneup(&offline, server.base(), &["--resources", "tags", "--no-include-many-many"]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(expected), "{said}");
        assert!(expected.contains("retry") || !said.contains("of them"), "{said}");
    }
}
