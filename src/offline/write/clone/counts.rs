//! The number of rows that a clone has, counted in its tables: what an interrupted run has written counts
//! as well.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::offline::error::OfflineError;
use crate::offline::map::marker::Marker;
use crate::offline::sql::{Table, quoted};
use crate::offline::write::cursors;
use crate::protocol::Cursor;
use crate::schema::{Schema, Storage};

/// The number of rows of a clone, and its cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloneCounts {
    /// Records by resource, in the order of the schema; without resources that have none.
    pub records: Vec<(String, u64)>,
    /// Join rows by join store.
    pub rows: BTreeMap<String, u64>,
    /// The global cursor; zero where there is none.
    pub cursor: Cursor,
}

impl CloneCounts {
    /// Counts the rows in the tables of a schema; a missing table is an empty one.
    pub(super) fn of(connection: &Connection, schema: &Schema) -> Result<Self, OfflineError> {
        let mut counts = Self { cursor: cursors::read(connection)?.global, ..Self::default() };
        for resource in schema.resources.iter().filter(|resource| !resource.is_remote_only) {
            let records = records(connection, &resource.storage)?;
            if records > 0 {
                counts.records.push((resource.name.clone(), records));
            }
        }
        for store in schema.join_stores() {
            let table = store.storage().table;
            let rows = match Table::find(connection, &table).map_err(failed(&table))? {
                Some(_) => count(connection, &table, "1")?,
                None => 0,
            };
            counts.rows.insert(store.name(), rows);
        }
        Ok(counts)
    }
}

/// The number of rows that are not marked as deleted.
fn records(connection: &Connection, storage: &Storage) -> Result<u64, OfflineError> {
    let name = &storage.table;
    let Some(table) = Table::find(connection, name).map_err(failed(name))? else { return Ok(0) };
    let marker = Marker::find(storage, &table)?;
    count(connection, name, &marker.map_or_else(|| "1".to_owned(), |marker| marker.is_live("t")))
}

fn count(connection: &Connection, table: &str, condition: &str) -> Result<u64, OfflineError> {
    let sql = format!("SELECT count(*) FROM {} AS t WHERE {condition}", quoted(table));
    connection.query_row(&sql, [], |row| row.get(0)).map_err(failed(table))
}

fn failed(table: &str) -> impl FnOnce(rusqlite::Error) -> OfflineError + use<> {
    OfflineError::while_doing(format!("cannot count the rows of {}", quoted(table)))
}
