//! Changes of relations: relate, unrelate and modify. A many-many relation is kept as rows of join
//! stores, a many-one relation as a field of the record that refers. Changes of records are in
//! [`super::records`].

use serde_json::Value;

use super::error::Result;
use crate::protocol::{ErrorBody, code};
use crate::schema::{JoinStore, ManyOne, Resource, Schema};
use crate::server::check::references;
use crate::server::dfql::{invalid, record_not_found};
use crate::server::prepare::{RelationsChange, RelationsOperation};
use crate::server::shared_text::SharedText;
use crate::server::store::{Document, NewChange, Subject, Writer};

/// The new state of a subject, not written yet.
struct Update {
    subject: Subject,
    /// `None` removes it.
    document: Option<Document>,
    /// See [`NewChange::is_as_sent`].
    is_as_sent: bool,
}

/// Changes relations of a record.
///
/// # Errors
/// `DFQL_UNKNOWN_RELATION`, `NOT_FOUND` for a record or row that does not exist, and the errors of
/// [`references`]. Nothing has been written then.
pub(super) fn change(
    writer: &mut dyn Writer,
    schema: &Schema,
    change: &RelationsChange,
) -> Result<Vec<NewChange>> {
    let updates = updates(writer, schema, change)?;
    let mut changes = Vec::with_capacity(updates.len());
    for Update { subject, document, is_as_sent } in updates {
        match document {
            Some(document) => writer.put_document(&subject, &document)?,
            None => writer.remove(&subject)?,
        }
        changes.push(NewChange { subject, is_as_sent });
    }
    Ok(changes)
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
        for (other, metadata) in references(value, &first.store.relation.metadata, &path)? {
            updates.push(join_row_update(writer, change, &ends, other, metadata, &path)?);
        }
    }
    updates.extend(record.map(|document| Update {
        subject: record_of(change),
        document: Some(document),
        is_as_sent: false,
    }));
    Ok(updates)
}

/// The record whose relations are changed.
fn record_of(change: &RelationsChange) -> Subject {
    Subject::Record { resource: change.resource.clone(), id: change.id.clone() }
}

/// One end of a join store: the end that belongs to the resource whose relation is changed.
#[derive(Clone, Copy)]
struct RelationEnd<'s> {
    store: JoinStore<'s>,
    /// Whether it is the end `from`, so that the relation goes by its name and not by its inverse.
    is_from: bool,
}

impl<'s> RelationEnd<'s> {
    /// The resource at the other end.
    fn other(&self) -> &'s Resource {
        if self.is_from { self.store.to } else { self.store.from }
    }

    /// The join row between a record at this end and one at the other end.
    fn row(&self, id: &SharedText, other: &str) -> Subject {
        let (from, to) = (id.clone(), SharedText::from(other));
        let (from, to) = if self.is_from { (from, to) } else { (to, from) };
        Subject::JoinRow { store: self.store.name().into(), from, to }
    }
}

/// The ends of join stores that keep a resource's relation, by its name or its inverse; none for a
/// many-one relation. There are several when the other end has several resources.
fn relation_ends<'s>(schema: &'s Schema, resource: &str, relation: &str) -> Vec<RelationEnd<'s>> {
    let stores = schema.join_stores_of(resource);
    let from = stores
        .iter()
        .filter(|store| store.from.name == resource && store.relation.name == relation)
        .map(|store| RelationEnd { store: *store, is_from: true });
    let to = stores
        .iter()
        .filter(|store| store.to.name == resource && store.relation.inverse.as_deref() == Some(relation))
        .map(|store| RelationEnd { store: *store, is_from: false });
    from.chain(to).collect()
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
    let (subject, document, is_as_sent) = match change.operation {
        RelationsOperation::Relate => (new_row(writer, change, ends, other, path)?, Some(metadata), true),
        RelationsOperation::Unrelate => {
            // Unrelating what is not related succeeds, and enters a change nevertheless (contract 4).
            let found = existing_row(writer, change, ends, other)?;
            (found.map_or_else(|| ends[0].row(&change.id, other), |(subject, _)| subject), None, true)
        }
        RelationsOperation::Modify => {
            let found = existing_row(writer, change, ends, other)?;
            let (subject, mut document) = found.ok_or_else(|| record_not_found(other, path))?;
            document.extend(metadata);
            (subject, Some(document), false)
        }
    };
    Ok(Update { subject, document, is_as_sent })
}

/// The row to relate two records with: in the first store whose other resource has a record of this id.
fn new_row(
    writer: &mut dyn Writer,
    change: &RelationsChange,
    ends: &[RelationEnd<'_>],
    other: &str,
    path: &str,
) -> Result<Subject> {
    if writer.find(&record_of(change))?.is_none() {
        return Err(record_not_found(change.id.as_str(), "id").into());
    }
    for end in ends {
        let target = Subject::Record { resource: end.other().name.as_str().into(), id: other.into() };
        if writer.find(&target)?.is_some() {
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
) -> Result<Option<(Subject, Document)>> {
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
                let target = Subject::Record { resource: to.name.as_str().into(), id: (*id).into() };
                exists = exists || writer.find(&target)?.is_some();
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
