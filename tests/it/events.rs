//! What `--events` writes (contract 3.5 and 3.10), which `docs/events.schema.json` describes. Not the
//! result on stdout (`result`).

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::common::{
    Answer, Offline, SCHEMA, Scripted, TestServer, cloneup, database, errors_of, result, status, stderr,
};

/// The published schema of a line.
struct EventSchema {
    result: Value,
    events: Value,
}

impl EventSchema {
    fn read() -> Self {
        let read = |name: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        Self { result: read("result.schema.json"), events: read("events.schema.json") }
    }

    /// What is wrong with each event.
    fn problems(&self, events: &[Value]) -> Vec<String> {
        let base = "https://example.org/";
        let registry = jsonschema::Registry::new().add(format!("{base}result.schema.json"), &self.result);
        let registry = registry.unwrap().prepare().unwrap();
        let options = jsonschema::options().with_registry(&registry);
        let schema = options.with_base_uri(format!("{base}events.schema.json")).build(&self.events).unwrap();
        let problems = |event| schema.iter_errors(event).map(move |error| format!("{error}: {event}"));
        events.iter().flat_map(problems).collect()
    }
}

/// What is wrong with each event, by the published schema.
pub(super) fn problems(events: &[Value]) -> Vec<String> {
    EventSchema::read().problems(events)
}

/// The events of the last run, each of which is valid.
fn events(offline: &Offline) -> Vec<Value> {
    let text = std::fs::read_to_string(offline.folder().join("events.ndjson")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(problems(&events), Vec::<String>::new());
    events
}

/// Runs with an event file.
async fn run(offline: &Offline, base: &str, arguments: &[&str]) -> Output {
    cloneup(offline, base, &[&["--events", "events.ndjson"], arguments].concat()).await
}

fn of_type<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["type"] == name).map(|event| &event["context"]).collect()
}

