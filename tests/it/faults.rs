//! Every mutation is applied exactly once when connections fail and when client or server are
//! killed (contract 3.6 and 4). Not answers that are wrong (`hostile`).
//!
//! `SYNCTOOL_FAULT_SEEDS=500 cargo test --test it faults` runs more schedules; a failing one
//! names its seed, and `SYNCTOOL_FAULT_SEED=7` runs only that one.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use synctool::cloneup::Concurrency;

use super::common::{
    FaultProxy, Offline, Rig, SCHEMA, ServeProcess, TABLES, TestServer, client, program, result, status,
    stderr, synctool,
};

const ROWS: &str = "
    INSERT INTO projects VALUES ('p1', 'one'), ('p2', 'two');
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
        INSERT INTO todos (id, title, projectId) SELECT 't' || i, 'title ' || i, 'p' || (i % 2 + 1) FROM n;
    INSERT INTO tags VALUES ('g1', 'a'), ('g2', 'b');
    INSERT INTO join_todos_tags_tags SELECT id, 'g1', 1 FROM todos WHERE id < 't3';
    CREATE TABLE __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO __datafn_meta VALUES ('clientId', 'C')";

/// Counts the mutations that these rows and one offline delete make.
const MUTATIONS: &str = "SELECT (SELECT count(*) FROM projects) + (SELECT count(*) FROM todos)
    + (SELECT count(*) FROM tags) + (SELECT count(*) FROM join_todos_tags_tags) + 1";

fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SYNCTOOL_FAULT_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("SYNCTOOL_FAULT_SEEDS").unwrap_or(12)).collect(),
    }
}

fn log_delete(offline: &Offline) {
    offline.log("C", "gone", r#"{"resource": "todos", "operation": "delete", "id": "gone"}"#);
}

/// Asserts that the server has what the database has and that each mutation was applied once.
async fn check(offline: &Offline, base: &str, what: &str) {
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    let mut command = synctool(offline);
    command.args(["verify", "--db", "app.db", "--schema", "schema.json", "--remote", base]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{what}: {}", stderr(&output));
    let response = client().get(format!("{base}/status")).send().await.unwrap();
    let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["result"]["cursor"], offline.column(MUTATIONS)[0], "{what}: steps of the sequence");
    assert_eq!(offline.logged(), [""; 0], "{what}: the change log is drained");
    assert_eq!(offline.cursor("__global_cursor__").unwrap(), offline.column(MUTATIONS)[0], "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_is_applied_once_over_a_faulty_connection() {
    let mut faults = 0;
    for seed in seeds() {
        let mut random = fastrand::Rng::with_seed(seed);
        let server = TestServer::start(SCHEMA).await;
        let proxy = FaultProxy::start(server.base(), seed, 35).await;
        let mut rig = Rig::with(SCHEMA, &format!("{TABLES}{ROWS}")).await;
        log_delete(&rig.offline);
        rig.remote.base = proxy.base().to_owned();
        rig.remote.timeout = Duration::from_secs(5);
        rig.batch_size(random.usize(1..=20));
        rig.max_retries(random.u32(0..=2));
        rig.options.pull_limit = random.u64(1..=50).try_into().unwrap();
        rig.options.concurrency = match random.usize(0..=8) {
            0 => Concurrency::Auto,
            number => Concurrency::Fixed(number.try_into().unwrap()),
        };
        let mut runs = 1;
        while !rig.run().await.ok {
            runs += 1;
            assert!(runs < 300, "seed {seed}: the upload does not finish");
        }
        check(&rig.offline, server.base(), &format!("seed {seed}, {runs} runs")).await;
        faults += proxy.faults();
    }
    assert!(faults > 0, "no fault was injected");
}

/// Where the server keeps its records.
const STORE: &[&str] = &["--data", "server.db"];

fn offline() -> Offline {
    let offline = Offline::new(&format!("{TABLES}{ROWS}"));
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    log_delete(&offline);
    offline
}

fn uploader(offline: &Offline, base: &str, failpoint: Option<&str>) -> Command {
    let mut command = program(offline.folder());
    command.args(["cloneup", "--db", "app.db", "--schema", "schema.json", "--remote", base, "--quiet"]);
    command.args(["--batch-size", "4", "--concurrency", "3", "--max-retries", "1", "--retry-delay", "10ms"]);
    command.envs(failpoint.map(|name| ("SYNCTOOL_FAILPOINT", name)));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_killed_at_any_failpoint_is_finished_by_the_same_command() {
    let points = [
        "client-id",
        "planned",
        "answered",
        "answered:7",
        "checkpointed:3",
        "checkpointed:20",
        "uploaded",
        "pulled",
        "finalized",
    ];
    for point in points {
        let (server, offline) = (TestServer::start(SCHEMA).await, offline());
        let died = uploader(&offline, server.base(), Some(point)).output().unwrap();
        // Windows has a negative status for what Unix calls a signal.
        let code = died.status.code().filter(|code| !(cfg!(windows) && *code < 0));
        assert_eq!(code, None, "{point}: {}", stderr(&died));
        let output = uploader(&offline, server.base(), None).output().unwrap();
        assert_eq!(status(&output), 0, "{point}: {}", stderr(&output));
        let todos = &result(&output)["stats"]["resources"]["todos"];
        // What the server applied without an answer that was seen is repeated.
        assert_eq!((&todos["records"], &todos["mutations"]), (&json!(60), &json!(60)), "{point}: {todos}");
        check(&offline, server.base(), point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_neither_loses_nor_repeats_acknowledged_mutations() {
    for point in ["before-commit:3", "after-commit:1", "after-commit:5", "synced:1", "synced:4"] {
        let offline = offline();
        let mut serve = ServeProcess::start(offline.folder(), STORE, Some(point)).await;
        let output = uploader(&offline, serve.base(), None).output().unwrap();
        assert_eq!(status(&output), 4, "{point}: {}", stderr(&output));
        serve.restart().await;
        let output = uploader(&offline, serve.base(), None).output().unwrap();
        assert_eq!(status(&output), 0, "{point}: {}", stderr(&output));
        check(&offline, serve.base(), point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_is_applied_once_when_client_or_server_is_killed_at_a_random_time() {
    for seed in seeds().into_iter().take(if seeds().len() > 12 { usize::MAX } else { 4 }) {
        let mut random = fastrand::Rng::with_seed(seed);
        let offline = offline();
        let mut serve = ServeProcess::start(offline.folder(), STORE, None).await;
        for _ in 0..4 {
            let mut client = uploader(&offline, serve.base(), None).stdout(Stdio::null()).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(random.u64(0..250))).await;
            if random.bool() {
                client.kill().unwrap();
                client.wait().unwrap();
            } else {
                serve.restart().await;
                tokio::task::spawn_blocking(move || client.wait().unwrap()).await.unwrap();
            }
        }
        let output = uploader(&offline, serve.base(), None).output().unwrap();
        assert_eq!(status(&output), 0, "seed {seed}: {}", stderr(&output));
        check(&offline, serve.base(), &format!("seed {seed}")).await;
    }
}
