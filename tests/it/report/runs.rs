//! `--report` of real runs: it is there whatever the end is, and is the one that `synctool report` makes.

use std::process::Output;

use serde_json::json;

use super::super::common::{
    Answer, Offline, SCHEMA, Scripted, TestServer, cloneup, database, result, status, stderr, synctool,
};
use super::written;

/// Runs with an event file and a report in each form, and asserts that the reports are those of the event
/// file.
async fn run_both_ways(offline: &Offline, base: &str, arguments: &[&str]) -> Output {
    let files = ["--events", "e.ndjson", "--report"];
    let mut last = None;
    for name in ["direct.html", "direct.md"] {
        let output = cloneup(offline, base, &[&files[..], &[name], arguments].concat()).await;
        let again = name.replace("direct", "again");
        let made = synctool(offline).args(["report", "e.ndjson", "-o", &again]).output().unwrap();
        assert_eq!(status(&made), 0, "{}", stderr(&made));
        assert_eq!(written(offline, name), written(offline, &again));
        last = Some(output);
    }
    last.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_and_its_event_file_give_the_same_report() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = run_both_ways(&offline, server.base(), &["--batch-size", "1"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let tables = written(&offline, "direct.md");
    assert!(tables.starts_with("## ✅ Uploaded 2 rows\n"), "{tables}");
    assert!(tables.contains("| `tags` | records | 2 | 2 |"), "{tables}");
    assert!(tables.contains("| `--batch-size` | `1` |"), "{tables}");

    let output = run_both_ways(&offline, server.base(), &["--shard", "2/2"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(written(&offline, "direct.md").contains(" · shard 2 of 2 · "));

    let output = run_both_ways(&offline, server.base(), &["--batch-size", "0"]).await;
    assert_eq!(status(&output), 2);
    assert!(written(&offline, "direct.md").starts_with("## ❌ Failed before anything was sent\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_and_retries_are_the_same_both_ways() {
    let (offline, server) = (database(), Scripted::start().await);
    offline.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
        INSERT INTO tags (id) SELECT 't' || i FROM n",
    );
    let arguments = ["--batch-size", "1", "--concurrency", "1", "--no-resume", "--no-fail-fast"];
    cloneup(&offline, server.base(), &arguments).await;
    let ids: Vec<String> = server
        .mutations()
        .iter()
        .map(|mutation| mutation["mutationId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 152);
    let reject = |id: &String| {
        let error = json!({"mutationId": id, "code": "X<y>", "message": "no <b>", "path": "record"});
        Answer::result(&json!({"applied": [], "errors": [error], "cursor": "1"}))
    };
    let unavailable = || Answer::Raw(503, Vec::new(), Vec::new());
    for _ in 0..2 {
        server.script("push", std::iter::once(unavailable()).chain(ids.iter().map(reject)));
    }
    let output = run_both_ways(&offline, server.base(), &arguments).await;
    assert_eq!((status(&output), result(&output)["errors"].as_array().unwrap().len()), (1, 152));
    let tables = written(&offline, "direct.md");
    assert!(tables.starts_with("## ❌ 152 mutations were rejected\n"), "{tables}");
    assert!(tables.contains("| `503` | the server is not available for now | 1 |"), "{tables}");
    assert!(tables.contains("| `tags` | `g` | `X<y>` | `record` | `no <b>` |"), "{tables}");
    assert!(tables.contains("\nand 102 more\n"), "{tables}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_resumes_says_what_was_there_already() {
    let (offline, server) = (database(), Scripted::start().await);
    server.script("push", [Answer::result(&json!({"applied": ["g"], "errors": [], "cursor": "1"}))]);
    server.script("push", (0..4).map(|_| Answer::Close));
    let arguments = ["--batch-size", "1", "--concurrency", "1", "--report", "report.md"];
    let output = cloneup(&offline, server.base(), &arguments).await;
    assert_eq!(status(&output), 4, "{}", stderr(&output));
    let tables = written(&offline, "report.md");
    assert!(tables.starts_with("## ❌ Failed after 1 of 2 rows\n"), "{tables}");
    assert!(tables.contains("| `TRANSPORT_ERROR` | `sync.push` |"), "{tables}");
    assert!(tables.contains("| `connection` | the connection was lost | 3 |"), "{tables}");
    let output = cloneup(&offline, server.base(), &arguments).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let tables = written(&offline, "report.md");
    assert!(tables.contains("| of 2, 1 by an earlier run |"), "{tables}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_has_a_report() {
    use super::super::common::{program, signal};

    let (offline, server) = (database(), Scripted::start().await);
    server.script("push", [Answer::late(1500)]);
    let mut command = program(offline.folder());
    command.args(["cloneup", "--db", "app.db", "--remote", server.base(), "--report", "r.html"]);
    command.args(["--metrics-file", "m.prom", "--batch-size", "1", "--concurrency", "1", "--quiet"]);
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    server.first_push().await;
    signal("INT", child.id());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 130);
    let page = written(&offline, "r.html");
    assert!(page.contains("<h1>Interrupted after 1 of 2 rows</h1>"), "{page}");
    assert!(written(&offline, "m.prom").contains("synctool_cloneup_ok{db=\"app.db\"} 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_an_event_file_has_a_report_also_when_the_event_file_cannot_be_made() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = cloneup(&offline, server.base(), &["--report", "r.md"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(written(&offline, "r.md").starts_with("## ✅ Uploaded 2 rows\n"));
    let output = cloneup(&offline, server.base(), &["--report", "r.md", "--events", "no/such/file"]).await;
    assert_eq!(status(&output), 2);
    assert!(written(&offline, "r.md").contains("cannot write events to no/such/file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_neither_report_nor_metrics() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let arguments = ["--dry-run", "--report", "r.html", "--metrics-file", "m.prom"];
    let output = cloneup(&offline, server.base(), &arguments).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(!offline.folder().join("r.html").exists() && !offline.folder().join("m.prom").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_of_a_github_step_is_added_to_what_the_step_has_written() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let path = offline.folder().join("step_summary_1a2b");
    std::fs::write(&path, "# Seed").unwrap();
    let mut command = synctool(&offline);
    command.env("GITHUB_STEP_SUMMARY", &path).env("SYNCTOOL_EVENTS", "e.ndjson");
    command.args(["cloneup", "--db", "app.db", "--remote", server.base(), "--report"]).arg(&path);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let once = written(&offline, "step_summary_1a2b");
    assert!(once.starts_with("# Seed\n\n## ✅ Uploaded 2 rows\n"), "{once}");
    let mut command = synctool(&offline);
    command.env("GITHUB_STEP_SUMMARY", &path).args(["report", "e.ndjson", "-o"]).arg(&path);
    assert_eq!(status(&command.output().unwrap()), 0);
    let twice = written(&offline, "step_summary_1a2b");
    assert_eq!(twice, format!("{once}\n\n{}", once.trim_start_matches("# Seed\n\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_several_databases_have_a_report() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    std::fs::copy(offline.path(), offline.folder().join("b.db")).unwrap();
    let mut command = synctool(&offline);
    command.args(["cloneup", "--db", "app.db", "--db", "b.db", "--events", "e.ndjson"]);
    command.args(["--remote", server.base(), "--batch-size", "1"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let made = synctool(&offline).args(["report", "e.ndjson", "--format", "md"]).output().unwrap();
    assert_eq!(status(&made), 0, "{}", stderr(&made));
    let tables = String::from_utf8(made.stdout).unwrap();
    assert!(tables.starts_with("## ✅ Uploaded 4 rows in 2 runs\n"), "{tables}");
    assert!(tables.contains("| `e.ndjson, app.db` |") && tables.contains("| `e.ndjson, b.db` |"), "{tables}");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_events_nor_report_nor_metrics_have_secrets() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let base = server.base().replacen("://", "://user:s3cr3t@", 1);
    let mut command = synctool(&offline);
    command.env("SYNCTOOL_PROXY", "http://user:s3cr3t@127.0.0.1:9");
    command.args(["cloneup", "--db", "app.db", "--remote", &format!("{base}?key=s3cr3t")]);
    command.args(["--header", "X-Key: s3cr3t", "--events", "e.ndjson", "--report", "r.html"]);
    command.args(["--metrics-file", "m.prom", "--token-command", "true s3cr3t"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(result(&output)["ok"].is_boolean());
    for name in ["e.ndjson", "r.html", "m.prom"] {
        assert!(!written(&offline, name).contains("s3cr3t"), "{name}: {}", written(&offline, name));
    }
    // A run with a plan, whose first event has the options.
    let arguments = [
        "--header",
        "X-Key: s3cr3t",
        "--events",
        "e.ndjson",
        "--report",
        "r.html",
        "--metrics-file",
        "m.prom",
    ];
    let mut command = synctool(&offline);
    command.env("SYNCTOOL_TOKEN", "s3cr3t-token").args([
        "cloneup",
        "--db",
        "app.db",
        "--remote",
        server.base(),
    ]);
    let output =
        tokio::task::spawn_blocking(move || command.args(arguments).output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    for name in ["e.ndjson", "r.html", "m.prom"] {
        assert!(!written(&offline, name).contains("s3cr3t"), "{name}: {}", written(&offline, name));
    }
    assert!(written(&offline, "r.html").contains("(hidden)"));
}
