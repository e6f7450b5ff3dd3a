//! The rows of a resource that the application has marked as deleted (contract 3.1, stage C): they
//! are read as ids without fields. Reading records is in [`super::record`].

use rusqlite::Connection;

use crate::offline::error::OfflineError;
use crate::offline::read::records::read_order::ReadOrder;
use crate::offline::read::records::source::RecordSource;
use crate::offline::read::records::table::{RecordTable, Rows};
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::quoted;

/// The rows of a resource's table that are marked as deleted.
#[derive(Debug, Clone)]
pub struct MarkedRows {
    /// Reads the ids of the marked rows.
    source: RecordSource,
}

impl MarkedRows {
    /// The marked rows of a resource; `None` where the schema names no marker. A marked row with
    /// the id of a record is left out: what the id names is not deleted.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn of(source: &RecordSource, snapshot: &Snapshot) -> Result<Option<Self>, OfflineError> {
        let table = source.table.clone();
        let Some(marker) = &table.marker else { return Ok(None) };
        let mut condition = marker.is_marked("t");
        if !has_unique_ids(&table, snapshot.connection()).map_err(table.failed())? {
            condition = format!(
                "{condition} AND ({} COLLATE BINARY IN (SELECT {} FROM {} AS live WHERE {})) IS NOT 1",
                table.key.expression("t."),
                table.key.expression("live."),
                quoted(&table.name),
                marker.is_live("live")
            );
        }
        let mut source = source.clone();
        source.table = RecordTable {
            fields: Vec::new(),
            document: None,
            parents: Vec::new(),
            rows: Rows::Where(condition),
            ..table
        };
        // Few rows are marked, so following an index over ids would take longer than sorting them.
        source.order = ReadOrder::Sort;
        Ok(Some(Self { source }))
    }

    /// The resource's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// The version of the resource in the schema.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.source.version()
    }

    /// Calls `consume` with every id, in byte order, each once.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Data`] for a key that cannot be an id;
    /// [`OfflineError::Storage`] when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn for_each(
        &self,
        snapshot: &Snapshot,
        mut consume: impl FnMut(&str) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let read = self.source.for_each(snapshot, |record| consume(record.id));
        read.map_err(|error| match error {
            OfflineError::Data { code, message, path, location } => {
                let path = path.replacen("records", "deletes", 1);
                OfflineError::Data { code, message, path, location }
            }
            other => other,
        })
    }

    /// The number of rows.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub fn count(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        let mut count = 0;
        self.for_each(snapshot, |_| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }
}

/// Whether a constraint of the table keeps two rows from having one id.
pub(super) fn has_unique_ids(table: &RecordTable, connection: &Connection) -> rusqlite::Result<bool> {
    if table.key.is_row_id() {
        return Ok(true);
    }
    if !table.key.makes_different_ids() {
        return Ok(false);
    }
    // A constraint on some of the columns is enough.
    let sql = "WITH key AS (SELECT value FROM json_each(?2))
               SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) AS i WHERE i.\"unique\" AND NOT i.partial
                   AND NOT EXISTS (SELECT 1 FROM pragma_index_info(i.name) AS c
                       WHERE c.name IS NULL OR c.name NOT IN (SELECT value FROM key)))
               OR (SELECT count(*) > 0 AND min(name IN (SELECT value FROM key))
                   FROM pragma_table_xinfo(?1) WHERE pk > 0)";
    let columns = serde_json::Value::from(table.key.column_names().collect::<Vec<_>>());
    connection.query_row(sql, [&table.name, &columns.to_string()], |row| row.get(0))
}
