//! Uploads of many databases with one command (contract 3.7): which files are uploaded, what fails and what
//! goes on, what is printed. Not the upload of one database, nor the parts of an upload (`shards`,
//! `stages`).

mod client_ids;
mod dry_run;
mod events;
mod fail_fast;
mod interrupted;
mod library;
mod memory;
mod names;
mod refused;
mod rejected;
mod result;
mod shared_gate;

use std::path::Path;
use std::process::Output;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use super::common::{SCHEMA, TABLES, program, result as result_of};

/// A folder of databases, and the schema in `schema.json`.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("schema.json"), SCHEMA).unwrap();
        Self(folder)
    }

    /// A folder with these databases, each with two tags of its own and its name as client id.
    fn with(names: &[&str]) -> Self {
        let folder = Self::new();
        for name in names {
            folder.add(name, name);
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Adds a database with two tags, `1-<name>` and `2-<name>`.
    fn add(&self, name: &str, client_id: &str) {
        self.execute(
            name,
            &format!(
                "{TABLES} INSERT INTO tags VALUES ('1-{name}', 'one'), ('2-{name}', 'two');
                 CREATE TABLE __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
                 INSERT INTO __datafn_meta VALUES ('clientId', '{client_id}')"
            ),
        );
    }

    fn connect(&self, name: &str) -> Connection {
        Connection::open(self.path().join(name)).unwrap()
    }

    fn execute(&self, name: &str, sql: &str) {
        self.connect(name).execute_batch(sql).unwrap();
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// The labels of the tags of a database by their ids.
    fn tags(&self, name: &str) -> Vec<String> {
        let connection = self.connect(name);
        let mut statement = connection.prepare("SELECT id || ' ' || label FROM tags ORDER BY id").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Runs `cloneup` in the folder.
    async fn run(&self, base: &str, arguments: &[&str]) -> Output {
        let mut command = program(self.path());
        command.args(["cloneup", "--schema", "schema.json", "--remote", base, "--retry-delay", "1ms"]);
        command.args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

/// The databases in the result: name, whether it is ok, and the codes of its errors.
fn databases(output: &Output) -> Vec<(String, bool, Vec<String>)> {
    let document = result_of(output);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let database = |database: &Value| {
        let codes = database["errors"].as_array().unwrap().iter().map(|error| text(&error["code"]));
        (text(&database["db"]), database["ok"].as_bool().unwrap(), codes.collect())
    };
    document["databases"].as_array().unwrap().iter().map(database).collect()
}

/// The names of the databases that are ok.
fn uploaded(output: &Output) -> Vec<String> {
    let names = databases(output).into_iter().filter(|(_, ok, _)| *ok).map(|(name, ..)| name);
    names.map(|name| if cfg!(windows) { name.replace('\\', "/") } else { name }).collect()
}
