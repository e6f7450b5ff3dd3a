//! What clients read: pages of the change feed, and clones.

use serde_json::{Value, json};

use super::dfql::invalid;
use super::request::{Clone, Pull};
use super::store::{ChangePage, PageLimit, Reader, StoreError, StoredChange, Subject};
use crate::protocol::{Change, Cursor, ErrorBody, Op, code};
use crate::schema::Schema;

/// How many bytes of documents a page has, unless its first step alone has more. Clients refuse
/// answers over 64 MiB (contract 3.3), and numbers may be written longer than they were sent
/// (`9e15` with its zeros), by less than five times. More would not make a pull faster.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// A page of the feed, in the first dialect of contract 3.4.
pub(super) fn page(reader: &mut dyn Reader, pull: &Pull) -> Result<Value, StoreError> {
    let last = reader.sequence()?;
    let limit = PageLimit { steps: pull.limit, bytes: PAGE_BYTES };
    let ChangePage { changes, has_more } = reader.changes(pull.after, last, pull.own.as_ref(), limit)?;
    let next = changes.last().filter(|_| has_more).map(|change| Cursor::from(change.sequence));
    let changes: Vec<Change> = changes.into_iter().map(change).collect();
    let mut page = json!({"ok": true, "changes": changes, "nextCursor": next});
    if pull.own.is_some() {
        // What was left out does not show how far the page goes.
        page["reached"] = json!(next.unwrap_or_else(|| Cursor::from(last.max(pull.after))));
    }
    Ok(page)
}

/// A change with its subject as it is now: what was deleted since is a delete already, and what
/// was made again is not one.
fn change(stored: StoredChange) -> Change {
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
            let mut record = document.unwrap_or_default();
            record.insert("from".to_owned(), json!(from));
            record.insert("to".to_owned(), json!(to));
            (store, id, Some(record))
        }
    };
    Change { server_seq: Cursor::from(sequence), resource: resource.to_string(), id, op, record }
}

/// Which tables a clone is about: resources, each with its join stores.
pub(super) fn clone_tables(clone: Clone, schema: &Schema) -> Result<Vec<String>, ErrorBody> {
    let Some(tables) = clone.tables else {
        let resources = schema.resources.iter().filter(|resource| !resource.is_remote_only);
        return Ok(resources.map(|resource| resource.name.clone()).collect());
    };
    for (index, name) in tables.iter().enumerate() {
        let path = format!("tables[{index}]");
        match schema.resource(name) {
            None => {
                let message = format!("Unknown resource: {name}");
                return Err(ErrorBody::new(code::DFQL_UNKNOWN_RESOURCE, message, path));
            }
            Some(resource) if resource.is_remote_only => return Err(invalid(path, "is remote-only")),
            Some(_) => {}
        }
    }
    Ok(tables)
}

/// Everything that is there, in one state.
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
