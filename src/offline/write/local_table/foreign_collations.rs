//! Tables that cannot be written to because their columns, indexes or triggers need collations that
//! only the application has (contract 1.2). A pulled change of such a table is an error, unless the
//! table is already as the change says.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use serde_json::{Map, Value};

use crate::offline::collation;
use crate::offline::database::Database;
use crate::offline::error::OfflineError;
use crate::offline::map::document;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::table::{LocalTable, failed};

/// The collations that a table needs, and a connection that can read it: the one that writes has no
/// stand-ins for them.
pub(crate) struct ForeignCollations {
    names: Vec<String>,
    pub(super) reader: Connection,
}

impl LocalTable {
    /// Finds the collations of the application that writing the table needs.
    pub(crate) fn find_foreign_collations(
        &mut self,
        connection: &Connection,
        database: &Database,
    ) -> Result<(), OfflineError> {
        let names: Vec<_> =
            collation::of_table(connection, &self.name).map_err(failed(&self.name))?.into_iter().collect();
        if !names.is_empty() {
            // Writing uncommitted pages into the file would lock it for the reader.
            connection.pragma_update(None, "cache_spill", false).map_err(failed(&self.name))?;
            self.foreign_collations = Some(ForeignCollations { names, reader: database.connect()? });
        }
        Ok(())
    }

    /// Fails unless the row with these keys is as the pulled record says.
    pub(super) fn refuse_upsert(
        &self,
        foreign: &ForeignCollations,
        keys: &[SqlValue],
        record: &Map<String, Value>,
        pulled: &[&Value],
    ) -> Result<(), OfflineError> {
        let is_equal = match &self.document {
            None => self.differences(&foreign.reader, keys, pulled)?.is_some_and(|differ| differ.is_empty()),
            Some(column) => {
                let stored = self.stored_document(&foreign.reader, keys, column)?;
                let stored = stored.as_ref().and_then(|value| document::parse(value.into()).ok());
                stored.is_some_and(|mut stored| !document::merge(&mut stored, &self.fields, record))
            }
        };
        if is_equal { Ok(()) } else { Err(self.refusal(foreign)) }
    }

    /// Fails if a row meets the condition, whose parameters are the `values`.
    pub(super) fn refuse_delete(&self, condition: &str, values: Vec<SqlValue>) -> Result<(), OfflineError> {
        let Some(foreign) = &self.foreign_collations else { return Ok(()) };
        let sql = format!("SELECT 1 FROM {} WHERE {condition}", quoted(&self.name));
        let row = foreign
            .reader
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(values), |_| Ok(())).optional())
            .map_err(failed(&self.name))?;
        if row.is_none() { Ok(()) } else { Err(self.refusal(foreign)) }
    }

    pub(super) fn refusal(&self, foreign: &ForeignCollations) -> OfflineError {
        let (noun, names) = match foreign.names.as_slice() {
            [one] => ("collation", one.clone()),
            several => ("collations", several.join(", ")),
        };
        OfflineError::storage(format!(
            "cannot write a pulled change to table {}: it needs the {noun} {names}, which only the application \
             has (with --no-pull-after the application can pull the change itself)",
            quoted(&self.name)
        ))
    }
}
