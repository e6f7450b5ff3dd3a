//! Runs of the binary: what it is started with, and what it prints. Not a `serve` process
//! (`serve_process`), not the job as a library call (`run`).

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

use super::{Offline, SCHEMA, TABLES};

/// The binary, with a folder as its working directory and without this machine's own settings.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(cargo_bin("synctool"));
    command.current_dir(folder);
    remove_settings(&mut command);
    command
}

/// The beginnings of the variables that a run reads: its own, and those of job systems.
const SETTINGS: [&str; 10] = [
    "SYNCTOOL_",
    "CI_NODE_",
    "CIRCLE_NODE_",
    "BUILDKITE_PARALLEL_",
    "BITBUCKET_PARALLEL_",
    "AWS_BATCH_JOB_ARRAY_",
    "CLOUD_RUN_TASK_",
    "SLURM_ARRAY_",
    "JOB_COMPLETION_INDEX",
    "GITHUB_STEP_SUMMARY",
];

/// Removes every variable that a run reads, and those that name a proxy, from a command's environment.
pub fn remove_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_setting = SETTINGS.iter().any(|setting| text.starts_with(setting));
        if is_setting || text.to_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
}

/// [`program`] in the folder of a database, with a time limit of one minute.
pub fn synctool(offline: &Offline) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::from_std(program(offline.folder()));
    command.timeout(Duration::from_mins(1));
    command
}

/// A database with two tags that stores [`SCHEMA`] and the client id `C`.
pub fn database() -> Offline {
    let offline = Offline::new(&format!("{TABLES} INSERT INTO tags VALUES ('g', 'G'), ('h', 'H')"));
    offline.execute("CREATE TABLE __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
    offline
        .connect()
        .execute("INSERT INTO __datafn_meta VALUES ('schema', ?1), ('clientId', 'C')", [SCHEMA])
        .unwrap();
    offline
}

/// Runs `cloneup` against a server. Database, server and delay are in the environment, so that the arguments
/// can have others.
pub async fn cloneup(offline: &Offline, base: &str, arguments: &[&str]) -> Output {
    let mut command = synctool(offline);
    command.env("SYNCTOOL_DB", "app.db").env("SYNCTOOL_REMOTE", base).env("SYNCTOOL_RETRY_DELAY", "1ms");
    command.arg("cloneup").args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Starts a quiet `cloneup` with one mutation in a request and two requests in flight.
pub fn spawn_upload(offline: &Offline, base: &str) -> Child {
    program(offline.folder())
        .args(["cloneup", "--db", "app.db", "--remote", base])
        .args(["--batch-size", "1", "--concurrency", "2", "--quiet"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Sends a signal, such as `TERM`, to a process.
#[cfg(unix)]
pub fn signal(name: &str, process: u32) {
    Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap();
}

/// The result: stdout is exactly one JSON document on one line.
pub fn result(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.trim_end().lines().count(), 1, "{text}\n{}", stderr(output));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{}", stderr(output)))
}

/// Stderr as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The exit status of a process that no signal ended.
pub fn status(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{:?}", output.status))
}

/// Code, message and path of every error in the result.
pub fn errors_of(output: &Output) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = result(output)["errors"].as_array().unwrap().clone();
    errors.iter().map(|error| (text(&error["code"]), text(&error["message"]), text(&error["path"]))).collect()
}

/// Infers a schema with `schema infer`, writes it to `schema.json` beside the database, and
/// returns it with the notes on stderr.
pub fn infer(offline: &Offline) -> (Value, String) {
    let output = synctool(offline).args(["schema", "infer", "app.db"]).output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    std::fs::write(offline.folder().join("schema.json"), &output.stdout).unwrap();
    let again = synctool(offline).args(["schema", "infer", "app.db"]).output().unwrap();
    assert_eq!(again.stdout, output.stdout, "the same database gives the same schema");
    (serde_json::from_slice(&output.stdout).unwrap(), stderr(&output))
}
