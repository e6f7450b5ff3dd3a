//! `--metrics-file`: valid text of the Prometheus format, with the counters of the run.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::common::{
    Answer, Offline, SCHEMA, Scripted, TestServer, cloneup, database, status, stderr, synctool,
};
use super::written;

/// A sample: its name, and its labels.
type Name = (String, BTreeMap<String, String>);

/// Reads the Prometheus text format, version 0.0.4: each metric has its help and its type before its samples,
/// which come together, and each sample is there once.
fn parse(text: &str) -> BTreeMap<Name, f64> {
    assert!(text.ends_with('\n'), "the last line has an end");
    let (mut samples, mut helped, mut typed, mut ended) =
        (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && !helped.contains(&name.to_owned()), "{line}");
            helped.push(name.to_owned());
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            assert_eq!(helped.last().map(String::as_str), Some(name));
            ended.push(std::mem::replace(&mut current, name.to_owned()));
            typed.push(name.to_owned());
            continue;
        }
        let (name, value) = sample(line);
        assert_eq!(name.0, current, "{line}");
        assert!(!ended.contains(&name.0), "{line}");
        assert!(samples.insert(name, value).is_none(), "twice: {line}");
    }
    samples
}

fn sample(line: &str) -> (Name, f64) {
    let (name, rest) = line.split_once('{').unwrap_or_else(|| panic!("no labels: {line}"));
    assert!(
        name.starts_with("synctool_cloneup_")
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    );
    let (mut labels, mut chars) = (BTreeMap::new(), rest.chars().peekable());
    while chars.peek() != Some(&'}') {
        let label: String =
            std::iter::from_fn(|| chars.next_if(|c| c.is_ascii_alphabetic() || *c == '_')).collect();
        assert_eq!((chars.next(), chars.next()), (Some('='), Some('"')), "{line}");
        let mut value = String::new();
        loop {
            match chars.next().unwrap() {
                '"' => break,
                '\\' => value.push(match chars.next().unwrap() {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    c => panic!("\\{c}: {line}"),
                }),
                c => value.push(c),
            }
        }
        assert!(labels.insert(label, value).is_none(), "{line}");
        chars.next_if_eq(&',');
    }
    chars.next();
    let value: String = chars.collect();
    ((name.to_owned(), labels), value.trim_start().parse().unwrap_or_else(|_| panic!("{line}")))
}

/// The value of a metric, with labels beside the database.
fn value(samples: &BTreeMap<Name, f64>, name: &str, more: &[(&str, &str)]) -> Option<f64> {
    let labels =
        [("db", "app.db")].iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    samples.get(&(format!("synctool_cloneup_{name}"), labels.collect())).copied()
}

async fn run(offline: &Offline, base: &str, arguments: &[&str]) -> (i32, BTreeMap<Name, f64>) {
    let output = cloneup(offline, base, &[&["--metrics-file", "m.prom"], arguments].concat()).await;
    (status(&output), parse(&written(offline, "m.prom")))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_of_a_run_are_valid_and_have_its_counts() {
    let (offline, server) = (database(), Scripted::start().await);
    let unavailable = || Answer::Raw(503, Vec::new(), Vec::new());
    server.script("push", [unavailable(), unavailable()]);
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let (status, samples) = run(&offline, server.base(), &["--batch-size", "1", "--concurrency", "1"]).await;
    assert_eq!(status, 0);
    for (name, more, expected) in [
        ("ok", &[][..], 1.0),
        ("planned_rows", &[], 2.0),
        ("rows_total", &[("by", "this run")], 2.0),
        ("rows_total", &[("by", "earlier run")], 0.0),
        ("requests_total", &[], 4.0),
        ("retries_total", &[("reason", "503")], 2.0),
        ("repeated_mutations_total", &[], 0.0),
    ] {
        assert_eq!(value(&samples, name, more), Some(expected), "{name} {more:?}");
    }
    let end = value(&samples, "end_timestamp_seconds", &[]).unwrap();
    let start = value(&samples, "start_timestamp_seconds", &[]).unwrap();
    assert!(before - 0.01 <= start && start <= end, "{before} {start} {end}");
    assert!((value(&samples, "duration_seconds", &[]).unwrap() - (end - start)).abs() < 0.01);
    for quantile in ["0.5", "0.95", "1"] {
        assert!(value(&samples, "request_latency_seconds", &[("quantile", quantile)]).is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_is_not_ok_and_has_its_rejections_by_code() {
    let (offline, server) = (database(), Scripted::start().await);
    let code = "A\"B\\C\nD\u{202e}";
    let error = json!({"mutationId": "", "code": code, "message": "no", "path": "$"});
    let answer = Answer::result(&json!({"applied": ["g"], "errors": [error], "cursor": "1"}));
    server.script("push", [answer]);
    let (status, samples) = run(&offline, server.base(), &["--batch-size", "1", "--no-fail-fast"]).await;
    assert_eq!((status, value(&samples, "ok", &[])), (1, Some(0.0)));
    let codes: Vec<_> = samples.keys().filter_map(|(_, labels)| labels.get("code")).collect();
    assert!(codes.iter().all(|code| code.starts_with("A\"B\\C\\nD")), "{codes:?}");

    // A run that fails in its plan has no counts.
    let (status, samples) = run(&offline, server.base(), &["--batch-size", "0"]).await;
    assert_eq!((status, value(&samples, "ok", &[])), (2, Some(0.0)));
    assert!(value(&samples, "end_timestamp_seconds", &[]).is_some());
    assert_eq!(value(&samples, "requests_total", &[]), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_sends_only_changes_counts_what_is_unchanged() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let (_, samples) = run(&offline, server.base(), &[]).await;
    assert_eq!(value(&samples, "unchanged_rows_total", &[]), None);
    offline.execute("UPDATE tags SET label = 'changed' WHERE id = 'g'");
    let (status, samples) = run(&offline, server.base(), &["--only-changed"]).await;
    assert_eq!((status, value(&samples, "unchanged_rows_total", &[])), (0, Some(1.0)));
    assert_eq!(value(&samples, "rows_total", &[("by", "this run")]), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_and_shards_have_metrics_of_their_own() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let (status_of_shard, samples) = run(&offline, server.base(), &["--shard", "1/2"]).await;
    assert_eq!((status_of_shard, value(&samples, "ok", &[("shard", "1/2")])), (0, Some(1.0)));
    // Names on Windows have neither quotation marks nor backslashes.
    let name = if cfg!(windows) { "a name.db" } else { "a \"quoted\" \\ name.db" };
    std::fs::copy(offline.path(), offline.folder().join(name)).unwrap();
    let mut command = synctool(&offline);
    command.args(["cloneup", "--db", name, "--remote", server.base(), "--metrics-file", "m.prom"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let samples = parse(&written(&offline, "m.prom"));
    assert!(samples.keys().all(|(_, labels)| labels["db"] == name), "{samples:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn others_can_read_the_metrics() {
    use std::os::unix::fs::PermissionsExt as _;

    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    run(&offline, server.base(), &[]).await;
    std::fs::write(offline.folder().join("usual"), "").unwrap();
    let mode = |name: &str| std::fs::metadata(offline.folder().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("m.prom"), mode("usual"));
}
