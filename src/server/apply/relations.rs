//! Changes of relations: relate, unrelate and modify. A many-many relation is kept as rows of join
//! stores, a many-one relation as a field of the record that refers. Changes of records are in
//! [`super::records`].

use serde_json::Value;

use super::error::Result;
use super::relation_ends::{RelationEnd, record_of, relation_ends};
use crate::protocol::{ErrorBody, code};
use crate::schema::{ManyOne, Schema};
use crate::server::check::references;
use crate::server::dfql::{invalid, record_not_found};
use crate::server::prepare::{RelationsChange, RelationsOperation};
use crate::server::store::{ClientNumber, Document, ItemKey, MAX_ITEMS_OF_A_STEP, StoredContent, Writer};

/// The new state of an item, not written yet.
struct Update {
    key: ItemKey,
    state: State,
}

enum State {
    Deleted,
    /// The document that the client has sent.
    Sent(Document),
    /// A document with something that the client has not sent.
    Merged(Document),
}

/// Changes relations of a record.
///
/// # Errors
/// `DFQL_UNKNOWN_RELATION`, `NOT_FOUND` for a record or row that does not exist, `LIMIT_EXCEEDED` for
/// too many references, and the errors of [`references`]. Nothing has been written then.
pub(super) fn change(
    writer: &mut dyn Writer,
    schema: &Schema,
    client: ClientNumber,
    change: &RelationsChange,
) -> Result<()> {
    for Update { key, state } in updates(writer, schema, change)? {
        match state {
            State::Deleted => writer.remove(&key)?,
            State::Sent(document) => writer.put(&key, &StoredContent::from(&document), Some(client))?,
            State::Merged(document) => writer.put(&key, &StoredContent::from(&document), None)?,
        }
    }
    Ok(())
}

/// Checks a change of relations and computes its updates, without writing anything.
fn updates(writer: &mut dyn Writer, schema: &Schema, change: &RelationsChange) -> Result<Vec<Update>> {
    let mut updates = Vec::new();
    // The record with its many-one fields changed; all many-one relations of the change share it.
    let mut record = None;
    for (name, value) in &change.relations {
        let path = format!("relations.{name}");
        let ends = relation_ends(schema, change.resource.as_str(), name);
        let Some(first) = ends.first() else {
            change_many_one(writer, schema, change, (name, value, &path), &mut record)?;
            continue;
        };
        let references = references(value, &first.store.relation.metadata, &path)?;
        // One more is left for the record itself.
        if updates.len() + references.len() >= MAX_ITEMS_OF_A_STEP {
            let message = format!("fewer than {MAX_ITEMS_OF_A_STEP} references in one mutation");
            return Err(ErrorBody::new(code::LIMIT_EXCEEDED, message, path).into());
        }
        for (other, metadata) in references {
            updates.push(join_row_update(writer, change, &ends, other, metadata, &path)?);
        }
    }
    updates.extend(record.map(|document| Update { key: record_of(change), state: State::Merged(document) }));
    Ok(updates)
}

/// The update of one join row. `ends` is not empty.
fn join_row_update(
    writer: &mut dyn Writer,
    change: &RelationsChange,
    ends: &[RelationEnd<'_>],
    other: &str,
    metadata: Document,
    path: &str,
) -> Result<Update> {
    let (key, state) = match change.operation {
        RelationsOperation::Relate => (new_row(writer, change, ends, other, path)?, State::Sent(metadata)),
        RelationsOperation::Unrelate => {
            // Unrelating what is not related succeeds, and leaves a tombstone nevertheless (contract 4).
            let found = existing_row(writer, change, ends, other)?;
            (found.map_or_else(|| ends[0].row(&change.id, other), |(key, _)| key), State::Deleted)
        }
        RelationsOperation::Modify => {
            let found = existing_row(writer, change, ends, other)?;
            let (key, mut document) = found.ok_or_else(|| record_not_found(other, path))?;
            document.extend(metadata);
            (key, State::Merged(document))
        }
    };
    Ok(Update { key, state })
}

/// The row to relate two records with: in the first store whose other resource has a record of this id.
fn new_row(
    writer: &mut dyn Writer,
    change: &RelationsChange,
    ends: &[RelationEnd<'_>],
    other: &str,
    path: &str,
) -> Result<ItemKey> {
    if !writer.exists(&record_of(change))? {
        return Err(record_not_found(change.id.as_str(), "id").into());
    }
    for end in ends {
        if writer.exists(&end.other_record(other))? {
            return Ok(end.row(&change.id, other));
        }
    }
    Err(record_not_found(other, path).into())
}

/// The row that relates two records, from the first store that has one, with its metadata.
fn existing_row(
    writer: &mut dyn Writer,
    change: &RelationsChange,
    ends: &[RelationEnd<'_>],
    other: &str,
) -> Result<Option<(ItemKey, Document)>> {
    for end in ends {
        let row = end.row(&change.id, other);
        if let Some(document) = writer.find(&row)? {
            return Ok(Some((row, document)));
        }
    }
    Ok(None)
}

/// Changes a many-one relation in `record`, which is read from the store unless an earlier relation of
/// the change has read it.
fn change_many_one(
    writer: &mut dyn Writer,
    schema: &Schema,
    change: &RelationsChange,
    (name, value, path): (&str, &Value, &str),
    record: &mut Option<Document>,
) -> Result<()> {
    let many_ones = schema.many_ones_from(change.resource.as_str());
    let targets: Vec<_> = many_ones.iter().filter(|many_one| many_one.relation.name == name).collect();
    let Some(ManyOne { fk_field, .. }) = targets.first() else {
        let message = format!("Unknown relation: {name}");
        return Err(ErrorBody::new(code::DFQL_UNKNOWN_RELATION, message, path).into());
    };
    let references = references(value, &[], path)?;
    if record.is_none() {
        *record = writer.find(&record_of(change))?;
    }
    match (change.operation, references.as_slice(), record) {
        (RelationsOperation::Relate, _, None) => Err(record_not_found(change.id.as_str(), "id").into()),
        (RelationsOperation::Relate, [(id, _)], Some(record)) => {
            let mut exists = false;
            for ManyOne { to, .. } in &targets {
                let target = ItemKey::record(to.name.as_str().into(), (*id).into());
                exists = exists || writer.exists(&target)?;
            }
            if !exists {
                return Err(record_not_found(id, path).into());
            }
            record.insert((*fk_field).to_owned(), Value::from(*id));
            Ok(())
        }
        // A record that does not exist, or refers to another one, is unrelated already.
        (RelationsOperation::Unrelate, _, None) => Ok(()),
        (RelationsOperation::Unrelate, references, Some(record)) => {
            let current = record.get(*fk_field).and_then(Value::as_str);
            if references.iter().any(|(id, _)| Some(*id) == current) {
                record.remove(*fk_field);
            }
            Ok(())
        }
        _ => Err(invalid(path, "must refer to one record").into()),
    }
}
