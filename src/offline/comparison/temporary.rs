//! A temporary SQLite database, which is removed when it is closed. Its tables are in
//! [`super::server_items`] and [`super::found`].

use rusqlite::Connection;

use crate::offline::error::OfflineError;

/// Makes a database with one transaction that is never committed; `tables` is the SQL that makes its
/// tables.
pub(super) fn open(tables: &str) -> Result<Connection, OfflineError> {
    let connection = Connection::open("").map_err(failed)?;
    let sql = format!("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {tables}; BEGIN");
    connection.execute_batch(&sql).map_err(failed)?;
    Ok(connection)
}

/// For `map_err`: SQLite failed to use the database.
pub(super) fn failed(error: rusqlite::Error) -> OfflineError {
    OfflineError::while_doing("cannot use a temporary file (SQLITE_TMPDIR sets its folder)")(error)
}
