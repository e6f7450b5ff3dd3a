//! Prepares a push for the writer: parses the body and checks everything that does not need the store,
//! on the connection's task, so that the one writer thread has little to do. The mutations are applied
//! in [`super::apply`].

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::check::{self, CheckedRecord};
use super::dfql::{invalid, invalid_json, unknown_resource};
use super::limits::Limits;
use super::raw_push::{RawMutation, RawPush};
use super::shared_text::SharedText;
use super::store::{ClientNumber, Document, ItemKey, StoredContent};
use crate::mutation::{Content, ContentHash, ContentHasher};
use crate::protocol::{ErrorBody, MAX_NESTING, code, has_reserved_key, is_nested_deeper_than};
use crate::schema::{Resource, Schema};

/// The message for a record that clients could store and then not pull any more; see [`MAX_NESTING`].
const TOO_DEEP: &str = "Invalid DFQL: record is nested too deeply";

/// A push that is ready to be applied.
#[derive(Debug)]
pub(super) struct PreparedPush {
    /// The client that has sent it.
    pub(super) client: ClientNumber,
    /// Its id.
    pub(super) client_id: String,
    pub(super) mutations: Vec<PreparedMutation>,
    /// The size of the request's body.
    pub(super) bytes: usize,
}

/// A mutation that is ready to be applied, or to be rejected.
#[derive(Debug)]
pub(super) struct PreparedMutation {
    /// The mutation id; `None` only if the action is to reject the mutation for the lack of it.
    pub(super) id: Option<SharedText>,
    pub(super) action: Action,
}

/// What applying a mutation does.
#[derive(Debug)]
pub(super) enum Action {
    /// Rejects it, unless it was applied before.
    Reject(ErrorBody),
    /// Changes a record.
    Record(ItemKey, RecordChange),
    /// Changes relations of a record.
    Relations(RelationsChange),
}

/// A change of a record.
#[derive(Debug)]
pub(super) enum RecordChange {
    Delete,
    Write {
        kind: WriteKind,
        /// The sent fields, as a JSON object, and their digest.
        content: StoredContent,
        /// The error to reject with if the record does not exist yet: a required field is missing.
        missing: Option<ErrorBody>,
    },
}

/// How sent fields and an existing record are combined (contract 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteKind {
    /// Not at all: an existing record is a conflict.
    Insert,
    /// Fields that are not sent are kept.
    Merge,
    /// Fields that are not sent are dropped.
    Replace,
}

/// A change of a record's relations.
#[derive(Debug)]
pub(super) struct RelationsChange {
    pub(super) operation: RelationsOperation,
    /// The resource and the id of the record.
    pub(super) resource: SharedText,
    pub(super) id: SharedText,
    /// The references to the other records, by relation name.
    pub(super) relations: Map<String, Value>,
}

/// What is done with each of the references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RelationsOperation {
    /// Creates it, or replaces its metadata.
    Relate,
    /// Removes it.
    Unrelate,
    /// Merges into its metadata.
    Modify,
}

impl PreparedPush {
    /// Parses a request's body and checks every mutation in it.
    ///
    /// # Errors
    /// The error of the request as a whole: it is not JSON, lacks `clientId` or `mutations`, or has too
    /// many mutations. A wrong mutation is no error but becomes [`Action::Reject`].
    pub(super) fn new(body: &Bytes, limits: &Limits, schema: &Schema) -> Result<Self, ErrorBody> {
        let push = RawPush::read(body, limits.max_mutations).map_err(|_| invalid_json())?;
        let RawPush { client_id, mutations } = push;
        let client_id = client_id.ok_or_else(|| invalid("clientId", "must be string"))?;
        let mutations = mutations.ok_or_else(|| invalid("mutations", "must be array"))?;
        if mutations.len() > limits.max_mutations {
            let message = format!("at most {} mutations in one push", limits.max_mutations);
            return Err(ErrorBody::new(code::LIMIT_EXCEEDED, message, "mutations"));
        }
        let mut preparation = Preparation { body, client_id: &client_id, schema, contents: Vec::new() };
        let mutations = mutations.into_iter().map(|mutation| preparation.mutation(mutation));
        let mut mutations = mutations.collect::<Result<Vec<_>, _>>()?;
        set_digests(&mut mutations, &preparation.contents);
        let client = ClientNumber::of(&client_id);
        Ok(Self { client, client_id: client_id.into_owned(), mutations, bytes: body.len() })
    }

