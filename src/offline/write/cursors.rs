//! The cursors in `__datafn_cursors` (contract 1.3): positions in the server's change feed up to which
//! the database has all changes. One is global; servers of the second dialect have one for each
//! resource. When they are moved is decided in [`super::finalizer`].

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::offline::database::{meta, set_meta};
use crate::offline::error::OfflineError;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::Table;
use crate::protocol::{Cursor, GLOBAL_CURSOR};

const TABLE: &str = "__datafn_cursors";

/// The key in `__datafn_meta` of the id of the server's store that the cursors belong to.
pub(super) const STORE_ID: &str = "storeId";

/// The positions in the server's change feed up to which the database has all changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursors {
    /// The global cursor; zero when the database has none.
    pub global: Cursor,
    /// The cursors of single resources and join stores, by name.
    pub tables: BTreeMap<String, Cursor>,
    /// The id of the server's store that they belong to, where the database knows it.
    pub store_id: Option<String>,
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

    /// Whether they belong to another server than the one whose store has this id (contract 1.3):
    /// they say nothing about what the database has of that server. A server without such an id,
    /// and a database that knows none, are taken for the same.
    #[must_use]
    pub fn belong_to_another_store(&self, store_id: Option<&str>) -> bool {
        matches!((&self.store_id, store_id), (Some(own), Some(server)) if own != server && !server.is_empty())
    }

    /// The cursors from which a pull from that server begins.
    #[must_use]
    pub fn for_store(self, store_id: Option<&str>) -> Self {
        if self.belong_to_another_store(store_id) { Self::default() } else { self }
    }
}

/// Reads the cursors that a connection sees; a missing table is an empty one.
pub(super) fn read(connection: &Connection) -> Result<Cursors, OfflineError> {
    let failed = || OfflineError::while_doing(format!("cannot read {TABLE}"));
    let store_id = meta(connection, STORE_ID).map_err(failed())?;
    let mut cursors = Cursors { store_id, ..Cursors::default() };
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

/// Removes the cursors of every server but the one whose store has this id, and stores that id in
/// their place. A database that knows no such id keeps its cursors, and does not store this one.
pub(super) fn drop_other_stores(connection: &Connection, store_id: &str) -> Result<(), OfflineError> {
    if read(connection)?.belong_to_another_store(Some(store_id)) {
        let failed = || OfflineError::while_doing(format!("cannot write {TABLE}"));
        if Table::find(connection, TABLE).map_err(failed())?.is_some() {
            connection.execute(&format!("DELETE FROM {TABLE}"), []).map_err(failed())?;
        }
        set_meta(connection, STORE_ID, store_id).map_err(failed())?;
    }
    Ok(())
}

/// Moves a cursor forward; a stored cursor that is already higher stays. `store_id` is the id of
/// the server's store, where it has one: it is stored together with the cursor, and the cursors of
/// another server are removed first.
pub(super) fn advance(
    connection: &Connection,
    name: &str,
    cursor: &Cursor,
    store_id: Option<&str>,
) -> Result<(), OfflineError> {
    if let Some(store_id) = store_id {
        drop_other_stores(connection, store_id)?;
    }
    let failed = || OfflineError::while_doing(format!("cannot write {TABLE}"));
    connection
        .execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {TABLE} (resource TEXT PRIMARY KEY, cursor TEXT NOT NULL)"
        ))
        .map_err(failed())?;
    let stored = read(connection)?;
    if let (None, Some(store_id)) = (&stored.store_id, store_id) {
        set_meta(connection, STORE_ID, store_id).map_err(failed())?;
    }
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
