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

/// A push whose mutations are checked as far as that goes without the store, so that the one
/// writer has little to do.
#[derive(Debug)]
pub(super) struct Prepared {
    client_id: String,
    mutations: Vec<(String, Action)>,
}

/// What is to be done about a mutation.
#[derive(Debug)]
enum Action {
    /// It is wrong, whatever the store holds.
    Reject(ErrorBody),
    /// It changes a record.
    Record(Subject, RecordChange),
    /// It changes relations, or is wrong in a way that only a new one may be.
    Other(Map<String, Value>),
}

#[derive(Debug)]
enum RecordChange {
    Delete,
    /// The fields as JSON, and what is wrong with them if they are all there is.
    Write(WriteKind, String, Option<ErrorBody>),
    /// Wrong, unless it was applied before.
    Wrong(ErrorBody),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriteKind {
    Insert,
    Merge,
    Replace,
}

impl Prepared {
    pub(super) fn new(push: Push, schema: &Schema) -> Self {
        let Push { client_id, mutations } = push;
        let prepare = |mutation: Value| {
            let object = match mutation {
                Value::Object(object) => object,
                _ => Map::new(),
            };
            let mutation_id = object.get("mutationId").and_then(Value::as_str).unwrap_or_default().to_owned();
            (mutation_id, action(object, &client_id, schema))
        };
        let mutations = mutations.into_iter().map(prepare).collect();
        Self { client_id, mutations }
    }

    /// How many mutations it has.
    pub(super) fn len(&self) -> usize {
        self.mutations.len()
    }
}

fn action(object: Map<String, Value>, client_id: &str, schema: &Schema) -> Action {
    let mutation = match text(&object, "mutationId").and_then(|_| Mutation::read(&object, client_id, schema))
    {
        Ok(mutation) => mutation,
        Err(body) => return Action::Reject(body),
    };
    let kind = match mutation.operation {
        "insert" => WriteKind::Insert,
        "merge" => WriteKind::Merge,
        "replace" => WriteKind::Replace,
        "delete" => {
            return Action::Record(record(&mutation.resource.name, mutation.id), RecordChange::Delete);
        }
        _ => return Action::Other(object),
    };
    let change = match mutation.record() {
        Ok((document, missing)) => {
            // A map of JSON values cannot fail to be written.
            RecordChange::Write(kind, serde_json::to_string(&document).unwrap_or_default(), missing)
        }
        Err(body) => RecordChange::Wrong(body),
    };
    Action::Record(record(&mutation.resource.name, mutation.id), change)
}

/// Applies a push's mutations in their order.
pub(super) fn push(
    writer: &mut dyn Writer,
    schema: &Schema,
    push: &Prepared,
) -> std::result::Result<Pushed, StoreError> {
    let mut pushed = Pushed { applied: Vec::with_capacity(push.len()), errors: Vec::new(), cursor: 0 };
    for (mutation_id, action) in &push.mutations {
        match apply(writer, schema, &push.client_id, mutation_id, action) {
            Ok(()) => pushed.applied.push(mutation_id.clone()),
            Err(Failure::Rejected(body)) => {
                pushed.errors.push(MutationError { mutation_id: mutation_id.clone(), body });
            }
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
    client_id: &str,
    mutation_id: &str,
    action: &Action,
) -> Result<()> {
    if let Action::Reject(body) = action {
        return Err(body.clone().into());
    }
    if !writer.remember(client_id, mutation_id)? {
        return Ok(());
    }
    let outcome = match action {
        Action::Record(subject, change) => change_record(writer, subject, change),
        Action::Other(object) => change_others(writer, schema, client_id, object),
        Action::Reject(body) => Err(body.clone().into()),
    };
    match outcome {
        Ok(changes) => Ok(writer.record_step(client_id, &changes)?),
        Err(failure) => {
            // It was not applied after all.
            writer.forget(client_id, mutation_id)?;
            Err(failure)
        }
    }
}

fn change_record(writer: &mut dyn Writer, subject: &Subject, change: &RecordChange) -> Result<Vec<Change>> {
    let (kind, text, missing) = match change {
        RecordChange::Delete => {
            writer.remove(subject)?;
            return Ok(vec![Change { subject: subject.clone(), op: Op::Delete, is_as_sent: true }]);
        }
        RecordChange::Wrong(body) => return Err(body.clone().into()),
        RecordChange::Write(kind, text, missing) => (*kind, text, missing),
    };
    let upsert = |is_as_sent| Ok(vec![Change { subject: subject.clone(), op: Op::Upsert, is_as_sent }]);
    // Most records are new: then nothing needs to be looked up.
    if missing.is_none() && writer.insert(subject, text)? {
        return upsert(true);
    }
    let current = writer.find(subject)?;
    match (kind, current, missing) {
        (WriteKind::Insert, Some(_), _) => {
            let message = format!("Record already exists: {}", subject.id());
            Err(ErrorBody::new(code::CONFLICT, message, "id").into())
        }
        (WriteKind::Merge, Some(mut current), _) => {
            // It was written by this program, from a map.
            let given: Document = serde_json::from_str(text).unwrap_or_default();
            let is_as_sent = current.keys().all(|field| given.contains_key(field));
            current.extend(given);
            writer.put(subject, &current)?;
            upsert(is_as_sent)
        }
        (_, _, Some(missing)) => Err(missing.clone().into()),
        (_, _, None) => {
            writer.put_text(subject, text)?;
            upsert(true)
        }
    }
}

fn change_others(
    writer: &mut dyn Writer,
    schema: &Schema,
    client_id: &str,
    object: &Map<String, Value>,
) -> Result<Vec<Change>> {
    let mutation = Mutation::read(object, client_id, schema)?;
    if !matches!(mutation.operation, "relate" | "unrelate" | "modifyRelation") {
        return Err(invalid("operation", "is unknown").into());
    }
    let wanted = change_relations(writer, schema, &mutation)?;
    let mut changes = Vec::with_capacity(wanted.len());
    for Wanted { subject, document, is_as_sent } in wanted {
        let op = if let Some(document) = document {
            writer.put(&subject, &document)?;
            Op::Upsert
        } else {
            writer.remove(&subject)?;
            Op::Delete
        };
        changes.push(Change { subject, op, is_as_sent });
    }
    Ok(changes)
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
