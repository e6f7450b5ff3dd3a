//! Builds the database that the benchmarks upload: to-dos of about 450 bytes of JSON each. Measures
//! nothing; the benchmarks are in `main.rs`.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

/// The schema of the database that [`make`] builds.
pub const SCHEMA: &str = r#"{"resources": [{"name": "todos", "version": 1, "fields": [
  {"name": "title", "type": "string", "required": true}, {"name": "done", "type": "boolean"},
  {"name": "priority", "type": "number"}, {"name": "estimate", "type": "number"},
  {"name": "notes", "type": "string", "nullable": true}, {"name": "projectId", "type": "string"},
  {"name": "createdAt", "type": "date"}]}], "relations": []}"#;

const NOTES: &str = "Remember to ask about the delivery, the invoice and the second key. The caretaker is in on \
    Tuesdays and Thursdays between nine and eleven, and the door at the back is open the rest of the time; the \
    number of the office is on the board in the hall. \"Do not ring twice\", says the note beside it.";

/// Order of the ids relative to the order of insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// Ascending in order of insertion, like ids that begin with a timestamp.
    Rising,
    /// In random order, like random ids: reading in order of id requires a sort.
    Scattered,
}

/// Which of the columns have a value and are uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// All but the JSON column.
    Plain,
    /// The JSON column as well, with text as `JSON.stringify` writes it.
    WithJson,
}

/// The same records in another client's database, and with other ids.
#[cfg(target_os = "linux")]
pub fn other_client(folder: &Path, database: &Path) -> PathBuf {
    let path = folder.join("other-client.db");
    std::fs::copy(database, &path).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "UPDATE todos SET id = 'other-' || id;
             UPDATE __datafn_meta SET value = '1c5f0f5a-7a3e-4a0e-9f0c-5d2f7c1b9e42' WHERE key = 'clientId'",
        )
        .unwrap();
    path
}

/// Writes the schema into `folder`, and a database with `records` records unless it exists already.
/// Returns the path of the database.
pub fn make(folder: &Path, records: u64, ids: Ids) -> PathBuf {
    make_with(folder, records, ids, Columns::Plain)
}

/// The same with these columns.
pub fn make_with(folder: &Path, records: u64, ids: Ids, columns: Columns) -> PathBuf {
    let mut schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    if columns == Columns::WithJson {
        let fields = schema["resources"][0]["fields"].as_array_mut().unwrap();
        fields.push(serde_json::json!({"name": "meta", "type": "json"}));
    }
    std::fs::write(folder.join("schema.json"), schema.to_string()).unwrap();
    let path = folder.join(format!("app-{ids:?}-{records}-{columns:?}.db"));
    if path.exists() {
        return path;
    }
    let mut connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    let transaction = connection.transaction().unwrap();
    transaction
        .execute_batch(
            "CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT NOT NULL, done INTEGER, priority INTEGER,
             estimate REAL, notes TEXT, projectId TEXT, createdAt TEXT, meta TEXT);
             CREATE TABLE __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
             INSERT INTO __datafn_meta VALUES ('clientId', '9d1c1d6e-6f1f-4a68-b6c8-3a55e0c6f0aa')",
        )
        .unwrap();
    {
        let mut insert =
            transaction.prepare("INSERT INTO todos VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)").unwrap();
        for number in 0..records {
            let id = match ids {
                Ids::Rising => number,
                Ids::Scattered => number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            };
            let id = format!("{id:016x}");
            insert
                .execute(params![
                    id,
                    format!("To-do number {number}: call back about the order"),
                    number % 3 == 0,
                    number % 5,
                    f64::from(u32::try_from(number % 97).unwrap()) / 4.0,
                    (number % 10 != 0).then_some(NOTES),
                    format!("project-{}", number % 1000),
                    format!("2026-{:02}-{:02}T09:30:00.000Z", number % 12 + 1, number % 28 + 1),
                    (columns == Columns::WithJson).then(|| meta(number)),
                ])
                .unwrap();
        }
    }
    transaction.commit().unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    path
}

/// The text of a JSON column: its members are in no order.
fn meta(number: u64) -> String {
    format!(
        r##"{{"tags":["home","urgent","t{}"],"color":"#{:06x}","score":{},"position":{{"x":{},"y":{}}},"due":null}}"##,
        number % 17,
        number % 0xff_ffff,
        f64::from(u32::try_from(number % 1000).unwrap()) / 8.0,
        number % 640,
        number % 480,
    )
}
