//! What a mutation does to the store (contract 4). A mutation is checked completely before
//! it writes anything, so that a rejected one leaves no trace in the shared transaction.

use serde_json::{Map, Value};

use super::check::{Mutation, references, text};
use super::request::{Push, invalid};
use super::store::{Change, Document, StoreError, Subject, Writer};
use crate::protocol::{ErrorBody, MutationError, Op, code};
use crate::schema::{JoinStore, RelationKind, Schema};

/// What came of a push.
#[derive(Debug)]
pub(super) struct Pushed {
    /// Ids of mutations that are applied now, or were before.
    pub(super) applied: Vec<String>,
    pub(super) errors: Vec<MutationError>,
    /// The sequence after it.
    pub(super) cursor: u64,
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

/// What a mutation wants to change.
type Changes = Vec<Wanted>;

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
    push: &Push,
) -> std::result::Result<Pushed, StoreError> {
    let mut pushed = Pushed { applied: Vec::new(), errors: Vec::new(), cursor: 0 };
    for mutation in &push.mutations {
        let empty = Map::new();
        let object = mutation.as_object().unwrap_or(&empty);
        let mutation_id = object.get("mutationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        match apply(writer, schema, object, &push.client_id) {
            Ok(()) => pushed.applied.push(mutation_id),
            Err(Failure::Rejected(body)) => pushed.errors.push(MutationError { mutation_id, body }),
            Err(Failure::Store(error)) => return Err(error),
        }
    }
    pushed.cursor = writer.sequence()?;
    Ok(pushed)
}

/// Applies one mutation, or finds that it was applied before.
fn apply(
    writer: &mut dyn Writer,
    schema: &Schema,
    object: &Map<String, Value>,
    client_id: &str,
) -> Result<()> {
    let mutation_id = text(object, "mutationId")?;
    let mutation = Mutation::read(object, client_id, schema)?;
    if writer.is_known(client_id, mutation_id)? {
        return Ok(());
    }
    let changes = match mutation.operation {
        "insert" | "merge" | "replace" | "delete" => change_record(writer, &mutation)?,
        "relate" | "unrelate" | "modifyRelation" => change_relations(writer, schema, &mutation)?,
        _ => return Err(invalid("operation", "is unknown").into()),
    };
    let mut steps = Vec::with_capacity(changes.len());
    for Wanted { subject, document, is_as_sent } in changes {
        let op = if let Some(document) = document {
            writer.put(&subject, &document)?;
            Op::Upsert
        } else {
            writer.remove(&subject)?;
            Op::Delete
        };
        steps.push(Change { subject, op, is_as_sent });
    }
    writer.record_step(client_id, mutation_id, &steps)?;
    Ok(())
}

fn change_record(writer: &mut dyn Writer, mutation: &Mutation<'_>) -> Result<Changes> {
    let subject = record(&mutation.resource.name, mutation.id);
    if mutation.operation == "delete" {
        return Ok(vec![Wanted::as_sent(subject, None)]);
    }
    let current = writer.find(&subject)?;
    let given = mutation.record(current.is_none() || mutation.operation == "replace")?;
    let document = match (mutation.operation, current) {
        ("insert", Some(_)) => {
            let message = format!("Record already exists: {}", mutation.id);
            return Err(ErrorBody::new(code::CONFLICT, message, "id").into());
        }
        ("merge", Some(mut current)) => {
            let is_as_sent = current.keys().all(|field| given.contains_key(field));
            current.extend(given);
            return Ok(vec![Wanted { subject, document: Some(current), is_as_sent }]);
        }
        _ => given,
    };
    Ok(vec![Wanted::as_sent(subject, Some(document))])
}

fn change_relations(writer: &mut dyn Writer, schema: &Schema, mutation: &Mutation<'_>) -> Result<Changes> {
    let mut changes = Changes::new();
    for (name, value) in mutation.relations()? {
        let path = format!("relations.{name}");
        let stores = join_stores(schema, &mutation.resource.name, name);
        if stores.is_empty() {
            changes.push(change_fk(writer, schema, mutation, name, value, &path)?);
            continue;
        }
        for (other, metadata) in references(value, &stores[0].0.relation.metadata, &path)? {
            let change = change_join_row(writer, mutation, &stores, other, metadata, &path)?;
            changes.push(change);
        }
    }
    Ok(changes)
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
    mutation: &Mutation<'_>,
    stores: &[(JoinStore<'_>, bool)],
    other: &str,
    metadata: Document,
    path: &str,
) -> Result<Wanted> {
    let ends = |is_forward| if is_forward { (mutation.id, other) } else { (other, mutation.id) };
    let row = |(store, is_forward): &(JoinStore<'_>, bool)| {
        let (from, to) = ends(*is_forward);
        Subject::JoinRow { store: store.name(), from: from.to_owned(), to: to.to_owned() }
    };
    if mutation.operation == "relate" {
        if writer.find(&record(&mutation.resource.name, mutation.id))?.is_none() {
            return Err(not_found(mutation.id, "id").into());
        }
        for candidate in stores {
            let target = if candidate.1 { candidate.0.to } else { candidate.0.from };
            if writer.find(&record(&target.name, other))?.is_some() {
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
    match (mutation.operation, found) {
        ("modifyRelation", Some((subject, mut document))) => {
            document.extend(metadata);
            Ok(Wanted { subject, document: Some(document), is_as_sent: false })
        }
        ("modifyRelation", None) => Err(not_found(other, path).into()),
        (_, Some((subject, _))) => Ok(Wanted::as_sent(subject, None)),
        // What is not there is unrelated already.
        (_, None) => Ok(Wanted::as_sent(row(&stores[0]), None)),
    }
}

/// A many-one relation is a field of the record that refers.
fn change_fk(
    writer: &mut dyn Writer,
    schema: &Schema,
    mutation: &Mutation<'_>,
    relation: &str,
    value: &Value,
    path: &str,
) -> Result<Wanted> {
    let fk_field = schema
        .relations
        .iter()
        .filter(|candidate| matches!(candidate.kind, RelationKind::ManyOne | RelationKind::OneOne))
        .find(|candidate| candidate.name == relation && candidate.from.contains(&mutation.resource.name))
        .and_then(|candidate| candidate.fk_field.as_ref())
        .ok_or_else(|| {
            ErrorBody::new(code::DFQL_UNKNOWN_RELATION, format!("Unknown relation: {relation}"), path)
        })?;
    let subject = record(&mutation.resource.name, mutation.id);
    let mut document = writer.find(&subject)?.ok_or_else(|| not_found(mutation.id, "id"))?;
    match (mutation.operation, references(value, &[], path)?.as_slice()) {
        ("relate", [(id, _)]) => document.insert(fk_field.clone(), Value::from(*id)),
        ("unrelate", _) => document.remove(fk_field),
        _ => return Err(invalid(path, "must refer to one record").into()),
    };
    Ok(Wanted { subject, document: Some(document), is_as_sent: false })
}

fn record(resource: &str, id: &str) -> Subject {
    Subject::Record { resource: resource.to_owned(), id: id.to_owned() }
}

fn not_found(id: &str, path: &str) -> ErrorBody {
    ErrorBody::new(code::NOT_FOUND, format!("Record not found: {id}"), path)
}
