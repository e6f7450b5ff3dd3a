//! The stand-ins: collations by bytes under the names of those that only the application has. Their names
//! are found in [`super::names`].

use rusqlite::Connection;

use crate::offline::collation::names::of_database;

/// Registers a stand-in for every collation of the application that the database's schema names.
pub(in crate::offline) fn register_stand_ins(connection: &Connection) -> rusqlite::Result<()> {
    for name in of_database(connection)? {
        connection.create_collation(&*name, |a: &str, b: &str| a.cmp(b))?;
    }
    Ok(())
}
