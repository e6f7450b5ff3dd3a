//! What a push wants, checked as far as that goes without the store, so that the one writer has
//! little to do. What it does to the store is [`super::apply`]'s business.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::check::{self, Checked};
use super::incoming::{RawMutation, RawPush};
use super::request::{Limits, invalid, invalid_json};
use super::shared_text::SharedText;
use super::store::{Document, Subject};
use crate::protocol::{ErrorBody, MAX_DEPTH, code, is_deeper_than};
use crate::schema::{Resource, Schema};

/// What is said about a record that nobody could pull.
const TOO_DEEP: &str = "Invalid DFQL: record is nested too deeply";

/// A push that is ready to be applied.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) client_id: String,
    pub(super) mutations: Vec<Mutation>,
}

/// A mutation that is ready to be applied.
#[derive(Debug)]
pub(super) struct Mutation {
    /// Its own id; `None` makes it wrong.
    pub(super) id: Option<SharedText>,
    pub(super) action: Action,
}

/// What is to be done about a mutation.
#[derive(Debug)]
pub(super) enum Action {
    /// It is wrong, unless it was applied before.
    Reject(ErrorBody),
    /// It changes a record.
    Record(Subject, RecordChange),
    /// It changes relations.
    Relations(RelationsChange),
}

#[derive(Debug)]
pub(super) enum RecordChange {
    Delete,
    Write {
        kind: WriteKind,
        /// The fields as a JSON object.
        fields: SharedText,
        /// What is wrong with them if they are all there is.
        missing: Option<ErrorBody>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteKind {
    Insert,
    Merge,
    Replace,
}

/// A change of a record's relations.
#[derive(Debug)]
pub(super) struct RelationsChange {
    pub(super) operation: RelationsOperation,
    pub(super) resource: SharedText,
    pub(super) id: SharedText,
    /// By the relations' names.
    pub(super) relations: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RelationsOperation {
    Relate,
    Unrelate,
    Modify,
}

impl Prepared {
    /// Reads a request's body, and checks every mutation in it.
    ///
    /// # Errors
    /// What is wrong with the request as a whole.
    pub(super) fn new(body: &Bytes, limits: &Limits, schema: &Schema) -> Result<Self, ErrorBody> {
        let push = RawPush::read(body, limits.max_mutations).map_err(|_| invalid_json())?;
        let RawPush { client_id, mutations } = push;
        let client_id = client_id.ok_or_else(|| invalid("clientId", "must be string"))?;
        let mutations = mutations.ok_or_else(|| invalid("mutations", "must be array"))?;
        if mutations.len() > limits.max_mutations {
            let message = format!("at most {} mutations in one push", limits.max_mutations);
            return Err(ErrorBody::new(code::LIMIT_EXCEEDED, message, "mutations"));
        }
        let preparation = Preparation { body, client_id: &client_id, schema };
        let mutations = mutations.into_iter().map(|mutation| preparation.mutation(mutation));
        let mutations = mutations.collect::<serde_json::Result<_>>().map_err(|_| invalid_json())?;
        Ok(Self { client_id: client_id.into_owned(), mutations })
    }

    /// How many mutations it has.
    pub(super) fn len(&self) -> usize {
        self.mutations.len()
    }
}

/// What is the same for all mutations of a push.
struct Preparation<'a> {
    body: &'a Bytes,
    client_id: &'a str,
    schema: &'a Schema,
}

/// The outer error is that of the parser, for what is no JSON at all.
type Outcome<T> = serde_json::Result<Result<T, ErrorBody>>;

impl Preparation<'_> {
    fn mutation(&self, mut raw: RawMutation<'_>) -> serde_json::Result<Mutation> {
        let id = raw.mutation_id.take().map(|id| self.text(id));
        let action = match id {
            Some(_) => self.action(raw)?.unwrap_or_else(Action::Reject),
            None => Action::Reject(invalid("mutationId", "must be string")),
        };
        Ok(Mutation { id, action })
    }

    fn action(&self, raw: RawMutation<'_>) -> Outcome<Action> {
        let RawMutation { client_id, resource, operation, id, record, relations, .. } = raw;
        let (resource_name, resource, operation, id) = match self.parts(client_id, resource, operation, id) {
            Ok(parts) => parts,
            Err(body) => return Ok(Err(body)),
        };
        let write = |kind| {
            let change = self.write(kind, resource, &id, record)?;
            Ok(change.map(|change| {
                Action::Record(Subject::Record { resource: resource_name.clone(), id: id.clone() }, change)
            }))
        };
        let relate = |operation| {
            let relations = relations.map(|relations| serde_json::from_str(relations.get())).transpose()?;
            let Some(Value::Object(relations)) = relations else {
                return Ok(Err(invalid("relations", "must be object")));
            };
            let (resource, id) = (resource_name.clone(), id.clone());
            Ok(Ok(Action::Relations(RelationsChange { operation, resource, id, relations })))
        };
        match &*operation {
            "insert" => write(WriteKind::Insert),
            "merge" => write(WriteKind::Merge),
            "replace" => write(WriteKind::Replace),
            "delete" => {
                let subject = Subject::Record { resource: resource_name, id };
                Ok(Ok(Action::Record(subject, RecordChange::Delete)))
            }
            "relate" => relate(RelationsOperation::Relate),
            "unrelate" => relate(RelationsOperation::Unrelate),
            "modifyRelation" => relate(RelationsOperation::Modify),
            _ => Ok(Err(invalid("operation", "is unknown"))),
        }
    }

    /// The parts that every operation has: the resource by name and in the schema, the
    /// operation and the id.
    fn parts<'r>(
        &self,
        client_id: Option<Cow<'_, str>>,
        resource: Option<Cow<'_, str>>,
        operation: Option<Cow<'r, str>>,
        id: Option<Cow<'_, str>>,
    ) -> Result<(SharedText, &Resource, Cow<'r, str>, SharedText), ErrorBody> {
        let missing = |key: &str| invalid(key, "must be string");
        if client_id.ok_or_else(|| missing("clientId"))? != self.client_id {
            return Err(invalid("clientId", "must be that of the request"));
        }
        let name = resource.ok_or_else(|| missing("resource"))?;
        let resource = self.schema.resource(&name).ok_or_else(|| {
            ErrorBody::new(code::DFQL_UNKNOWN_RESOURCE, format!("Unknown resource: {name}"), "resource")
        })?;
        let operation = operation.ok_or_else(|| missing("operation"))?;
        let id = id.ok_or_else(|| missing("id"))?;
        Ok((self.text(name), resource, operation, self.text(id)))
    }

