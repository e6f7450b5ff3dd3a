//! The tables of the store, how a new file gets them, and how an existing file is recognized. Rows are
//! written in [`super::writer`] and read in [`super::reader`].

use rusqlite::{Connection, Transaction};

use crate::server::store::{Document, Result, StoreError};

/// SQLite's `application_id` of a store ("syTo"), which distinguishes it from other programs' databases.
const APPLICATION_ID: i32 = 0x7379_546f;

/// SQLite's `user_version` of a store: raised whenever [`TABLES`] changes in a way that older files
/// lack.
const FORMAT: i32 = 3;

/// Current documents, the change feed, and the ids of applied mutations.
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE record (resource TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (resource, id));
CREATE TABLE join_row (store TEXT, source TEXT, target TEXT, document TEXT NOT NULL,
    PRIMARY KEY (store, source, target)) WITHOUT ROWID;
-- A mutation is one step of the sequence and has one row for each subject it changed (part 0, 1, …), or none.
-- The documents are not here: a change is read with the subject's current document.
-- `client` is set where the subject's state is exactly what this client sent.
CREATE TABLE change (sequence INTEGER, part INTEGER, name TEXT NOT NULL, id TEXT NOT NULL,
    target TEXT, client INTEGER, PRIMARY KEY (sequence, part)) WITHOUT ROWID;
CREATE TABLE client (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE applied (client INTEGER, mutation TEXT, PRIMARY KEY (client, mutation)) WITHOUT ROWID;
";

/// Creates the tables in an empty file, and accepts a file that has them.
///
/// # Errors
/// [`StoreError::ForeignDatabase`] or [`StoreError::UnknownFormat`] for any other file.
pub(super) fn create_or_check(transaction: &Transaction<'_>) -> Result<()> {
    let pragma = |name| transaction.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (pragma("application_id")?, pragma("user_version")?) {
        (0, 0) if tables == 0 => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.execute(
                "INSERT INTO meta (key, value) VALUES ('storeId', ?1), ('sequence', 0)",
                [uuid::Uuid::new_v4().to_string()],
            )?;
            Ok(())
        }
        (APPLICATION_ID, FORMAT) => Ok(()),
        (APPLICATION_ID, other) => Err(StoreError::UnknownFormat(other)),
        _ => Err(StoreError::ForeignDatabase),
    }
}

/// The store id.
pub(super) fn store_id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT value FROM meta WHERE key = 'storeId'", [], |row| row.get(0))
}

/// The last committed step of the sequence.
pub(super) fn last_sequence(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT value FROM meta WHERE key = 'sequence'", [], |row| row.get(0))
}

/// Parses the text of a `document` column.
pub(super) fn document(text: &str) -> Result<Document> {
    serde_json::from_str(text).map_err(StoreError::DamagedDocument)
}
