//! A look at a database with the eyes of an upload, without one: what is there, and what
//! could not be uploaded.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cloneup::observer::PartKind;
use crate::cloneup::progress::checkpoint::Unfinished;
use crate::offline::{ChangeLog, Cursors, Database, JoinSource, OfflineError, RecordSource, Snapshot};
use crate::protocol::{Cursor, ErrorBody};
use crate::schema::{Schema, upload_order};

/// What a database holds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Resources in upload order, then join stores by name.
    pub parts: Vec<InspectedPart>,
    /// Entries of the change log, by operation.
    pub pending: BTreeMap<String, u64>,
    /// The global cursor.
    pub cursor: Cursor,
    /// The cursors of single tables, which servers of the second dialect have.
    pub cursors: BTreeMap<String, Cursor>,
    /// The database's own client id, if it has one.
    pub client_id: Option<String>,
    /// An upload that has not come to its end; the same command continues it.
    pub checkpoint: Option<Unfinished>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// A resource or join store.
#[derive(Debug, Serialize)]
pub struct InspectedPart {
    /// Which of the two.
    pub kind: PartKind,
    /// Its name.
    pub name: String,
    /// The table or view it lies in.
    pub table: String,
    /// How many rows it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Why it could not be uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<ErrorBody>,
}

/// Looks at a database.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read at all; what is wrong with
/// single resources and join stores is in their parts.
pub fn inspect(schema: &Schema, database: &Database) -> Result<Inspection, OfflineError> {
    let snapshot = Snapshot::take(database)?;
    let mut warnings = Vec::new();
    let mut parts = Vec::new();
    let local: Vec<_> = schema.resources.iter().filter(|resource| !resource.is_remote_only).collect();
    for resource in upload_order(schema, &local) {
        let rows = RecordSource::resolve(&snapshot, schema, resource, &mut warnings)
            .and_then(|source| source.check(&snapshot));
        parts.push(part(PartKind::Records, resource.name.clone(), resource.storage.table.clone(), rows));
    }
    for store in schema.join_stores() {
        let rows =
            JoinSource::resolve(&snapshot, &store, &mut warnings).and_then(|source| source.check(&snapshot));
        parts.push(part(PartKind::JoinRows, store.name(), store.storage().table, rows));
    }
    let Cursors { global, tables } = Cursors::read(&snapshot)?;
    Ok(Inspection {
        parts,
        pending: ChangeLog::of(&snapshot).pending()?,
        cursor: global,
        cursors: tables,
        checkpoint: Unfinished::peek(database),
        client_id: snapshot.client_id()?,
        warnings,
    })
}

fn part(kind: PartKind, name: String, table: String, rows: Result<u64, OfflineError>) -> InspectedPart {
    let (rows, problem) = match rows {
        Ok(rows) => (Some(rows), None),
        Err(error) => (None, Some(error.report())),
    };
    InspectedPart { kind, name, table, rows, problem }
}