    fn write(
        &self,
        kind: WriteKind,
        resource: &Resource,
        id: &SharedText,
        record: Option<&RawValue>,
    ) -> Outcome<RecordChange> {
        let Some(record) = record.filter(|record| record.get().starts_with('{')) else {
            return Ok(Err(invalid("record", "must be object")));
        };
        // The record itself is a level around its values.
        if is_deeper_than(record.get().as_bytes(), MAX_DEPTH + 1) {
            return Ok(Err(ErrorBody::new(code::DFQL_INVALID, TOO_DEEP, "record")));
        }
        let Checked { wrong, missing, repeats_id } = check::record(record, resource)?;
        if let Some(wrong) = wrong {
            return Ok(Err(wrong));
        }
        let fields = if repeats_id {
            let mut fields: Document = serde_json::from_str(record.get())?;
            if fields.remove("id").as_ref().and_then(Value::as_str) != Some(id.as_str()) {
                return Ok(Err(invalid("record.id", "must be that of the mutation")));
            }
            serde_json::to_string(&fields)?.into()
        } else {
            self.text(Cow::Borrowed(record.get()))
        };
        Ok(Ok(RecordChange::Write { kind, fields, missing }))
    }

    fn text(&self, text: Cow<'_, str>) -> SharedText {
        SharedText::slice_of(self.body, text)
    }
}