    /// The number of mutations.
    pub(super) fn len(&self) -> usize {
        self.mutations.len()
    }
}

/// Computes the digests of all records of a push together, which is faster than one by one. `contents`
/// has the content of each mutation that writes a record, in their order.
fn set_digests(mutations: &mut [PreparedMutation], contents: &[Content<&str>]) {
    let mut hasher = ContentHasher::default();
    let digests = hasher.hash(contents.iter(), |text, content| content.write_hashed(text));
    let written = mutations.iter_mut().filter_map(|mutation| match &mut mutation.action {
        Action::Record(_, RecordChange::Write { content, .. }) => Some(content),
        _ => None,
    });
    for (content, digest) in written.zip(digests) {
        content.digest = *digest;
    }
}

/// Why a mutation could not be prepared.
enum PrepareError {
    /// A record or relations of it are not JSON, which shows only when they are parsed: the whole
    /// request is refused.
    InvalidJson,
    /// It breaks a rule: it is rejected, and the other mutations go on.
    Rejected(ErrorBody),
}

impl From<serde_json::Error> for PrepareError {
    fn from(_: serde_json::Error) -> Self {
        Self::InvalidJson
    }
}

impl From<ErrorBody> for PrepareError {
    fn from(error: ErrorBody) -> Self {
        Self::Rejected(error)
    }
}

/// What all mutations of a push share.
struct Preparation<'a> {
    body: &'a Bytes,
    client_id: &'a str,
    schema: &'a Schema,
    /// The contents of the records that are written, for [`set_digests`].
    contents: Vec<Content<&'a str>>,
}

/// The parts of a mutation that every operation has.
struct CommonParts<'s, 'r> {
    resource_name: SharedText,
    resource: &'s Resource,
    operation: Cow<'r, str>,
    id: SharedText,
}

impl<'s> Preparation<'s> {
    /// Prepares a mutation.
    ///
    /// # Errors
    /// The error of the whole request, when a part of the mutation is not JSON.
    fn mutation(&mut self, mut raw: RawMutation<'s>) -> Result<PreparedMutation, ErrorBody> {
        let Some(id) = raw.mutation_id.take() else {
            let action = Action::Reject(invalid("mutationId", "must be string"));
            return Ok(PreparedMutation { id: None, action });
        };
        let action = match self.action(raw) {
            Ok(action) => action,
            Err(PrepareError::Rejected(error)) => Action::Reject(error),
            Err(PrepareError::InvalidJson) => return Err(invalid_json()),
        };
        Ok(PreparedMutation { id: Some(self.text(id)), action })
    }

    fn action(&mut self, mut raw: RawMutation<'s>) -> Result<Action, PrepareError> {
        let CommonParts { resource_name, resource, operation, id } = self.common_parts(&mut raw)?;
        let kind = match &*operation {
            "insert" => WriteKind::Insert,
            "merge" => WriteKind::Merge,
            "replace" => WriteKind::Replace,
            "delete" => return Ok(Action::Record(ItemKey::record(resource_name, id), RecordChange::Delete)),
            "relate" => return relations(RelationsOperation::Relate, resource_name, id, raw.relations),
            "unrelate" => return relations(RelationsOperation::Unrelate, resource_name, id, raw.relations),
            "modifyRelation" => {
                return relations(RelationsOperation::Modify, resource_name, id, raw.relations);
            }
            _ => return Err(invalid("operation", "is unknown").into()),
        };
        let change = self.write(kind, resource, &id, raw.record)?;
        Ok(Action::Record(ItemKey::record(resource_name, id), change))
    }

