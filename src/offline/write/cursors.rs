//! The cursors in `__datafn_cursors` (contract 1.3): the position in the server's change feed up
//! to which the database has it. One is global; servers of the second dialect have one for each
//! resource.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::offline::error::OfflineError;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::Table;
use crate::protocol::{Cursor, GLOBAL_CURSOR};

const TABLE: &str = "__datafn_cursors";

/// The position in the server's change feed up to which the database has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursors {
    /// The global cursor; zero when the database has none.
    pub global: Cursor,
    /// The cursors of single resources and join stores, by name.
    pub tables: BTreeMap<String, Cursor>,
}

impl Cursors {
    /// Reads the cursors in a snapshot; a missing table is an empty one.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read, or a cursor in it is not a
    /// base-10 integer.
    pub fn read(snapshot: &Snapshot) -> Result<Self, OfflineError> {
        read(snapshot.connection())
    }
}

/// Reads the cursors that a connection sees; a missing table is an empty one.
pub(super) fn read(connection: &Connection) -> Result<Cursors, OfflineError> {
    let failed = || OfflineError::while_doing(format!("cannot read {TABLE}"));
    let mut cursors = Cursors::default();
    if Table::find(connection, TABLE).map_err(failed())?.is_none() {
        return Ok(cursors);
    }
    let sql = format!("SELECT resource, CAST(cursor AS TEXT) FROM {TABLE}");
    let mut statement = connection.prepare(&sql).map_err(failed())?;
    let mut rows = statement.query([]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        let (name, text): (String, String) =
            row.get(0).and_then(|name| Ok((name, row.get(1)?))).map_err(failed())?;
        let cursor = text.parse().map_err(|error| {
            OfflineError::storage(format!("the cursor of {name:?} in {TABLE} is {text:?}, and {error}"))
        })?;
        if name == GLOBAL_CURSOR {
            cursors.global = cursor;
        } else {
            cursors.tables.insert(name, cursor);
        }
    }
    Ok(cursors)
}

/// Moves a cursor forward; a stored cursor that is already higher stays.
pub(super) fn advance(connection: &Connection, name: &str, cursor: &Cursor) -> Result<(), OfflineError> {
    let failed = || OfflineError::while_doing(format!("cannot write {TABLE}"));
    connection
        .execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {TABLE} (resource TEXT PRIMARY KEY, cursor TEXT NOT NULL)"
        ))
        .map_err(failed())?;
    let stored = read(connection)?;
    let current = if name == GLOBAL_CURSOR { Some(&stored.global) } else { stored.tables.get(name) };
    if current.is_some_and(|current| current >= cursor) {
        return Ok(());
    }
    connection
        .execute(
            &format!(
                "INSERT INTO {TABLE} (resource, cursor) VALUES (?1, ?2)
                 ON CONFLICT (resource) DO UPDATE SET cursor = excluded.cursor"
            ),
            [name, cursor.as_str()],
        )
        .map_err(failed())?;
    Ok(())
}
