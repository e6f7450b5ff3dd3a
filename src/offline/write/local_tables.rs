//! The tables that pulled changes are written to, by their names in the feed. A single one is a
//! [`super::local_table`]; those that a clone makes are in [`super::new_tables`].

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use crate::offline::database::Database;
use crate::offline::error::OfflineError;
use crate::offline::write::local_table::LocalTable;
use crate::offline::write::new_tables::MadeTables;
use crate::protocol::{PullAnswer, PulledChange};
use crate::schema::Schema;

/// The tables that pages are written to.
#[derive(Default)]
pub(super) struct LocalTables {
    /// Those that were found; `None` for a name that has no table.
    found: HashMap<String, Option<LocalTable>>,
    /// The tables that a clone has made. Shared, because a transaction that is rolled back makes tables
    /// anew in vain.
    made: Option<Arc<MadeTables>>,
}

impl LocalTables {
    /// The tables of a clone.
    pub(super) fn of_clone(made: MadeTables) -> Self {
        Self { found: HashMap::new(), made: Some(Arc::new(made)) }
    }

    /// Takes the tables for a transaction. Unless they are put back, they are found again for the next
    /// one: a table may have been made in the transaction.
    pub(super) fn take(&mut self) -> Self {
        let made = self.made.clone();
        std::mem::replace(self, Self { found: HashMap::new(), made })
    }

    /// The table of a name.
    pub(super) fn get(&self, name: &str) -> Option<&LocalTable> {
        self.found.get(name)?.as_ref()
    }

    /// Finds the tables of a page. Of those that a clone has made, the first page decides which values
    /// their keys have.
    pub(super) fn find_all(
        &mut self,
        connection: &Connection,
        (database, schema): (&Database, &Schema),
        page: &PullAnswer,
        warnings: &mut Vec<String>,
    ) -> Result<(), OfflineError> {
        if let Some(made) = &mut self.made
            && made.has_unseen(page)
            && Arc::make_mut(made).look_at_first_keys(connection, page)?
        {
            self.found.clear();
        }
        for name in page.tables() {
            if !self.found.contains_key(name) {
                let table = find(connection, database, schema, name, warnings)?;
                let is_made = |table: &LocalTable| {
                    self.made.as_ref().is_some_and(|made| made.names().contains(table.name()))
                };
                let table = table.map(|table| if is_made(&table) { table.for_new_records() } else { table });
                self.found.insert(name.clone(), table);
            }
        }
        Ok(())
    }

    /// Makes tables anew that a clone has made and that cannot hold these changes. Returns whether there
    /// were any; then the tables have to be found again.
    pub(super) fn make_room_for(
        &mut self,
        connection: &Connection,
        misfits: &[PulledChange<'_>],
    ) -> Result<bool, OfflineError> {
        match &mut self.made {
            Some(made) if !misfits.is_empty() => {
                let is_anew = Arc::make_mut(made).make_room_for(connection, misfits)?;
                if is_anew {
                    self.found.clear();
                }
                Ok(is_anew)
            }
            _ => Ok(false),
        }
    }
}

/// Finds the table for a name in the feed; a name that the schema lacks has none.
fn find(
    connection: &Connection,
    database: &Database,
    schema: &Schema,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<LocalTable>, OfflineError> {
    let table = if let Some(resource) = schema.resource(name) {
        if resource.is_remote_only {
            return Ok(None);
        }
        LocalTable::of_resource(connection, database, schema, resource)?
    } else {
        match schema.join_store(name) {
            Some(store) => LocalTable::of_join_store(connection, database, &store)?,
            None => return Ok(None),
        }
    };
    if table.is_none() {
        warnings.push(format!("changes of `{name}` were skipped: there is no table to write them to"));
    }
    Ok(table)
}
