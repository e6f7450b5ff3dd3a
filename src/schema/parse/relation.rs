//! Relations, and where the join rows of many-many relations are in the offline database. The resources
//! at their ends are read in [`super::resource`].

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::field::fields;
use super::member::{member, object, required, string};
use super::problems::Problems;
use crate::schema::model::{JoinStorage, Relation, RelationKind, Resource, join_name};

/// The relation's name where the schema gives none (contract 2).
const DEFAULT_RELATION: &str = "rel";

const KEYS: [&str; 8] = ["type", "from", "to", "relation", "inverse", "fkField", "metadata", "storage"];

const STORAGE_KEYS: [&str; 3] = ["table", "from", "to"];

/// The kinds of relations by their names.
const KINDS: [(&str, RelationKind); 4] = [
    ("many-many", RelationKind::ManyMany),
    ("many-one", RelationKind::ManyOne),
    ("one-many", RelationKind::OneMany),
    ("one-one", RelationKind::OneOne),
];

/// The resources by name.
type Resources<'r> = HashMap<&'r str, &'r Resource>;

/// The relations in the array.
pub(super) fn relations(items: &[Value], resources: &[Resource], problems: &mut Problems) -> Vec<Relation> {
    let mut found = Vec::with_capacity(items.len());
    let by_name: Resources<'_> =
        resources.iter().map(|resource| (resource.name.as_str(), resource)).collect();
    // Resources and join stores share the change feed and the cursors, so their names must differ.
    let mut names: HashSet<String> = resources.iter().map(|resource| resource.name.clone()).collect();
    for (index, item) in items.iter().enumerate() {
        let path = format!("relations[{index}]");
        let Some(relation) = relation(item, &by_name, &path, problems) else { continue };
        if relation.kind == RelationKind::ManyMany {
            check_store_names(&relation, &mut names, &path, problems);
        }
        found.push(relation);
    }
    found
}

/// Checks the names of a relation's join stores, and adds them to those that are taken.
fn check_store_names(relation: &Relation, names: &mut HashSet<String>, path: &str, problems: &mut Problems) {
    for from in &relation.from {
        for to in &relation.to {
            let name = join_name(from, &relation.name, to);
            if names.contains(&name) {
                let message = format!(
                    "the join store `{name}` has the name of a resource or of another join store; another \
                     `relation` gives it another name"
                );
                problems.invalid(path, message);
            }
            names.insert(name);
        }
    }
}

fn relation(
    item: &Value,
    resources: &Resources<'_>,
    path: &str,
    problems: &mut Problems,
) -> Option<Relation> {
    let item = object(item, path, problems)?;
    problems.ignore_keys(item, &KEYS, path);
    let kind = kind(item, path, problems);
    let from = ends(item, "from", resources, path, problems);
    let to = ends(item, "to", resources, path, problems);
    let fk_field = string(item, "fkField", path, problems);
    if let (Some(fk_field), Some(RelationKind::ManyOne | RelationKind::OneOne)) = (&fk_field, kind) {
        check_fk_field(fk_field, &from, &to, resources, path, problems);
    }
    if let (None, Some(RelationKind::ManyOne | RelationKind::OneOne)) = (item.get("fkField"), kind) {
        let message =
            "without `fkField`, which names the field that holds the id, the relation has no effect";
        problems.ignore_item(path, message);
    }
    let name = string(item, "relation", path, problems).unwrap_or_else(|| DEFAULT_RELATION.to_owned());
    let inverse = string(item, "inverse", path, problems);
    let metadata = fields(item, "metadata", path, problems);
    let storage = join_storage(item, &from, &name, &to, resources, path, problems);
    Some(Relation { kind: kind?, from, to, name, inverse, fk_field, metadata, storage })
}

fn kind(item: &Map<String, Value>, path: &str, problems: &mut Problems) -> Option<RelationKind> {
    let name = required(item, "type", path, problems)?;
    let kind = KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    if kind.is_none() {
        let known = KINDS.map(|(name, _)| name);
        let message = format!("unknown relation type `{name}`; there are {}", known.join(", "));
        problems.unknown(format!("{path}.type"), message, &name, known);
    }
    kind
}