    /// Takes the parts that every operation has out of a mutation, and checks them.
    fn common_parts<'r>(&self, raw: &mut RawMutation<'r>) -> Result<CommonParts<'s, 'r>, ErrorBody> {
        let missing = |key: &str| invalid(key, "must be string");
        if raw.client_id.take().ok_or_else(|| missing("clientId"))? != self.client_id {
            return Err(invalid("clientId", "must be that of the request"));
        }
        let name = raw.resource.take().ok_or_else(|| missing("resource"))?;
        let resource = self.schema.resource(&name).ok_or_else(|| unknown_resource(&name, "resource"))?;
        let operation = raw.operation.take().ok_or_else(|| missing("operation"))?;
        let id = raw.id.take().ok_or_else(|| missing("id"))?;
        Ok(CommonParts { resource_name: self.text(name), resource, operation, id: self.text(id) })
    }

    /// Checks the record of an insert, merge or replace.
    fn write(
        &mut self,
        kind: WriteKind,
        resource: &Resource,
        id: &SharedText,
        record: Option<&'s RawValue>,
    ) -> Result<RecordChange, PrepareError> {
        let Some(record) = record.filter(|record| record.get().starts_with('{')) else {
            return Err(invalid("record", "must be object").into());
        };
        let text = record.get();
        let (checked, nulls) = match check::canonical_record(text, resource) {
            Some((checked, nulls)) => (checked, Some(nulls)),
            None => (check_other(record, resource)?, None),
        };
        let CheckedRecord { wrong, missing, repeats_id } = checked;
        if let Some(wrong) = wrong {
            return Err(wrong.into());
        }
        let (content, document) = match nulls {
            Some(nulls) if !repeats_id => (Content::Canonical(text, nulls), self.text(Cow::Borrowed(text))),
            _ => {
                let mut fields: Document = serde_json::from_str(text)?;
                if repeats_id && fields.remove("id").as_ref().and_then(Value::as_str) != Some(id.as_str()) {
                    return Err(invalid("record.id", "must be that of the mutation").into());
                }
                // Of equal keys a tree keeps the last, so that a stored document has each key once.
                let document = serde_json::to_string(&fields)?;
                (Content::Tree(fields), document.into())
            }
        };
        self.contents.push(content);
        // The digests are computed for all records together.
        let content = StoredContent { document, digest: ContentHash::default() };
        Ok(RecordChange::Write { kind, content, missing })
    }

    fn text(&self, text: Cow<'_, str>) -> SharedText {
        SharedText::slice_of(self.body, text)
    }
}

/// Checks a record whose text is not canonical.
fn check_other(record: &RawValue, resource: &Resource) -> Result<CheckedRecord, PrepareError> {
    // One more level than a field's value may have: the record itself.
    if is_nested_deeper_than(record.get().as_bytes(), MAX_NESTING + 1) {
        return Err(ErrorBody::new(code::DFQL_INVALID, TOO_DEEP, "record").into());
    }
    if has_reserved_key(record.get().as_bytes()) {
        return Err(invalid(check::reserved_key_path(record)?, check::RESERVED_KEY).into());
    }
    Ok(check::record(record, resource)?)
}

/// Prepares a change of relations.
fn relations(
    operation: RelationsOperation,
    resource: SharedText,
    id: SharedText,
    raw: Option<&RawValue>,
) -> Result<Action, PrepareError> {
    if raw.is_some_and(|relations| has_reserved_key(relations.get().as_bytes())) {
        return Err(invalid("relations", check::RESERVED_KEY).into());
    }
    let relations = raw.map(|relations| serde_json::from_str(relations.get())).transpose()?;
    let Some(Value::Object(relations)) = relations else {
        return Err(invalid("relations", "must be object").into());
    };
    Ok(Action::Relations(RelationsChange { operation, resource, id, relations }))
}
