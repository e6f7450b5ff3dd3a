//! An inspection of a database: what an upload would read, and what could not be uploaded.

use std::collections::BTreeMap;

use serde::Serialize;

use super::failure::Failure;
use super::observer::PartKind;
use super::progress::checkpoint::Unfinished;
use crate::offline::introspect::LeftOut;
use crate::offline::{
    ChangeLog, Cursors, Database, JoinSource, OfflineError, RecordSource, Snapshot, introspect, upload_queue,
};
use crate::protocol::{Cursor, ErrorBody};
use crate::schema::{Schema, upload_order};

/// What a database holds. Its JSON is what stdout carries.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Resources in upload order, then join stores by name.
    pub parts: Vec<InspectedPart>,
    /// The number of change log entries, by operation.
    pub pending: BTreeMap<String, u64>,
    /// The global cursor.
    pub cursor: Cursor,
    /// The cursors of single tables, which servers of the second dialect have.
    pub cursors: BTreeMap<String, Cursor>,
    /// The client id that the database stores, if it does.
    pub client_id: Option<String>,
    /// An upload that was interrupted; the same command continues it.
    pub checkpoint: Option<Unfinished>,
    /// Tables and generated columns that an upload does not read.
    pub left_out: Vec<LeftOut>,
    /// Warnings for a person.
    pub warnings: Vec<String>,
}

/// A resource or join store.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedPart {
    /// Which of the two it is.
    pub kind: PartKind,
    /// The name of the resource or join store.
    pub name: String,
    /// The table or view that holds its rows.
    pub table: String,
    /// The number of rows, where they can be uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Why they could not be uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<ErrorBody>,
}

/// Inspects a database.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read at all; the problems of single
/// resources and join stores are in their parts.
pub fn inspect(schema: &Schema, database: &Database) -> Result<Inspection, OfflineError> {
    let snapshot = Snapshot::take(database)?;
    let (mut warnings, mut parts) = (Vec::new(), Vec::new());
    let local: Vec<_> = schema.resources.iter().filter(|resource| !resource.is_remote_only).collect();
    for resource in upload_order(schema, &local) {
        let rows = RecordSource::resolve(&snapshot, schema, resource, &mut warnings)
            .and_then(|source| source.check_and_warn(&snapshot, &mut warnings));
        parts.push(part(PartKind::Records, resource.name.clone(), resource.storage.table.clone(), rows));
    }
    for store in schema.join_stores() {
        let rows =
            JoinSource::resolve(&snapshot, &store, &mut warnings).and_then(|source| source.check(&snapshot));
        parts.push(part(PartKind::JoinRows, store.name(), store.storage().table, rows));
    }
    warnings.extend(upload_queue::warning(&snapshot)?);
    let Cursors { global, tables } = Cursors::read(&snapshot)?;
    Ok(Inspection {
        parts,
        pending: ChangeLog::of(&snapshot).pending()?,
        cursor: global,
        cursors: tables,
        checkpoint: Unfinished::peek(database),
        client_id: snapshot.client_id()?,
        left_out: introspect::left_out(&snapshot, schema)?,
        warnings,
    })
}

fn part(kind: PartKind, name: String, table: String, rows: Result<u64, OfflineError>) -> InspectedPart {
    let (rows, problem) = match rows {
        Ok(rows) => (Some(rows), None),
        Err(error) => (None, Some(Failure::from(error).error.body)),
    };
    InspectedPart { kind, name, table, rows, problem }
}
