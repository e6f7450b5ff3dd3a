//! A clone is the way back: a new file with everything that a server has, which makes the same mutations
//! as the file that was uploaded (contract 3.9). Not the pull after an upload (`pull`).

use std::process::{Command, Output};

use serde_json::json;

use super::common::{Offline, SCHEMA, TestServer, mutation, program, push};

mod begun;
mod command;
mod interrupted;
mod killed;
mod layouts;
mod property;
mod round_trip;

/// A folder with a schema and no database.
fn folder() -> Offline {
    let offline = Offline::new("");
    std::fs::remove_file(offline.path()).unwrap();
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    offline
}

/// `synctool clone` into `app.db`.
fn command(offline: &Offline, base: &str, arguments: &[&str]) -> Command {
    let mut command = program(offline.folder());
    command.args(["clone", "--db", "app.db", "--remote", base, "--retry-delay", "1ms"]).args(arguments);
    command
}

async fn run(offline: &Offline, base: &str, arguments: &[&str]) -> Output {
    let mut command = command(offline, base, arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// A server with this many tags, `g000` and on, with labels `l000` and on.
async fn server_of_tags(count: usize) -> TestServer {
    let server = TestServer::start(SCHEMA).await;
    let tag = |number: usize| {
        let record = json!({"id": format!("g{number:03}"), "record": {"label": format!("l{number:03}")}});
        mutation(&format!("m{number}"), &record)
    };
    let mutations: Vec<_> = (0..count).map(tag).collect();
    push(&server, &mutations).await;
    server
}
