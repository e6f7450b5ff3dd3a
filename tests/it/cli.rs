//! The binary as a person or a script meets it: stdout, stderr and exit status.

use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use super::common::{
    Answer, Offline, SCHEMA, Scripted, TestServer, cloneup, database, errors_of, program, result, signal,
    status, stderr, synctool,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_good_run_prints_its_result_and_exits_with_0() {
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
async fn a_quiet_run_says_nothing_but_errors() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = cloneup(&offline, server.base(), &["--quiet"]).await;
    assert_eq!((status(&output), stderr(&output)), (0, String::new()));
    let output = cloneup(&offline, server.base(), &["--quiet", "--resources", "nope"]).await;
    assert_eq!(stderr(&output), "error: Invalid cloneUp: unknown resource (resources[0])\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_is_pretty_when_that_is_asked_for() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = cloneup(&offline, server.base(), &["--output", "pretty"]).await;
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("{\n  \"ok\": true,\n"));
}

#[test]
fn what_is_missing_or_wrong_is_told_at_once_and_exits_with_2() {
    let offline = database();
    let invalid = |message: &str, path: &str| {
        ("DFQL_INVALID".to_owned(), format!("Invalid cloneUp: {message}"), path.to_owned())
    };
    let storage = invalid("storage is required", "storage");
    let remote = invalid("sync.remote is required", "sync.remote");
    let batch = invalid("batchSize must be a positive integer", "batchSize");
    let retries = invalid("maxRetries must be a non-negative integer", "maxRetries");
    let concurrency = invalid("concurrency must be auto or a positive integer", "concurrency");
    for (arguments, expected) in [
        (vec!["--db", "app.db", "--remote", "http://127.0.0.1:9", "--concurrency", "0"], vec![concurrency]),
        (vec![], vec![storage.clone(), remote.clone()]),
        (vec!["--remote", "http://127.0.0.1:9"], vec![storage.clone()]),
        (vec!["--db", "", "--remote", "http://127.0.0.1:9"], vec![storage.clone()]),
        (vec!["--db", "app.db"], vec![remote.clone()]),
        (vec!["--db", "app.db", "--batch-size", "0"], vec![remote, batch.clone()]),
        (vec!["--db", "app.db", "--remote", "http://127.0.0.1:9", "--batch-size=-1"], vec![batch.clone()]),
        (
            vec!["--db", "app.db", "--remote", "http://127.0.0.1:9", "--batch-size", "1.5"],
            vec![batch.clone()],
        ),
        (
            vec![
                "--db",
                "app.db",
                "--remote",
                "http://127.0.0.1:9",
                "--batch-size",
                "abc",
                "--max-retries",
                "-1",
            ],
            vec![batch, retries],
        ),
    ] {
        let output = synctool(&offline).arg("cloneup").args(&arguments).output().unwrap();
        assert_eq!((status(&output), errors_of(&output)), (2, expected), "{arguments:?}");
    }
}

#[test]
fn unknown_flags_and_values_print_the_result_all_the_same() {
    let offline = database();
    for (arguments, path) in [
        (vec!["--bach-size", "5"], "--bach-size"),
        (vec!["--record-operation", "upsert"], "--record-operation"),
        (vec!["--no-pull-after=true"], "--no-pull-after"),
        (vec!["--token", "secret"], "--token"),
        (vec!["stray"], "stray"),
    ] {
        let output = synctool(&offline).arg("cloneup").args(&arguments).output().unwrap();
        assert_eq!(status(&output), 2, "{arguments:?}");
        let errors = errors_of(&output);
        assert_eq!((errors[0].0.as_str(), errors[0].2.as_str()), ("DFQL_INVALID", path), "{arguments:?}");
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
    }
    for before in [["--config", "/dev/null"], ["--config", "missing.toml"]] {
        let output = synctool(&offline).args(before).args(["cloneup", "--wat"]).output().unwrap();
        assert_eq!((status(&output), result(&output)["ok"].clone()), (2, json!(false)));
    }
    let output = synctool(&offline).args(["cloneup", "--quiet", "--wat"]).output().unwrap();
    assert_eq!(stderr(&output), "error: unexpected argument '--wat' found\n");
    let output = synctool(&offline).args(["cloneup", "--bach-size", "5"]).output().unwrap();
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn databases_and_schemas_that_cannot_be_used_have_their_own_status() {
    let offline = database();
    std::fs::write(offline.folder().join("text.db"), "not a database, but long enough to look at").unwrap();
    std::fs::write(offline.folder().join("bad.json"), r#"{"resources": [{}]}"#).unwrap();
    let run = |db: &str, extra: &[&str]| {
        let arguments = ["cloneup", "--db", db, "--remote", "http://127.0.0.1:9"];
        synctool(&offline).args(arguments).args(extra).output().unwrap()
    };
    for db in ["missing.db", "text.db", "."] {
        let output = run(db, &[]);
        assert_eq!((status(&output), errors_of(&output)[0].0.as_str()), (3, "STORAGE_ERROR"), "{db}");
        assert!(!offline.folder().join("missing.db").exists(), "it was created");
    }
    let output = run("app.db", &["--schema", "bad.json"]);
    assert_eq!((status(&output), errors_of(&output)[0].0.as_str()), (2, "SCHEMA_INVALID"));
    assert_eq!(errors_of(&output)[0].2, "resources[0].name");
    let output = run("app.db", &["--schema", "no.json"]);
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "schema"));
    offline.execute("DELETE FROM __datafn_meta WHERE key = 'schema'");
    let output = run("app.db", &[]);
    assert_eq!(status(&output), 2);
    assert!(errors_of(&output)[0].1.contains("synctool schema infer"), "{}", stderr(&output));
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
        stderr(&output).contains(r"error: CONFLICT: no\u{1b}[31m (id), mutation m"),
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
async fn the_token_comes_from_the_environment_or_a_file_and_is_never_shown() {
    let offline = database();
    let server = Scripted::start().await;
    std::fs::write(offline.folder().join("token"), " from-file\n").unwrap();
    std::fs::write(offline.folder().join("empty"), "\n").unwrap();
    let run = |variable: &'static str, file: Option<&'static str>| {
        let mut command = synctool(&offline);
        command
            .args(["cloneup", "--db", "app.db", "--remote", server.base(), "-vv"])
            .env("SYNCTOOL_TOKEN", variable);
        command.args(file.map(|file| format!("--token-file={file}")));
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    for (variable, file, sent) in [
        ("from-env", None, Some("Bearer from-env")),
        ("", Some("token"), Some("Bearer from-file")),
        ("from-env", Some("token"), Some("Bearer from-file")),
        ("", None, None),
    ] {
        let output = run(variable, file).await.unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let requests = server.requests();
        let header = requests.last().unwrap().headers.get("authorization").map(String::as_str);
        assert_eq!(header, sent, "{variable} {file:?}");
        assert!(!stderr(&output).contains("from-"), "{}", stderr(&output));
    }
    for file in ["empty", "missing"] {
        let output = run("", Some(file)).await.unwrap();
        assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "tokenFile"));
    }
    let output = run("se\ncret", None).await.unwrap();
    assert_eq!(status(&output), 2);
    assert!(!stderr(&output).contains("cret"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_lines_of_json_with_one_end() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let path = offline.folder().join("events.ndjson");
    let read = || -> Vec<Value> {
        let text = std::fs::read_to_string(&path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let output = cloneup(&offline, server.base(), &["--events", "events.ndjson"]).await;
    let events = read();
    let last = events.last().unwrap();
    assert_eq!(last["type"], "sync_applied");
    assert_eq!(
        last["context"],
        json!({"phase": "cloneup", "cursor": "2", "stats": result(&output)["stats"]})
    );
    assert!(last["timestampMs"].as_u64().unwrap() > 1_600_000_000_000);
    assert!(events[..events.len() - 1].iter().all(|event| event["type"] == "sync_progress"));
    assert!(!std::fs::read_to_string(&path).unwrap().contains("\"G\""), "events carry no record content");

    let output = cloneup(&offline, server.base(), &["--events", "events.ndjson", "--batch-size", "0"]).await;
    let events = read();
    assert_eq!(events.len(), 1, "the file is truncated at the start");
    assert_eq!(events[0]["type"], "sync_failed");
    assert_eq!(
        events[0]["context"],
        json!({"phase": "cloneup", "error": {"errors": result(&output)["errors"]}})
    );

    let output = cloneup(&offline, server.base(), &["--events", "-", "--quiet"]).await;
    assert!(stderr(&output).lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    let output = cloneup(&offline, server.base(), &["--events", "no/such/folder"]).await;
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "events"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_mutations_are_written_down_and_only_they_are_sent_again() {
    let offline = database();
    offline.execute(
        "INSERT INTO todos (id, title) VALUES ('good', 'x'), ('bad', 7);
         INSERT INTO join_todos_tags_tags VALUES ('good', 'g', 1), ('good', 'none', 1);",
    );
    let server = TestServer::start(SCHEMA).await;
    // A column without affinity keeps the number that the server does not take for a string.
    offline.execute("ALTER TABLE todos DROP COLUMN title; ALTER TABLE todos ADD COLUMN title; UPDATE todos SET title = 7 WHERE id = 'bad'");
    offline.log("C", "m1", r#"{"resource":"tags","operation":"merge","id":"g"}"#);
    let output = cloneup(&offline, server.base(), &["--no-fail-fast", "--error-file", "failed.ndjson"]).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let text = std::fs::read_to_string(offline.folder().join("failed.ndjson")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let about = |line: &Value| {
        [&line["resource"], &line["id"], &line["code"], &line["path"]].map(|v| v.as_str().unwrap().to_owned())
    };
    assert_eq!(
        lines.iter().map(about).collect::<Vec<_>>(),
        [
            ["todos", "bad", "DFQL_INVALID", "record.title"],
            ["join_todos_tags_tags", "good:none", "NOT_FOUND", "relations.tags"],
        ]
    );
    assert_eq!(lines[0]["mutationId"], result(&output)["errors"][0]["mutationId"]);

    offline.execute(
        "UPDATE todos SET title = 'mended' WHERE id = 'bad'; INSERT INTO tags VALUES ('none', 'now there')",
    );
    let failed = ["--only-failed", "failed.ndjson", "--error-file", "failed.ndjson", "--no-fail-fast"];
    let output = cloneup(&offline, server.base(), &failed).await;
    assert_eq!(result(&output)["stats"]["resources"], json!({"todos": {"records": 1, "mutations": 1}}));
    // The tag is not among what failed, so the join row fails again, and alone.
    assert_eq!(errors_of(&output)[0].0, "NOT_FOUND");
    assert_eq!(std::fs::read_to_string(offline.folder().join("failed.ndjson")).unwrap().lines().count(), 1);
    assert_eq!(offline.logged(), ["m1"], "a part of an upload finalizes nothing");
    assert_eq!(status(&cloneup(&offline, server.base(), &[]).await), 0);

    std::fs::write(offline.folder().join("broken"), "{}").unwrap();
    for file in ["missing", "broken"] {
        let output = cloneup(&offline, server.base(), &["--only-failed", file]).await;
        assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "onlyFailed"));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_run_with_its_result() {
    for (name, expected) in [("INT", 130), ("TERM", 143)] {
        let offline = database();
        let server = Scripted::start().await;
        server.script("push", [Answer::After(Duration::from_millis(1500), Box::new(Answer::Apply))]);
        let mut command = program(offline.folder());
        command.args(["cloneup", "--db", "app.db", "--remote", server.base()]);
        command.args(["--batch-size", "1", "--concurrency", "1"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        while server.pushes().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        signal(name, child.id());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        assert_eq!(status(&output), expected, "{}", stderr(&output));
        let result = result(&output);
        assert_eq!(result["errors"][0]["code"], "CANCELLED");
        assert_eq!(result["stats"]["resources"]["tags"], json!({"records": 1, "mutations": 1}));
    }
}

/// What an upload prints that is interrupted as soon as this file is there.
#[cfg(unix)]
async fn interrupted_at(offline: &Offline, file: &str, arguments: &[&str]) -> Output {
    let mut command = program(offline.folder());
    command.args(["cloneup", "--db", "app.db", "--remote", "http://127.0.0.1:9"]).args(arguments);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    while !offline.folder().join(file).exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let id = child.id();
    signal("INT", id);
    // A command that it waits for keeps stderr open.
    let output = tokio::task::spawn_blocking(move || {
        let mut child = child;
        let mut stdout = Vec::new();
        std::io::Read::read_to_end(&mut child.stdout.take().unwrap(), &mut stdout).unwrap();
        Output { status: child.wait().unwrap(), stdout, stderr: Vec::new() }
    });
    let output = tokio::time::timeout(Duration::from_secs(20), output).await;
    let output = output.unwrap_or_else(|_| {
        signal("KILL", id);
        panic!("it waits")
    });
    output.unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_before_the_upload_begins_prints_a_result_too() {
    let offline = database();
    let command = ["--token-command", "touch begun; exec sleep 60"];
    let output = interrupted_at(&offline, "begun", &command).await;
    assert_eq!(status(&output), 130);
    assert_eq!(result(&output)["errors"][0]["code"], "CANCELLED");
}

/// The view has so many rows that looking at them never ends.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_rows_are_checked_does_not_wait_for_the_last_one() {
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

#[tokio::test(flavor = "multi_thread")]
async fn diagnostics_are_escaped_too() {
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

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn serve_says_where_it_listens_and_ends_with_a_signal() {
    use std::io::{BufRead as _, BufReader};
    let offline = database();
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    let mut child = program(offline.folder())
        .args(["serve", "--schema", "schema.json", "--listen", "127.0.0.1:0"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let output = cloneup(&offline, &base, &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(offline.folder().join("synctool-server.db").exists());
    signal("TERM", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!offline.folder().join("synctool-server.db-wal").exists(), "the file is complete by itself");
}

#[test]
fn serve_refuses_what_it_cannot_do() {
    let offline = database();
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (arguments, expected, part) in [
        (vec![], 2, "needs a schema"),
        (vec!["--schema", "schema.json", "--listen", "0.0.0.0:0"], 2, "set a token"),
        (vec!["--schema", "schema.json", "--max-body", "big"], 2, "--max-body must be a size"),
        (vec!["--schema", "schema.json", "--data", "app.db"], 3, "another program's database"),
        (vec!["--schema", "schema.json", "--listen", &address], 4, "cannot listen on"),
    ] {
        let output = synctool(&offline).arg("serve").args(&arguments).output().unwrap();
        assert_eq!(status(&output), expected, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn the_demonstration_shows_an_upload_and_its_deduplication() {
    let offline = database();
    let output = synctool(&offline).args(["demo", "--dir", "shown"]).output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let result = result(&output);
    assert_eq!(result["stats"]["resources"]["todos"], json!({"records": 3000, "mutations": 3000}));
    assert_eq!(result["stats"]["deletes"], json!({"mutations": 12}));
    let said = stderr(&output);
    assert!(said.contains("it deduplicated all 7600 mutations"), "{said}");
    assert!(said.contains("synctool cloneup --db shown/app.db --schema shown/schema.json"), "{said}");
    let output = synctool(&offline).args(["demo", "--dir", "shown"]).output().unwrap();
    assert_eq!(status(&output), 3);
    assert!(stderr(&output).contains("name a new folder"), "{}", stderr(&output));
}

#[test]
fn help_is_what_it_was() {
    let offline = database();
    for arguments in [vec!["--help"], vec!["cloneup", "-h"], vec!["serve", "--help"], vec!["demo", "--help"]]
    {
        let output = synctool(&offline).args(&arguments).env("COLUMNS", "80").output().unwrap();
        assert_eq!(status(&output), 0);
        insta::assert_snapshot!(arguments.join(" "), String::from_utf8(output.stdout).unwrap());
    }
}