/// Asserts that the last two events are the counts of the run and its end, and returns the former.
fn last_counts(events: &[Value]) -> &Value {
    let [.., counts, end] = events else { panic!("{events:?}") };
    assert_eq!(counts["type"], "sync_progress");
    let ends = ["sync_applied", "sync_failed"];
    assert!(ends.contains(&end["type"].as_str().unwrap()));
    assert_eq!(events.iter().filter(|event| ends.contains(&event["type"].as_str().unwrap())).count(), 1);
    &counts["context"]["run"]
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_json_lines_with_exactly_one_final_event() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let output = run(&offline, server.base(), &[]).await;
    let all = events(&offline);
    let last = all.last().unwrap();
    assert_eq!(last["type"], "sync_applied");
    assert_eq!(
        last["context"],
        json!({"phase": "cloneup", "cursor": "2", "stats": result(&output)["stats"]})
    );
    assert!(last["timestampMs"].as_u64().unwrap() > 1_600_000_000_000);
    assert!(!json!(all).to_string().contains("\"G\""), "events carry no record content");

    let output = run(&offline, server.base(), &["--batch-size", "0"]).await;
    let all = events(&offline);
    assert_eq!(all.len(), 1, "the file is truncated at the start");
    assert_eq!(all[0]["type"], "sync_failed");
    assert_eq!(
        all[0]["context"],
        json!({"phase": "cloneup", "error": {"errors": result(&output)["errors"]}})
    );

    let output = cloneup(&offline, server.base(), &["--events", "-", "--quiet"]).await;
    assert!(stderr(&output).lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    let output = cloneup(&offline, server.base(), &["--events", "no/such/folder"]).await;
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "events"));
    assert!(stderr(&output).starts_with("error: --events: "), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_event_has_versions_options_and_plan_without_secrets() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let arguments = ["--header", "X-Key: s3cr3t", "--batch-size", "7", "--max-retries", "3"];
    run(&offline, server.base(), &arguments).await;
    let all = events(&offline);
    let started = &all[0]["context"];
    assert_eq!(all[0]["type"], "sync_started");
    assert_eq!(started["versions"]["synctool"], env!("CARGO_PKG_VERSION"));
    let options = json!({"db": "app.db", "remote": server.base(), "header": "(hidden)", "batch-size": "7",
        "retry-delay": "1ms", "events": "events.ndjson"});
    assert_eq!(started["options"], options, "max-retries has its default");
    let parts = json!([{"kind": "records", "name": "tags", "rows": 2},
        {"kind": "joinRows", "name": "join_todos_tags_tags", "rows": 0}]);
    assert_eq!((&started["parts"], &started["total"]), (&parts, &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_counts_are_those_of_the_whole_run() {
    let (offline, server) = (database(), Scripted::start().await);
    let unavailable = || Answer::Raw(503, Vec::new(), Vec::new());
    server.script("push", [unavailable(), unavailable(), Answer::Close]);
    server.script("pull", [Answer::Close]);
    let output = run(&offline, server.base(), &["--batch-size", "1", "--concurrency", "1"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let all = events(&offline);
    let run = last_counts(&all);
    assert_eq!((&run["done"], &run["total"], &run["requests"]), (&json!(2), &json!(2), &json!(5)));
    assert_eq!(run["retries"], json!({"503": 2, "connection": 2}));
    assert_eq!((&run["rejected"], &run["etaMs"], &run["inFlight"]), (&json!(0), &json!(0), &json!(0)));
    assert!(run["latencyMs"]["max"].as_u64() >= run["latencyMs"]["p50"].as_u64());
    assert_eq!(run["bytes"], of_type(&all, "sync_progress").last().unwrap()["bytes"]);
    let progress = of_type(&all, "sync_progress");
    assert_eq!(progress.last().unwrap()["stage"], "finalize");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_written_at_most_once_a_second_while_the_server_is_slow() {
    let (offline, server) = (database(), Scripted::start().await);
    offline.execute("INSERT INTO tags VALUES ('i', 'I'), ('j', 'J'), ('k', 'K'), ('l', 'L')");
    server.script("push", (0..6).map(|_| Answer::late(400)));
    run(&offline, server.base(), &["--batch-size", "1", "--concurrency", "1"]).await;
    let all = events(&offline);
    let times: Vec<u64> = all
        .iter()
        .filter(|event| event["type"] == "sync_progress")
        .map(|event| event["timestampMs"].as_u64().unwrap())
        .collect();
    // The last one comes with the end of the run.
    let (_, before) = times.split_last().unwrap();
    assert!(before.len() >= 2, "{times:?}");
    assert!(before.windows(2).all(|pair| pair[1] - pair[0] >= 990), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_in_one_interval_and_the_times_are_those_of_the_command() {
    let (offline, server) = (database(), Scripted::start().await);
    let values: String = (0..30).map(|number| format!(", ('x{number}', 'X')")).collect();
    offline.execute(&format!("INSERT INTO tags VALUES ('x', 'X'){values}"));
    server.script("push", (0..33).map(|_| Answer::late(150)));
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    run(&offline, server.base(), &["--batch-size", "1", "--concurrency", "3"]).await;
    let all = events(&offline);
    let progress = of_type(&all, "sync_progress");
    let intervals: Vec<_> = progress.iter().map(|context| &context["interval"]).collect();
    assert!(intervals.len() >= 2, "{intervals:?}");
    let answered: u64 = intervals.iter().map(|interval| interval["answered"].as_u64().unwrap()).sum();
    assert_eq!(answered, 33);
    let most = intervals.iter().map(|interval| interval["maxInFlight"].as_u64().unwrap()).max();
    assert_eq!((most, server.most_in_flight()), (Some(3), 3));
    let slow = intervals.iter().filter(|interval| interval["answered"] != 0);
    assert!(slow.into_iter().all(|interval| interval["latencyMs"]["p50"].as_u64() >= Some(150)));

    let began = of_type(&all, "sync_started")[0]["startedMs"].as_u64().unwrap();
    assert!(before <= began.into() && began <= all[0]["timestampMs"].as_u64().unwrap());
    let run = last_counts(&all);
    let took = all.last().unwrap()["timestampMs"].as_u64().unwrap() - began;
    assert!((1500..=took).contains(&run["sendingMs"].as_u64().unwrap()), "{run} {took}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_concurrency_have_their_reasons() {
    let (offline, server) = (database(), Scripted::start().await);
    let values: String = (0..40).map(|number| format!(", ('x{number}', 'X')")).collect();
    offline.execute(&format!("INSERT INTO tags VALUES ('x', 'X'){values}"));
    server.script("push", [Answer::Close]);
    run(&offline, server.base(), &["--batch-size", "1", "--concurrency", "auto"]).await;
    let all = events(&offline);
    let changes = of_type(&all, "sync_concurrency");
    let why: BTreeSet<_> = changes.iter().map(|change| change["why"].as_str().unwrap()).collect();
    assert_eq!(changes[0]["why"], "the run begins with this limit");
    assert!(why.contains("a request failed") && why.contains("answers come without delay"), "{why:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_are_counted_by_code_and_the_first_50_have_an_event_without_the_message() {
    let (offline, server) = (database(), Scripted::start().await);
    let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 98)
        INSERT INTO tags (id) SELECT 't' || i FROM n";
    offline.execute(insert);
    let reject = |code: &str, id: &str| {
        let error =
            json!({"mutationId": id, "code": code, "message": "secret content", "path": "record.label"});
        Answer::result(&json!({"applied": [], "errors": [error], "cursor": "1"}))
    };
    // The ids are the same in each run.
    cloneup(&offline, server.base(), &["--batch-size", "1", "--concurrency", "1"]).await;
    let ids: Vec<String> = server
        .mutations()
        .iter()
        .map(|mutation| mutation["mutationId"].as_str().unwrap().to_owned())
        .collect();
    let codes = |index: usize| if index.is_multiple_of(4) { "CONFLICT" } else { "DFQL_INVALID" };
    server.script("push", ids.iter().enumerate().map(|(index, id)| reject(codes(index), id)));
    let arguments = ["--batch-size", "1", "--concurrency", "1", "--no-fail-fast"];
    let output = run(&offline, server.base(), &arguments).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let all = events(&offline);
    let run = last_counts(&all);
    assert_eq!((&run["rejected"], &run["done"]), (&json!(100), &json!(100)));
    assert_eq!(run["rejections"], json!({"CONFLICT": 25, "DFQL_INVALID": 75}));
    let rejected = of_type(&all, "sync_rejected");
    assert_eq!(rejected.len(), 50);
    assert_eq!(
        *rejected[0],
        json!({"phase": "cloneup", "resource": "tags", "id": "g", "mutationId": ids[0], "code": "CONFLICT",
            "path": "record.label"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_rejects_other_events() {
    let schema = EventSchema::read();
    let context = json!({"phase": "cloneup", "rows": 1, "requests": 1});
    let event = json!({"type": "sync_resumed", "timestampMs": 1, "context": context});
    assert_eq!(schema.problems(std::slice::from_ref(&event)), Vec::<String>::new());
    for (key, value) in [("type", json!("sync_started")), ("type", json!("other")), ("context", json!({}))] {
        let mut other = event.clone();
        other[key] = value;
        assert!(!schema.problems(&[other.clone()]).is_empty(), "{other}");
    }
}
