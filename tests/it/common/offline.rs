//! SQLite files as an application would leave them. Not what is in them (`samples`).

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use tempfile::TempDir;

/// A database in a new temporary folder.
pub struct Offline {
    folder: TempDir,
}

impl Offline {
    /// Makes a database with a rollback journal and runs SQL in it.
    pub fn new(sql: &str) -> Self {
        let offline = Self { folder: tempfile::tempdir().unwrap() };
        offline.execute(sql);
        offline
    }

    /// The path of the database.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    /// The folder of the database, for other files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn connect(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub fn execute(&self, sql: &str) {
        self.connect().execute_batch(sql).unwrap();
    }

    /// Adds an entry to the change log.
    pub fn log(&self, client_id: &str, mutation_id: &str, mutation: &str) {
        self.execute(
            "CREATE TABLE IF NOT EXISTS __datafn_changelog (seq INTEGER PRIMARY KEY AUTOINCREMENT,
             clientId TEXT NOT NULL, mutationId TEXT NOT NULL, mutation TEXT NOT NULL, timestampMs INTEGER NOT NULL)",
        );
        self.connect()
            .execute(
                "INSERT INTO __datafn_changelog (clientId, mutationId, mutation, timestampMs) VALUES (?1, ?2, ?3, 0)",
                [client_id, mutation_id, mutation],
            )
            .unwrap();
    }

    /// The mutation ids that are in the change log.
    pub fn logged(&self) -> Vec<String> {
        self.column("SELECT mutationId FROM __datafn_changelog ORDER BY seq")
    }

    /// [`Offline::logged`], or nothing where there is no change log table.
    pub fn logged_if_any(&self) -> Vec<String> {
        if self.has_table("__datafn_changelog") { self.logged() } else { Vec::new() }
    }

    /// The stored cursor of a resource, or the one under `__global_cursor__`.
    pub fn cursor(&self, name: &str) -> Option<String> {
        if !self.has_table("__datafn_cursors") {
            return None;
        }
        self.column(&format!("SELECT cursor FROM __datafn_cursors WHERE resource = '{name}'")).pop()
    }

    pub fn set_cursor(&self, name: &str, cursor: &str) {
        self.execute(&format!(
            "CREATE TABLE IF NOT EXISTS __datafn_cursors (resource TEXT PRIMARY KEY, cursor TEXT NOT NULL);
             INSERT OR REPLACE INTO __datafn_cursors VALUES ('{name}', '{cursor}')"
        ));
    }

    pub fn has_table(&self, name: &str) -> bool {
        let sql = "SELECT 1 FROM sqlite_schema WHERE name = ?1";
        self.connect().prepare(sql).unwrap().exists([name]).unwrap()
    }

    /// The first column of every row, as text.
    pub fn column(&self, sql: &str) -> Vec<String> {
        self.rows(sql).into_iter().map(|mut row| row.remove(0)).collect()
    }

    /// Every row, each value as SQL would write it.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let connection = self.connect();
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let shown = |row: &Row<'_>| (0..columns).map(|index| Ok(show(&row.get(index)?))).collect();
        statement.query_map([], shown).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => {
            format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}
