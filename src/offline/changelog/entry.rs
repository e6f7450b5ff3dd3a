//! One entry of the change log: its operation, its subjects, and whether an upload covers it.
//! Reading entries from the table is the job of [`super::table`].

use std::collections::HashSet;

use rusqlite::Row;
use serde_json::{Map, Value};

use crate::schema::{JoinStore, ManyOne, Schema};

/// What an upload covers: the entries of the change log that it may push and then remove. By default
/// nothing.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The names of the resources that are uploaded.
    pub resources: HashSet<String>,
    /// Whether these are all resources that are not remote-only: then entries of resources that
    /// the schema lacks are covered too.
    pub all_resources: bool,
    /// Whether join rows are uploaded.
    pub join_rows: bool,
    /// Whether offline deletes are pushed.
    pub deletes: bool,
}

impl Scope {
    /// The join stores whose rows are uploaded, in byte order of their names.
    #[must_use]
    pub fn join_stores<'s>(&self, schema: &'s Schema) -> Vec<JoinStore<'s>> {
        let mut stores = schema.join_stores();
        stores.retain(|store| self.join_rows && self.resources.contains(&store.from.name));
        stores
    }
}

/// An entry, with the parts of its mutation that an upload reads.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) resource: String,
    pub(super) operation: String,
    pub(super) id: String,
    /// The whole mutation.
    pub(super) mutation: Map<String, Value>,
}

/// A reference from one record to another that an entry names.
#[derive(Debug, Clone)]
pub(super) struct Reference<'s> {
    pub(super) kind: ReferenceKind<'s>,
    /// The id of the record that refers.
    pub(super) from: String,
    /// The id of the record that is referred to.
    pub(super) to: String,
    /// The relation's name in the entry: of the relation itself, or of its inverse.
    pub(super) name: String,
    /// The id that the entry gives below that name: `to`, or `from` for an inverse.
    pub(super) other: String,
}

/// Where the database stores a reference. A relation with several resources at an end has
/// several such places.
#[derive(Debug, Clone, Copy)]
pub(super) enum ReferenceKind<'s> {
    /// In a row of a join table.
    JoinRow(JoinStore<'s>),
    /// In a field of the record that refers.
    Field(ManyOne<'s>),
}

impl ReferenceKind<'_> {
    /// The name of the resource that refers: the reference is uploaded with it.
    fn from(&self) -> &str {
        match self {
            Self::JoinRow(store) => &store.from.name,
            Self::Field(many_one) => &many_one.from.name,
        }
    }
}

impl Entry {
    /// The entry whose mutation is in this column of a row; `None` when it is not text, or
    /// cannot be parsed.
    pub(super) fn in_column(row: &Row<'_>, column: usize) -> Option<Self> {
        row.get::<_, String>(column).ok().and_then(|text| Self::parse(&text))
    }

    /// Parses a mutation; `None` when it is not JSON, or lacks a resource, operation or id.
    pub(super) fn parse(text: &str) -> Option<Self> {
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

    fn is_about_relations(&self) -> bool {
        matches!(self.operation.as_str(), "relate" | "unrelate" | "modifyRelation")
    }

    /// Whether the upload sends the state that this entry led to (contract 3.1.6).
    pub(super) fn is_covered(&self, scope: &Scope, schema: &Schema) -> bool {
        let is_wanted = (scope.join_rows || !self.is_about_relations())
            && (scope.deletes || !matches!(self.operation.as_str(), "delete" | "unrelate"));
        is_wanted && (scope.all_resources || self.is_in_scope(scope, schema))
    }

    /// Whether the entry's resource is uploaded. For references it is the resource that refers,
    /// whichever end the entry names.
    pub(super) fn is_in_scope(&self, scope: &Scope, schema: &Schema) -> bool {
        let references = if self.is_about_relations() { self.references(schema) } else { Vec::new() };
        if references.is_empty() {
            return scope.resources.contains(&self.resource);
        }
        references.iter().all(|reference| scope.resources.contains(reference.kind.from()))
    }

    /// The references that a relate, unrelate or modifyRelation names, each turned so that `from`
    /// is the record that refers.
    pub(super) fn references<'s>(&self, schema: &'s Schema) -> Vec<Reference<'s>> {
        let stores = schema
            .join_stores_of(&self.resource)
            .into_iter()
            .map(|store| (ReferenceKind::JoinRow(store), store.from, store.to, store.relation));
        let many_ones = schema.many_ones_from(&self.resource).into_iter();
        // One within the resource is in both lists.
        let others = schema.many_ones_to(&self.resource).into_iter();
        let fields = many_ones
            .chain(others.filter(|many_one| many_one.from.name != self.resource))
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

    /// The records and join rows that the entry touches: resource and id, or join store and
    /// `from:to`, as the feed names them.
    pub(super) fn subjects(&self, schema: &Schema) -> Vec<(String, String)> {
        if !self.is_about_relations() {
            return vec![(self.resource.clone(), self.id.clone())];
        }
        let subject = |Reference { kind, from, to, .. }| match kind {
            ReferenceKind::JoinRow(store) => (store.name(), format!("{from}:{to}")),
            ReferenceKind::Field(many_one) => (many_one.from.name.clone(), from),
        };
        self.references(schema).into_iter().map(subject).collect()
    }

    /// Removes from the entry's relations every reference for which `keep` returns false;
    /// returns whether any reference is left.
    pub(super) fn retain_references(&mut self, mut keep: impl FnMut(&str, &str) -> bool) -> bool {
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
}

/// The ids in a relation's value: `{"$ref": "g1"}`, a bare id, or a list of them.
fn ids(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(id).collect(),
        single => id(single).into_iter().collect(),
    }
}

/// The id in a bare id or in `{"$ref": id}`.
fn id(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("$ref").and_then(Value::as_str))
}
