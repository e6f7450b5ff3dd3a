//! One entry of the change log: what it says, and what it is about.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::schema::{JoinStore, ManyOne, Schema};

/// What an upload covers, and so may remove from the change log.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The resources that are uploaded.
    pub resources: HashSet<String>,
    /// Whether these are all that can be: then entries of unknown resources are covered too.
    pub all_resources: bool,
    /// Whether join rows are uploaded.
    pub join_rows: bool,
    /// Whether offline deletes are pushed.
    pub deletes: bool,
}

/// A delete or unrelate made offline, ready to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineDelete {
    /// The client that made it, in whose name it must be pushed.
    pub client_id: String,
    /// Its own mutation id.
    pub mutation_id: String,
    /// The resource of that record.
    pub resource: String,
    /// The id of the record that is deleted, or whose relation is.
    pub id: String,
    /// The whole mutation, as JSON.
    pub json: String,
}

/// An entry as far as an upload needs it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) resource: String,
    pub(crate) operation: String,
    pub(crate) id: String,
    pub(crate) mutation: Map<String, Value>,
}

/// A reference from one record to another that an entry names.
#[derive(Debug, Clone)]
pub(crate) struct Reference<'s> {
    pub(crate) kind: ReferenceKind<'s>,
    pub(crate) from: String,
    pub(crate) to: String,
    /// The relation's name in the entry, and the id that stands there.
    pub(crate) name: String,
    pub(crate) other: String,
}

/// Where a reference is kept. One of a relation with several resources at an end may be kept
/// in any of several places.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ReferenceKind<'s> {
    JoinRow(JoinStore<'s>),
    /// In a field of the record that refers.
    Field(ManyOne<'s>),
}

impl ReferenceKind<'_> {
    /// The resource that refers, with which the reference is uploaded.
    fn from(&self) -> &str {
        match self {
            Self::JoinRow(store) => &store.from.name,
            Self::Field(many_one) => &many_one.from.name,
        }
    }
}

impl Entry {
    /// `None` for an entry that cannot be read.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mutation: Map<String, Value> = serde_json::from_str(text).ok()?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let in_record = || mutation.get("record").and_then(|record| record.get("id"));
        Some(Self {
            resource: text(mutation.get("resource"))?,
            operation: text(mutation.get("operation"))?,
            id: text(mutation.get("id").or_else(in_record))?,
            mutation,
        })
    }

    pub(crate) fn is_about_relations(&self) -> bool {
        matches!(self.operation.as_str(), "relate" | "unrelate" | "modifyRelation")
    }

    /// Whether the upload took along what this entry says (contract 3.1.6).
    pub(crate) fn is_covered(&self, scope: &Scope, schema: &Schema) -> bool {
        let is_wanted = (scope.join_rows || !self.is_about_relations())
            && (scope.deletes || !matches!(self.operation.as_str(), "delete" | "unrelate"));
        is_wanted && (scope.all_resources || self.is_in_scope(scope, schema))
    }

    /// Whether the resource that it is about is uploaded. A reference goes with the resource that
    /// refers, whichever side the entry names.
    pub(crate) fn is_in_scope(&self, scope: &Scope, schema: &Schema) -> bool {
        let references = if self.is_about_relations() { self.references(schema) } else { Vec::new() };
        if references.is_empty() {
            return scope.resources.contains(&self.resource);
        }
        references.iter().all(|reference| scope.resources.contains(reference.kind.from()))
    }

    /// The references that a relate, unrelate or modifyRelation names, seen from the side that
    /// refers.
    pub(crate) fn references<'s>(&self, schema: &'s Schema) -> Vec<Reference<'s>> {
        let stores = schema
            .join_stores()
            .into_iter()
            .map(|store| (ReferenceKind::JoinRow(store), store.from, store.to, store.relation));
        let fields = schema
            .many_ones()
            .into_iter()
            .map(|many_one| (ReferenceKind::Field(many_one), many_one.from, many_one.to, many_one.relation));
        let places: Vec<_> = stores.chain(fields).collect();
        let mut found = Vec::new();
        let relations = self.mutation.get("relations").and_then(Value::as_object);
        for (name, value) in relations.into_iter().flatten() {
            for (kind, from, to, relation) in &places {
                let forward = from.name == self.resource && relation.name == *name;
                let backward = to.name == self.resource && relation.inverse.as_deref() == Some(name);
                if !forward && !backward {
                    continue;
                }
                for other in ids(value) {
                    let (from, to) = if forward { (&*self.id, other) } else { (other, &*self.id) };
                    let (from, to) = (from.to_owned(), to.to_owned());
                    found.push(Reference {
                        kind: *kind,
                        from,
                        to,
                        name: name.clone(),
                        other: other.to_owned(),
                    });
                }
            }
        }
        found
    }

    /// What the entry is about: resource and id, or join store and `from:to`, as the feed
    /// names them.
    pub(crate) fn subjects(&self, schema: &Schema) -> Vec<(String, String)> {
        if !self.is_about_relations() {
            return vec![(self.resource.clone(), self.id.clone())];
        }
        let subject = |Reference { kind, from, to, .. }| match kind {
            ReferenceKind::JoinRow(store) => (store.name(), format!("{from}:{to}")),
            ReferenceKind::Field(many_one) => (many_one.from.name.clone(), from),
        };
        self.references(schema).into_iter().map(subject).collect()
    }

    /// Drops from the entry's relations every reference of which `keep` says no; returns
    /// whether any is left.
    pub(crate) fn retain_references(&mut self, mut keep: impl FnMut(&str, &str) -> bool) -> bool {
        let Some(Value::Object(relations)) = self.mutation.get_mut("relations") else { return false };
        for (name, value) in relations.iter_mut() {
            match value {
                Value::Array(items) => items.retain(|item| id(item).is_some_and(|id| keep(name, id))),
                single => {
                    if !id(single).is_some_and(|id| keep(name, id)) {
                        *single = Value::Array(Vec::new());
                    }
                }
            }
        }
        relations.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
        !relations.is_empty()
    }

    /// The mutation to push. What the JSON lacks comes from the entry's columns and the
    /// schema (contract 3.1, stage C).
    pub(crate) fn into_delete(
        mut self,
        client_id: String,
        mutation_id: String,
        version: u64,
    ) -> OfflineDelete {
        let mut complete = |key: &str, column: String| {
            let given = self.mutation.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            if let Some(text) = given {
                return text.to_owned();
            }
            self.mutation.insert(key.to_owned(), json!(column));
            column
        };
        let client_id = complete("clientId", client_id);
        let mutation_id = complete("mutationId", mutation_id);
        self.mutation.entry("version").or_insert(json!(version));
        self.mutation.entry("id").or_insert(json!(self.id));
        OfflineDelete {
            client_id,
            mutation_id,
            resource: self.resource,
            id: self.id,
            json: Value::Object(self.mutation).to_string(),
        }
    }
}

/// The ids in a relation's value: `{"$ref": "g1"}`, a bare id, or a list of them.
fn ids(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(id).collect(),
        single => id(single).into_iter().collect(),
    }
}

fn id(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("$ref").and_then(Value::as_str))
}
