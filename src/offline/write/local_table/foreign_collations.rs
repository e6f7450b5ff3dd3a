//! Tables that cannot be written to because their columns, indexes or triggers need collations that
//! only the application has (contract 1.2). A pulled change of such a table is an error, unless the
//! table is already as the change says.

use rusqlite::Connection;

use crate::offline::collation;
use crate::offline::database::Database;
use crate::offline::error::OfflineError;
use crate::offline::write::local_table::error::failed;

/// The collations that a table needs, and a connection that can read it: the one that writes has no
/// stand-ins for them.
pub(super) struct ForeignCollations {
    pub(super) names: Vec<String>,
    pub(super) reader: Connection,
}

impl ForeignCollations {
    /// Finds the collations of the application that writing a table needs; `None` when there are
    /// none.
    pub(super) fn find(
        connection: &Connection,
        database: &Database,
        table: &str,
    ) -> Result<Option<Self>, OfflineError> {
        let names: Vec<_> =
            collation::of_table(connection, table).map_err(failed(table))?.into_iter().collect();
        if names.is_empty() {
            return Ok(None);
        }
        // Writing uncommitted pages into the file would lock it for the reader.
        connection.pragma_update(None, "cache_spill", false).map_err(failed(table))?;
        Ok(Some(Self { names, reader: database.connect()? }))
    }

    /// The connection that can read a table: `connection`, unless the table needs such collations.
    pub(super) fn reader_of<'c>(found: Option<&'c Self>, connection: &'c Connection) -> &'c Connection {
        found.map_or(connection, |foreign| &foreign.reader)
    }
}
