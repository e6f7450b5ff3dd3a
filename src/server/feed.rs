//! The answers to reads: pages of the change feed (pull) and whole states (clone). They are read
//! through [`super::store::Reader`]; the SQL is not here.

use serde_json::{Value, json};

use super::dfql::{invalid, unknown_resource};
use super::request::{CloneQuery, PullQuery};
use super::store::{ChangePage, PageLimit, Reader, StoreError, StoredChange, Subject};
use crate::protocol::{Cursor, ErrorBody, FeedChange, Op};
use crate::schema::Schema;

/// Bytes of documents in a page, at most, unless its first step alone has more. Clients refuse answers
/// over 64 MiB (contract 3.3), and a document may be nearly five times as long in the answer as it was
/// sent (`9e15` is written with its zeros). A larger page would not make a pull faster.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Reads a page of the change feed, in the first dialect of contract 3.4.
///
/// # Errors
/// A [`StoreError`] when the store cannot be read.
pub(super) fn page(reader: &mut dyn Reader, pull: &PullQuery) -> Result<Value, StoreError> {
    let last = reader.sequence()?;
    let limit = PageLimit { steps: pull.limit, bytes: PAGE_BYTES };
    let ChangePage { changes, has_more } = reader.changes(pull.after, last, pull.own.as_ref(), limit)?;
    let next = changes.last().filter(|_| has_more).map(|change| Cursor::from(change.sequence));
    let changes: Vec<FeedChange> = changes.into_iter().map(change).collect();
    let mut page = json!({"ok": true, "changes": changes, "nextCursor": next});
    if pull.own.is_some() {
        // The caller cannot tell from the changes how far the page goes, because some are left out.
        page["reached"] = json!(next.unwrap_or_else(|| Cursor::from(last.max(pull.after))));
    }
    Ok(page)
}

/// The feed's entry for a change. Since it has the subject's current document, a subject that was
/// deleted later is a delete here already, and one that was deleted and made again is an upsert.
fn change(stored: StoredChange) -> FeedChange {
    let StoredChange { sequence, subject, document } = stored;
    let op = if document.is_some() { Op::Upsert } else { Op::Delete };
    let (resource, id, record) = match subject {
        Subject::Record { resource, id } => {
            let record = document.map(|mut record| {
                record.insert("id".to_owned(), json!(id));
                record
            });
            (resource, id.to_string(), record)
        }
        Subject::JoinRow { store, from, to } => {
            let id = format!("{from}:{to}");
            // A deleted row has its two ends and no metadata.
            let mut record = document.unwrap_or_default();
            record.insert("from".to_owned(), json!(from));
            record.insert("to".to_owned(), json!(to));
            (store, id, Some(record))
        }
    };
    FeedChange { server_seq: Cursor::from(sequence), resource: resource.to_string(), id, op, record }
}

/// The resources that a clone reads: those it names, else all that are not remote-only.
///
/// # Errors
/// `DFQL_UNKNOWN_RESOURCE`, or `DFQL_INVALID` for a remote-only resource.
pub(super) fn clone_tables(clone: CloneQuery, schema: &Schema) -> Result<Vec<String>, ErrorBody> {
    let Some(tables) = clone.tables else {
        let resources = schema.resources.iter().filter(|resource| !resource.is_remote_only);
        return Ok(resources.map(|resource| resource.name.clone()).collect());
    };
    for (index, name) in tables.iter().enumerate() {
        let path = format!("tables[{index}]");
        match schema.resource(name) {
            None => return Err(unknown_resource(name, path)),
            Some(resource) if resource.is_remote_only => return Err(invalid(path, "is remote-only")),
            Some(_) => {}
        }
    }
    Ok(tables)
}

/// Reads all records of the named resources, all rows of the join stores whose `from` is among them,
/// and the cursor of each, from one state of the store.
///
/// # Errors
/// A [`StoreError`] when the store cannot be read.
pub(super) fn clone(
    reader: &mut dyn Reader,
    schema: &Schema,
    tables: &[String],
) -> Result<Value, StoreError> {
    let (mut data, mut joins, mut cursors) = (json!({}), json!({}), json!({}));
    for table in tables {
        let mut records = Vec::new();
        reader.records(table, &mut |id, mut record| {
            record.insert("id".to_owned(), Value::String(id));
            records.push(Value::Object(record));
        })?;
        data[table] = Value::Array(records);
        cursors[table] = json!(Cursor::from(reader.last_change_of(table)?.unwrap_or(0)));
    }
    for store in schema.join_stores() {
        if !tables.contains(&store.from.name) {
            continue;
        }
        let name = store.name();
        let mut rows = Vec::new();
        reader.join_rows(&name, &mut |from, to, mut row| {
            row.insert("from".to_owned(), Value::String(from));
            row.insert("to".to_owned(), Value::String(to));
            rows.push(Value::Object(row));
        })?;
        cursors[&name] = json!(Cursor::from(reader.last_change_of(&name)?.unwrap_or(0)));
        joins[&name] = Value::Array(rows);
    }
    Ok(json!({"ok": true, "data": data, "joins": joins, "cursors": cursors}))
}
