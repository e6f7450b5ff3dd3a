//! An inspection of a database: what an upload would read, and what could not be uploaded. Nothing is
//! written, and no server is asked.

use std::collections::BTreeMap;

use bytes::BytesMut;
use serde::Serialize;

use super::failure::Failure;
use super::observer::PartKind;
use super::progress::checkpoint::Unfinished;
use crate::offline::introspect::LeftOut;
use crate::offline::{
    ChangeLog, Cursors, Database, JoinSource, MarkedRows, OfflineError, RecordSource, RowLocation, Snapshot,
    SortedRecords, dangling_join_rows, introspect, upload_queue,
};
use crate::protocol::{Cursor, ErrorBody};
use crate::schema::{Schema, upload_order};

/// What a database holds. Its JSON is what stdout carries.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Inspection {
    /// Resources in upload order, then join stores by name.
    pub parts: Vec<InspectedPart>,
    /// The number of change log entries, by operation.
    pub pending: BTreeMap<String, u64>,
    /// The global cursor.
    pub cursor: Cursor,
    /// The cursors of single tables, which servers of the second dialect have.
    pub cursors: BTreeMap<String, Cursor>,
    /// The id of the server's store that the cursors belong to, where the database knows it.
    pub store_id: Option<String>,
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
#[non_exhaustive]
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
    /// The number of rows that the application has marked as deleted, where the schema says what
    /// marks them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<u64>,
    /// Why they could not be uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<ErrorBody>,
    /// Where the row that could not be uploaded is, if the problem is one row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<RowLocation>,
}

/// Inspects a database.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read at all; the problems of single
/// resources and join stores are in their parts.
pub fn inspect(schema: &Schema, database: &Database) -> Result<Inspection, OfflineError> {
    let snapshot = Snapshot::take(database)?;
    let (mut warnings, mut parts): (Vec<_>, _) =
        (snapshot.warning().map(str::to_owned).into_iter().collect(), Vec::new());
    let local: Vec<_> = schema.resources.iter().filter(|resource| !resource.is_remote_only).collect();
    for resource in upload_order(schema, &local) {
        let counts = RecordSource::resolve(&snapshot, schema, resource, &mut warnings).and_then(|source| {
            Ok((read_records(&source, &snapshot, &mut warnings)?, count_marked(&source, &snapshot)?))
        });
        parts.push(part(PartKind::Records, resource.name.clone(), resource.storage.table.clone(), counts));
    }
    for store in schema.join_stores() {
        let rows = JoinSource::resolve(&snapshot, &store, &mut warnings)
            .and_then(|source| read_join_rows(&source, &snapshot));
        if rows.as_ref().is_ok_and(|rows| *rows > 0) {
            warnings.extend(dangling_join_rows(&snapshot, &store)?);
        }
        let rows = rows.map(|rows| (rows, None));
        parts.push(part(PartKind::JoinRows, store.name(), store.storage().table, rows));
    }
    warnings.extend(upload_queue::warning(&snapshot)?);
    let Cursors { global, tables, store_id } = Cursors::read(&snapshot)?;
    Ok(Inspection {
        parts,
        pending: ChangeLog::of(&snapshot).pending()?,
        cursor: global,
        cursors: tables,
        store_id,
        checkpoint: Unfinished::peek(database),
        client_id: snapshot.client_id()?,
        left_out: introspect::left_out(&snapshot, schema)?,
        warnings,
    })
}

/// The number of rows that are marked as deleted; `None` where the schema names no marker.
fn count_marked(source: &RecordSource, snapshot: &Snapshot) -> Result<Option<u64>, OfflineError> {
    MarkedRows::of(source, snapshot)?.map(|marked| marked.count(snapshot)).transpose()
}

/// Checks all records of a resource and reads them as an upload does, so that duplicate ids and
/// text that is not UTF-8 are found too. Returns their number.
fn read_records(
    source: &RecordSource,
    snapshot: &Snapshot,
    warnings: &mut Vec<String>,
) -> Result<u64, OfflineError> {
    let rows = source.check_and_warn(snapshot, warnings)?;
    let mut json = BytesMut::new();
    match SortedRecords::sort(source, snapshot, rows, u64::MAX)? {
        // The sort has read every field.
        Some(sorted) => sorted.for_each(source, snapshot, |_| Ok(()))?,
        None => source.for_each(snapshot, |record| {
            json.clear();
            record.write_fields(&mut json)
        })?,
    }
    Ok(rows)
}

/// Checks all rows of a join store and reads them as an upload does. Returns their number.
fn read_join_rows(source: &JoinSource, snapshot: &Snapshot) -> Result<u64, OfflineError> {
    let rows = source.check(snapshot)?;
    let mut json = BytesMut::new();
    source.for_each(snapshot, |row| {
        json.clear();
        row.write_metadata(&mut json)
    })?;
    Ok(rows)
}

/// A part with the numbers of its rows and of its marked rows, or with what is wrong.
fn part(
    kind: PartKind,
    name: String,
    table: String,
    counts: Result<(u64, Option<u64>), OfflineError>,
) -> InspectedPart {
    let (rows, deleted, failure) = match counts {
        Ok((rows, deleted)) => (Some(rows), deleted, None),
        Err(error) => (None, None, Some(Failure::from(error))),
    };
    let location = failure.as_ref().and_then(Failure::location).cloned();
    let problem = failure.map(|failure| failure.error.body);
    InspectedPart { kind, name, table, rows, deleted, problem, location }
}
