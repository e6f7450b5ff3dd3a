//! What a mutation does to the store (contract 4). A mutation is checked completely before
//! it writes anything, so that a rejected one leaves no trace in the shared transaction.

use serde::Serialize;
use serde_json::Value;

use super::check::references;
use super::prepare::{
    Action, Mutation, Prepared, RecordChange, RelationsChange, RelationsOperation, WriteKind,
};
use super::request::invalid;
use super::shared_text::SharedText;
use super::store::{Document, NewChange, StoreError, Subject, Writer};
use crate::protocol::{Cursor, ErrorBody, MutationError, code};
use crate::schema::{JoinStore, ManyOne, Schema};

/// What came of a push, as it is answered (contract 3.3).
#[derive(Debug, Serialize)]
pub(super) struct Pushed {
    ok: bool,
    /// Ids of mutations that are applied now, or were before.
    applied: Vec<SharedText>,
    errors: Vec<MutationError>,
    /// The sequence after it.
    cursor: Cursor,
}

/// Why a mutation was not applied.
enum Failure {
    /// It is wrong; the others go on.
    Rejected(ErrorBody),
    /// The store failed; the transaction is over.
    Store(StoreError),
}

impl From<ErrorBody> for Failure {
    fn from(body: ErrorBody) -> Self {
        Self::Rejected(body)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// The new state of a subject, `None` for gone.
struct Wanted {
    subject: Subject,
    document: Option<Document>,
    /// Whether that is all that its client has sent, and nothing else.
    is_as_sent: bool,
}

impl Wanted {
    fn as_sent(subject: Subject, document: Option<Document>) -> Self {
        Self { subject, document, is_as_sent: true }
    }
}

/// Applies a push's mutations in their order.
pub(super) fn push(
    writer: &mut dyn Writer,
    schema: &Schema,
    push: &Prepared,
) -> std::result::Result<Pushed, StoreError> {
    let (mut applied, mut errors) = (Vec::with_capacity(push.len()), Vec::new());
    for Mutation { id, action } in &push.mutations {
        let id = id.clone().unwrap_or_else(|| SharedText::from(""));
        match apply(writer, schema, &push.client_id, &id, action) {
            Ok(()) => applied.push(id),
            Err(Failure::Rejected(body)) => {
                errors.push(MutationError { mutation_id: id.to_string(), body });
            }
            Err(Failure::Store(error)) => return Err(error),
        }
    }
    Ok(Pushed { ok: errors.is_empty(), applied, errors, cursor: Cursor::from(writer.sequence()?) })
}

/// Applies one mutation, or finds that it was applied before.
fn apply(
    writer: &mut dyn Writer,
    schema: &Schema,
    client_id: &str,
    mutation_id: &SharedText,
    action: &Action,
) -> Result<()> {
    if !writer.mark_applied(client_id, mutation_id)? {
        return Ok(());
    }
    let outcome = match action {
        Action::Record(subject, change) => change_record(writer, subject, change),
        Action::Relations(change) => change_relations(writer, schema, change),
        Action::Reject(body) => Err(body.clone().into()),
    };
    match outcome {
        Ok(changes) => Ok(writer.append_step(client_id, &changes)?),
        Err(failure) => {
            // It was not applied after all.
            writer.unmark_applied(client_id, mutation_id)?;
            Err(failure)
        }
    }
}

fn change_record(
    writer: &mut dyn Writer,
    subject: &Subject,
    change: &RecordChange,
) -> Result<Vec<NewChange>> {
    let changed = |is_as_sent| Ok(vec![NewChange { subject: subject.clone(), is_as_sent }]);
    let (kind, fields, missing) = match change {
        RecordChange::Delete => {
            writer.remove(subject)?;
            return changed(true);
        }
        RecordChange::Write { kind, fields, missing } => (*kind, fields, missing),
    };
    // Most records are new: then nothing needs to be looked up.
    if missing.is_none() && writer.insert(subject, fields)? {
        return changed(true);
    }
    let current = writer.find(subject)?;
    match (kind, current, missing) {
        (WriteKind::Insert, Some(_), _) => {
            let message = format!("Record already exists: {}", subject.id());
            Err(ErrorBody::new(code::CONFLICT, message, "id").into())
        }
        (WriteKind::Merge, Some(mut current), _) => {
            // It was read as an object before.
            let given: Document = serde_json::from_str(fields.as_str()).unwrap_or_default();
            let is_as_sent = current.keys().all(|field| given.contains_key(field));
            current.extend(given);
            writer.put_document(subject, &current)?;
            changed(is_as_sent)
        }
        (_, None, Some(missing)) => Err(missing.clone().into()),
        (_, _, _) => {
            writer.put(subject, fields)?;
            changed(true)
        }
    }
}

fn change_relations(
    writer: &mut dyn Writer,
    schema: &Schema,
    change: &RelationsChange,
) -> Result<Vec<NewChange>> {
    let wanted = wanted(writer, schema, change)?;
    let mut changes = Vec::with_capacity(wanted.len());
    for Wanted { subject, document, is_as_sent } in wanted {
        match document {
            Some(document) => writer.put_document(&subject, &document)?,
            None => writer.remove(&subject)?,
        }
        changes.push(NewChange { subject, is_as_sent });
    }
    Ok(changes)
}

/// What a change of relations comes to; nothing is written yet.
fn wanted(writer: &mut dyn Writer, schema: &Schema, change: &RelationsChange) -> Result<Vec<Wanted>> {
    let mut wanted = Vec::new();
    // Several relations may be fields of the one record.
    let mut record = None;
    for (name, value) in &change.relations {
        let path = format!("relations.{name}");
        let stores = join_stores(schema, change.resource.as_str(), name);
        if stores.is_empty() {
            change_fk(writer, schema, change, (name, value, &path), &mut record)?;
            continue;
        }
        for (other, metadata) in references(value, &stores[0].0.relation.metadata, &path)? {
            wanted.push(change_join_row(writer, change, &stores, other, metadata, &path)?);
        }
    }
    wanted.extend(record.map(|document| Wanted {
        subject: subject(change),
        document: Some(document),
        is_as_sent: false,
    }));
    Ok(wanted)
}

/// The join stores that a resource's relation is kept in, and whether the resource is the
/// side that refers. There are several when the other side has several resources.
fn join_stores<'s>(schema: &'s Schema, resource: &str, relation: &str) -> Vec<(JoinStore<'s>, bool)> {
    let stores = schema.join_stores();
    let forward =
        stores.iter().filter(|store| store.from.name == resource && store.relation.name == relation);
    let backward = stores
        .iter()
        .filter(|store| store.to.name == resource && store.relation.inverse.as_deref() == Some(relation));
    forward.map(|store| (*store, true)).chain(backward.map(|store| (*store, false))).collect()
}

fn change_join_row(
    writer: &mut dyn Writer,
    change: &RelationsChange,
    stores: &[(JoinStore<'_>, bool)],
    other: &str,
    metadata: Document,
    path: &str,
) -> Result<Wanted> {
    let row = |(store, is_forward): &(JoinStore<'_>, bool)| {
        let (from, to) = (change.id.clone(), SharedText::from(other));
        let (from, to) = if *is_forward { (from, to) } else { (to, from) };
        Subject::JoinRow { store: store.name().into(), from, to }
    };
    if change.operation == RelationsOperation::Relate {
        if writer.find(&subject(change))?.is_none() {
            return Err(not_found(change.id.as_str(), "id").into());
        }
        for candidate in stores {
            let target = if candidate.1 { candidate.0.to } else { candidate.0.from };
            let target = Subject::Record { resource: target.name.as_str().into(), id: other.into() };
            if writer.find(&target)?.is_some() {
                return Ok(Wanted::as_sent(row(candidate), Some(metadata)));
            }
        }
        return Err(not_found(other, path).into());
    }
    // Of several stores, it is the one that has the row.
    let mut found = None;
    for candidate in stores {
        let subject = row(candidate);
        if let Some(document) = writer.find(&subject)? {
            found = Some((subject, document));
            break;
        }
    }
    match (change.operation, found) {
        (RelationsOperation::Modify, Some((subject, mut document))) => {
            document.extend(metadata);
            Ok(Wanted { subject, document: Some(document), is_as_sent: false })
        }
        (RelationsOperation::Modify, None) => Err(not_found(other, path).into()),
        (_, Some((subject, _))) => Ok(Wanted::as_sent(subject, None)),
        // What is not there is unrelated already.
        (_, None) => Ok(Wanted::as_sent(row(&stores[0]), None)),
    }
}

/// A many-one relation is a field of the record that refers, which is `record` as soon as one
/// of its relations has been changed.
fn change_fk(
    writer: &mut dyn Writer,
    schema: &Schema,
    change: &RelationsChange,
    (name, value, path): (&str, &Value, &str),
    record: &mut Option<Document>,
) -> Result<()> {
    let many_ones = schema.many_ones();
    let is_meant = |many_one: &&ManyOne<'_>| {
        many_one.relation.name == name && many_one.from.name == change.resource.as_str()
    };
    let targets: Vec<_> = many_ones.iter().filter(is_meant).collect();
    let Some(ManyOne { fk_field, .. }) = targets.first() else {
        let message = format!("Unknown relation: {name}");
        return Err(ErrorBody::new(code::DFQL_UNKNOWN_RELATION, message, path).into());
    };
    let references = references(value, &[], path)?;
    if record.is_none() {
        *record = writer.find(&subject(change))?;
    }
    match (change.operation, references.as_slice(), record) {
        (RelationsOperation::Relate, _, None) => Err(not_found(change.id.as_str(), "id").into()),
        (RelationsOperation::Relate, [(id, _)], Some(record)) => {
            let mut is_there = false;
            for ManyOne { to, .. } in &targets {
                let target = Subject::Record { resource: to.name.as_str().into(), id: (*id).into() };
                is_there = is_there || writer.find(&target)?.is_some();
            }
            if !is_there {
                return Err(not_found(id, path).into());
            }
            record.insert((*fk_field).to_owned(), Value::from(*id));
            Ok(())
        }
        // What is not there, or refers to something else, is unrelated already.
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

/// The record whose relations are changed.
fn subject(change: &RelationsChange) -> Subject {
    Subject::Record { resource: change.resource.clone(), id: change.id.clone() }
}

fn not_found(id: &str, path: &str) -> ErrorBody {
    ErrorBody::new(code::NOT_FOUND, format!("Record not found: {id}"), path)
}
