//! Every command in `docs/` runs, and the published JSON Schemas match what the program reads
//! and writes. Not completions and manual pages (`generated`).

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

use super::common::{
    CHINOOK, Offline, POWERSYNC, SCHEMA, TestServer, WATERMELON, cloneup, database, remove_settings, result,
    synctool,
};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// The shell blocks of a page, one after the other.
fn commands(page: &Path) -> String {
    let text = std::fs::read_to_string(page).unwrap();
    let mut script = String::new();
    for block in text.split("```sh\n").skip(1) {
        script.push_str(block.split("```").next().unwrap());
    }
    script
}

/// Runs a page's commands in a folder with the files that the pages name.
fn run(page: &Path) {
    let script = commands(page);
    assert!(script.contains("synctool"), "{}: no commands", page.display());
    let home = database();
    std::fs::write(home.folder().join("schema.json"), SCHEMA).unwrap();
    for (name, sql) in [("music.db", CHINOOK), ("notes.db", POWERSYNC), ("posts.db", WATERMELON)] {
        std::fs::copy(Offline::new(sql).path(), home.folder().join(name)).unwrap();
    }
    // A free port instead of the one in the text.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let script = script
        .replace("127.0.0.1:4400", &address)
        .replace("synctool serve ", &format!("synctool serve --listen {address} "));
    // A script's next command would come before the server listens.
    let port = address.rsplit(':').next().unwrap();
    let listening = format!("until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.05; done");
    let script = script.replace(" &\n", &format!(" &\n{listening}\n"));
    let script = format!("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}");
    let binary = cargo_bin("synctool");
    let path = std::env::join_paths(
        [binary.parent().unwrap().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let mut command = Command::new("bash");
    command.arg("-c").arg(&script).current_dir(home.folder()).env("PATH", path);
    remove_settings(&mut command);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}: {:?}\n{script}\n{}\n{}",
        page.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_commands_of_the_quick_start_and_the_guides_run() {
    for page in [
        "quick-start.md",
        "schema.md",
        "clone.md",
        "ci.md",
        "changes.md",
        "scaling.md",
        "troubleshooting.md",
        "protocol.md",
        "report.md",
    ] {
        run(&docs().join(page));
    }
}

#[test]
fn the_commands_of_the_layout_pages_run() {
    for page in ["plain.md", "classic.md", "powersync.md", "watermelondb.md"] {
        run(&docs().join("layouts").join(page));
    }
}

#[test]
fn every_page_with_commands_is_run_and_every_link_has_a_target() {
    let mut pages = Vec::new();
    for folder in [docs(), docs().join("layouts")] {
        pages.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    assert_eq!(pages.iter().filter(|page| commands(page).contains("synctool")).count(), 13, "list it above");
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let target = page.parent().unwrap().join(link);
            assert!(link.starts_with("http") || target.exists(), "{}: {link}", page.display());
        }
    }
}

fn schema(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(docs().join(name)).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// Asserts that a value is valid.
fn holds(schema: &jsonschema::Validator, value: &Value) {
    let problems: Vec<_> = schema.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}: {value}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_schema_accepts_results_of_successful_and_failed_runs() {
    let schema = schema("result.schema.json");
    let offline = database();
    offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"x"}"#);
    let server = TestServer::start(SCHEMA).await;
    for arguments in [
        &[][..],
        &["--batch-size", "0"],
        &["--record-operation", "insert", "--no-fail-fast"],
        &["--wat"],
        &["--shard", "1/1"],
        &["--stage", "join-rows"],
        &["--stage", "finalize"],
    ] {
        let output = cloneup(&offline, server.base(), arguments).await;
        holds(&schema, &result(&output));
        std::fs::write(offline.folder().join("last.json"), &output.stdout).unwrap();
        let merged = synctool(&offline).args(["merge-results", "last.json"]).output().unwrap();
        holds(&schema, &result(&merged));
    }
    assert!(!schema.is_valid(&serde_json::json!({"ok": true, "cursor": 1, "stats": {}, "errors": []})));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_of_the_result_of_a_clone_accepts_it_whatever_happened() {
    let schema = schema("clone-result.schema.json");
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    cloneup(&offline, server.base(), &[]).await;
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    for (arguments, ok) in [
        (&["--db", "copy.db", "--schema", "schema.json", "--remote", server.base()][..], true),
        (&["--db", "copy.db", "--remote", server.base()], false),
        (&["--db", "other.db", "--remote", "http://127.0.0.1:9/datafn", "--max-retries", "0"], false),
        (&["--wat"], false),
    ] {
        let mut command = synctool(&offline);
        command.arg("clone").args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let result = result(&output);
        assert_eq!(result["ok"], ok, "{arguments:?}: {result}");
        holds(&schema, &result);
    }
    assert!(!schema.is_valid(&serde_json::json!({"ok": true, "cursor": 1, "stats": {}, "errors": []})));
}

#[test]
fn the_configuration_schema_accepts_what_the_program_reads() {
    let schema = schema("synctool.toml.schema.json");
    let offline = database();
    let text = r#"
        db = "app.db"
        remote = "http://127.0.0.1:9"
        batch-size = 500
        resources = ["tags"]
        pull-after = false
        record-operation = "replace"
        timeout = "5s"
        verbose = 1
        proxy = false
        max-rate = 0.5
        [profile.ci]
        wait = "30s"
    "#;
    std::fs::write(offline.folder().join("synctool.toml"), text).unwrap();
    let value: toml::Table = text.parse().unwrap();
    holds(&schema, &serde_json::to_value(&value).unwrap());
    let output = synctool(&offline).args(["config", "show", "--output", "json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let from_file = |key: &str| {
        let entry = shown.as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap();
        assert!(entry["from"].as_str().unwrap().ends_with("synctool.toml"), "{entry}");
        entry["value"].as_str().unwrap().to_owned()
    };
    for (key, expected) in
        [("batch-size", "500"), ("pull-after", "false"), ("resources", "tags"), ("verbose", "1")]
    {
        assert_eq!(from_file(key), expected);
    }
    for wrong in [
        serde_json::json!({"bach-size": 5}),
        serde_json::json!({"pull-after": "maybe"}),
        serde_json::json!({"profile": "ci"}),
        serde_json::json!({"profile": {"ci": {"bach-size": 5}}}),
        serde_json::json!({"profile": {"ci": {"profile": {}}}}),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}
