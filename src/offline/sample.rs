//! A sample database for demonstrations: a small company's to-do lists, with join rows, a change
//! log and deletes made offline. Its content is the same every time. It is no test fixture.
//!
//! ```
//! use synctool::offline::{ChangeLog, Database, Snapshot, sample};
//! use synctool::schema::Schema;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("sample.db");
//! sample::write(&path)?;
//!
//! assert_eq!(Schema::parse(&sample::schema())?.resources.len(), 3);
//! let snapshot = Snapshot::take(&Database::open(&path)?)?;
//! assert_eq!(ChangeLog::of(&snapshot).pending()?["delete"], 12);
//! # Ok(())
//! # }
//! ```

use std::path::Path;

use rusqlite::{Connection, params};
use serde_json::json;

use crate::offline::error::OfflineError;

const PROJECTS: usize = 40;
const TAGS: usize = 60;
const TODOS: usize = 3000;
/// How many edits of to-dos the change log has.
const EDITED: usize = 250;
/// How many deletes of to-dos the change log has.
const DELETED: usize = 12;

/// The sample's schema, as JSON.
#[must_use]
pub fn schema() -> String {
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind});
    let schema = json!({
        "resources": [
            {"name": "projects", "version": 1, "fields": [
                {"name": "name", "type": "string", "required": true}, field("color", "string"),
                field("archived", "boolean")]},
            {"name": "tags", "version": 1, "fields": [
                {"name": "label", "type": "string", "required": true}]},
            {"name": "todos", "version": 1, "fields": [
                {"name": "title", "type": "string", "required": true}, field("done", "boolean"),
                field("priority", "number"), field("estimate", "number"),
                {"name": "notes", "type": "string", "nullable": true}, field("checklist", "json"),
                field("projectId", "string"), field("createdAt", "date")]},
        ],
        "relations": [
            {"type": "many-one", "from": "todos", "to": "projects", "relation": "project", "fkField": "projectId"},
            {"type": "many-many", "from": "todos", "to": "tags", "relation": "tags", "inverse": "todos",
             "metadata": [{"name": "order", "type": "number"}]},
        ],
    });
    format!("{schema:#}")
}

/// Creates the sample database at `path`, where no file exists yet.
///
/// # Errors
/// [`OfflineError::Storage`] when the file cannot be written, or is a database that has these
/// tables already.
pub fn write(path: &Path) -> Result<(), OfflineError> {
    let failed = || OfflineError::while_doing(format!("cannot make the sample {}", path.display()));
    let mut connection = Connection::open(path).map_err(failed())?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed())?;
    let transaction = connection.transaction().map_err(failed())?;
    fill(&transaction).map_err(failed())?;
    transaction.commit().map_err(failed())
}

/// Creates the tables and their rows.
fn fill(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        r#"
        CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT NOT NULL, color TEXT, archived INTEGER);
        CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT NOT NULL);
        CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT NOT NULL, done INTEGER, priority INTEGER,
            estimate REAL, notes TEXT, checklist TEXT, projectId TEXT, createdAt INTEGER, localDraft TEXT);
        CREATE TABLE join_todos_tags_tags ("from" TEXT, "to" TEXT, "order" INTEGER, PRIMARY KEY ("from", "to"));
        CREATE TABLE __datafn_cursors (resource TEXT PRIMARY KEY, cursor TEXT NOT NULL);
        CREATE TABLE __datafn_changelog (seq INTEGER PRIMARY KEY AUTOINCREMENT, clientId TEXT NOT NULL,
            mutationId TEXT NOT NULL, mutation TEXT NOT NULL, timestampMs INTEGER NOT NULL);
        CREATE TABLE __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
        "#,
    )?;
    connection.execute("INSERT INTO __datafn_meta VALUES ('schema', ?1)", [schema()])?;
    connection.execute("INSERT INTO __datafn_meta VALUES ('clientId', 'sample-laptop')", [])?;
    let colors = ["red", "amber", "green", "teal", "blue", "violet"];
    for i in 0..PROJECTS {
        connection.execute(
            "INSERT INTO projects VALUES (?1, ?2, ?3, ?4)",
            params![format!("project-{i:02}"), format!("Project {}", i + 1), colors[i % 6], i % 9 == 0],
        )?;
    }
    for i in 0..TAGS {
        connection.execute(
            "INSERT INTO tags VALUES (?1, ?2)",
            params![format!("tag-{i:02}"), format!("label {i}")],
        )?;
    }
    (0..TODOS).try_for_each(|i| todo(connection, i))?;
    (0..EDITED).try_for_each(|i| {
        let id = todo_id(i * 7);
        let mutation = json!({"resource": "todos", "version": 1, "operation": "merge", "id": id,
            "record": {"done": i % 2 == 0}});
        log(connection, i, &mutation)
    })?;
    (0..DELETED).try_for_each(|i| {
        let id = format!("todo-deleted-{i:02}");
        let mutation = json!({"resource": "todos", "version": 1, "operation": "delete", "id": id});
        log(connection, EDITED + i, &mutation)
    })
}

/// Inserts one to-do and its join rows.
fn todo(connection: &Connection, i: usize) -> rusqlite::Result<()> {
    let verbs = ["Call", "Write", "Review", "Order", "Fix", "Plan", "Measure"];
    let things =
        ["the supplier", "the report", "a prototype", "spare parts", "Zürich", "東京", "the “old” tests"];
    let title = format!("{} {} #{i}", verbs[i % 7], things[(i / 7) % 7]);
    let notes = (!i.is_multiple_of(3)).then(|| format!("Line one of {i}\nand a second line, \"quoted\"."));
    let checklist = json!([{"text": "prepare", "done": true}, {"text": "finish", "weight": i % 5}]);
    let id = todo_id(i);
    connection.execute(
        // The smallest estimate is a quarter of an hour; a to-do was created every 61 seconds.
        "INSERT INTO todos VALUES (?1, ?2, ?3, ?4, ?5 * 0.25, ?6, ?7, ?8, 1750000000000 + ?9 * 61000, ?10)",
        params![
            id,
            title,
            i.is_multiple_of(4),
            i % 5,
            i % 16,
            notes,
            checklist.to_string(),
            format!("project-{:02}", i % PROJECTS),
            i,
            "never leaves this machine",
        ],
    )?;
    for order in 0..(i % 4) {
        let tag = format!("tag-{:02}", (i * 11 + order * 17) % TAGS);
        connection
            .execute("INSERT INTO join_todos_tags_tags VALUES (?1, ?2, ?3)", params![id, tag, order])?;
    }
    Ok(())
}

fn todo_id(i: usize) -> String {
    format!("todo-{i:04}")
}

/// Appends an entry to the change log.
fn log(connection: &Connection, i: usize, mutation: &serde_json::Value) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO __datafn_changelog (clientId, mutationId, mutation, timestampMs)
         VALUES ('sample-laptop', ?1, ?2, ?3)",
        params![format!("edit-{i:04}"), mutation.to_string(), 1_760_000_000_000_i64],
    )?;
    Ok(())
}