/// Checks that the field exists, and that it can hold the keys of the resources that it refers to.
fn check_fk_field(
    fk_field: &str,
    from: &[String],
    to: &[String],
    resources: &Resources<'_>,
    path: &str,
    problems: &mut Problems,
) {
    let path = format!("{path}.fkField");
    for resource in from.iter().filter_map(|name| resources.get(name.as_str())) {
        if resource.field(fk_field).is_none() {
            let message = format!("`{}` has no field `{fk_field}`", resource.name);
            let known = resource.fields.iter().map(|field| field.name.as_str());
            problems.unknown(&path, message, fk_field, known);
        }
    }
    if let Some(name) = with_key_of_several_columns(to, resources) {
        problems.invalid(path, cannot_hold(name, "one field"));
    }
}

/// The first of the named resources whose key has several columns.
fn with_key_of_several_columns<'n>(names: &'n [String], resources: &Resources<'_>) -> Option<&'n String> {
    let is_wide =
        |name: &&String| resources.get(name.as_str()).is_some_and(|resource| resource.storage.id.len() > 1);
    names.iter().find(is_wide)
}

fn cannot_hold(resource: &str, what: &str) -> String {
    format!(
        "the key of `{resource}` has several columns, which {what} cannot hold: leave the relation out; the \
         columns can be uploaded as fields"
    )
}

/// `storage` of a relation; members that it lacks have their defaults (contract 1.1).
fn join_storage(
    item: &Map<String, Value>,
    from: &[String],
    name: &str,
    to: &[String],
    resources: &Resources<'_>,
    path: &str,
    problems: &mut Problems,
) -> Option<JoinStorage> {
    let storage = member(item, "storage", path, problems)?;
    let path = format!("{path}.storage");
    problems.ignore_keys(storage, &STORAGE_KEYS, &path);
    let (table, from_column, to_column) = (
        string(storage, "table", &path, problems),
        string(storage, "from", &path, problems),
        string(storage, "to", &path, problems),
    );
    let has_several =
        |end: &str| item.get(end).and_then(Value::as_array).is_some_and(|names| names.len() > 1);
    if has_several("from") || has_several("to") {
        problems.invalid(path, "`storage` is allowed only between two single resources");
        return None;
    }
    // An end that is no resource is a problem already.
    let ([from], [to]) = (from, to) else { return None };
    for (end, name) in [("from", from), ("to", to)] {
        if let Some(name) = with_key_of_several_columns(std::slice::from_ref(name), resources) {
            problems.invalid(format!("{path}.{end}"), cannot_hold(name, "one column"));
        }
    }
    let default = JoinStorage::default_layout(from, name, to);
    Some(JoinStorage {
        table: table.unwrap_or(default.table),
        from: from_column.unwrap_or(default.from),
        to: to_column.unwrap_or(default.to),
    })
}

/// `from` or `to`: the name of a resource, or a non-empty array of names. Returns those that exist.
fn ends(
    item: &Map<String, Value>,
    key: &str,
    resources: &Resources<'_>,
    path: &str,
    problems: &mut Problems,
) -> Vec<String> {
    let path = format!("{path}.{key}");
    let mut found = Vec::new();
    let mut add = |value: &Value, path: String, what: String| match value {
        Value::String(name) if resources.contains_key(name.as_str()) => found.push(name.clone()),
        Value::String(name) => {
            let mut known: Vec<_> = resources.keys().copied().collect();
            known.sort_unstable();
            problems.unknown(path, format!("unknown resource `{name}`"), name, known);
        }
        _ => problems.invalid(path, what),
    };
    match item.get(key) {
        None | Some(Value::Null) => problems.invalid(path, format!("`{key}` is missing")),
        Some(Value::Array(items)) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                add(item, format!("{path}[{index}]"), "must be the name of a resource".to_owned());
            }
        }
        Some(value) => {
            let what = format!("`{key}` must be the name of a resource, or an array of names");
            add(value, path, what);
        }
    }
    found
}
