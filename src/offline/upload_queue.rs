//! The upload queue of PowerSync, `ps_crud`: changes that its own upload has not sent yet. They are
//! counted, for a warning, and never changed.

use std::collections::BTreeMap;

use crate::offline::error::OfflineError;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::Table;

/// The number of entries in the queue, by operation (`PUT`, `PATCH`, `DELETE`); empty where there
/// is no queue. An entry without an operation counts as `unreadable`.
///
/// # Errors
/// [`OfflineError::Storage`] when the table cannot be read.
pub fn queued(snapshot: &Snapshot) -> Result<BTreeMap<String, u64>, OfflineError> {
    let count = || -> rusqlite::Result<BTreeMap<String, u64>> {
        let connection = snapshot.connection();
        if Table::find(connection, "ps_crud")?.is_none_or(|table| table.column("data").is_none()) {
            return Ok(BTreeMap::new());
        }
        let operation = "CASE WHEN typeof(data) = 'text' AND json_valid(data) THEN
                             CASE WHEN json_type(data, '$.op') = 'text' THEN json_extract(data, '$.op') END END";
        let sql =
            format!("SELECT coalesce({operation}, 'unreadable') AS op, count(*) FROM ps_crud GROUP BY op");
        connection.prepare(&sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    count().map_err(OfflineError::while_doing("cannot read ps_crud"))
}

/// The warning that entries wait in the queue; `None` when none does.
///
/// # Errors
/// [`OfflineError::Storage`] when the table cannot be read.
pub fn warning(snapshot: &Snapshot) -> Result<Option<String>, OfflineError> {
    Ok(crate::schema::queue_note(&queued(snapshot)?))
}
