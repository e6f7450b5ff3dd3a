//! Reports of runs (contract 3.10): `synctool report`, `--report` and `--metrics-file`. Not the events that they
//! are made of (`events`).

mod event_file;
mod forms;
mod hostile;
mod metrics;
mod not_event_files;
mod runs;
mod size;
mod unwritten;

use std::process::Output;

use super::common::{Offline, status, stderr, synctool};

/// Runs `synctool report` with event files that have these texts; they are called `1.ndjson`, `2.ndjson` …
fn report_of(texts: &[String], arguments: &[&str]) -> Output {
    let offline = Offline::new("");
    let names: Vec<_> = (1..=texts.len()).map(|number| format!("{number}.ndjson")).collect();
    for (name, text) in names.iter().zip(texts) {
        std::fs::write(offline.folder().join(name), text).unwrap();
    }
    synctool(&offline).arg("report").args(names).args(arguments).output().unwrap()
}

/// The report of event files, in a form.
fn report(texts: &[String], format: &str) -> String {
    let output = report_of(texts, &["--format", format]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// A file that a run has written.
fn written(offline: &Offline, name: &str) -> String {
    std::fs::read_to_string(offline.folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
