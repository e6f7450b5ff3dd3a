//! Resources, and where their records are in the offline database. Their fields are read in
//! [`super::field`].

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::deleted_when::deleted_when;
use super::field::fields;
use super::member::{boolean, member, name, object, string};
use super::problems::Problems;
use crate::protocol::GLOBAL_CURSOR;
use crate::schema::id_format::IdFormat;
use crate::schema::model::{Resource, Storage};

const KEYS: [&str; 5] = ["name", "version", "isRemoteOnly", "fields", "storage"];

const STORAGE_KEYS: [&str; 5] = ["table", "id", "idFormat", "deletedWhen", "document"];

/// The resources in the array.
pub(super) fn resources(items: &[Value], problems: &mut Problems) -> Vec<Resource> {
    let mut found: Vec<Resource> = Vec::with_capacity(items.len());
    let mut names = HashSet::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("resources[{index}]");
        let Some(resource) = resource(item, &path, problems) else { continue };
        if !names.insert(resource.name.clone()) {
            problems.invalid(format!("{path}.name"), format!("duplicate name `{}`", resource.name));
        }
        found.push(resource);
    }
    found
}

fn resource(item: &Value, path: &str, problems: &mut Problems) -> Option<Resource> {
    let item = object(item, path, problems)?;
    problems.ignore_keys(item, &KEYS, path);
    let name = name(item, path, problems);
    if name.as_deref() == Some(GLOBAL_CURSOR) {
        let message = format!("`{GLOBAL_CURSOR}` is reserved for the global cursor");
        problems.invalid(format!("{path}.name"), message);
    }
    let version = item.get("version").filter(|version| !version.is_null());
    if version.is_some_and(|version| version.as_u64().is_none()) {
        problems.invalid(format!("{path}.version"), "`version` must be a non-negative integer");
    }
    // Every record has an id, so a field `id` declares nothing new.
    let fields = fields(item, "fields", path, problems).into_iter().filter(|field| field.name != "id");
    let fields = fields.collect();
    let is_remote_only = boolean(item, "isRemoteOnly", path, problems);
    let storage = storage(item, name.as_deref().unwrap_or_default(), path, problems);
    Some(Resource {
        name: name?,
        version: version.and_then(Value::as_u64).unwrap_or(1),
        is_remote_only,
        fields,
        storage,
    })
}

fn storage(item: &Map<String, Value>, name: &str, path: &str, problems: &mut Problems) -> Storage {
    let empty = Map::new();
    let storage = member(item, "storage", path, problems).unwrap_or(&empty);
    let path = format!("{path}.storage");
    problems.ignore_keys(storage, &STORAGE_KEYS, &path);
    let id = id_columns(storage, &path, problems);
    Storage {
        table: string(storage, "table", &path, problems).unwrap_or_else(|| name.to_owned()),
        id_format: id_format(storage, id.len(), &path, problems),
        id,
        document: string(storage, "document", &path, problems),
        deleted_when: deleted_when(storage, &path, problems),
    }
}

/// `storage.id`: the name of a column, or an array of names for a key of several columns.
fn id_columns(storage: &Map<String, Value>, path: &str, problems: &mut Problems) -> Vec<String> {
    let Some(Value::Array(items)) = storage.get("id") else {
        return vec![string(storage, "id", path, problems).unwrap_or_else(|| "id".to_owned())];
    };
    let path = format!("{path}.id");
    if items.is_empty() {
        problems.invalid(path, "`id` must name at least one column");
        return vec!["id".to_owned()];
    }
    let mut columns: Vec<String> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let name = item.as_str().unwrap_or_default();
        if name.is_empty() {
            problems.invalid(format!("{path}[{index}]"), "must be the name of a column");
        } else if columns.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            // SQLite ignores the case of ASCII letters in names.
            problems.invalid(format!("{path}[{index}]"), format!("duplicate column `{name}`"));
        }
        // An invalid one too: the template has a place for it.
        columns.push(name.to_owned());
    }
    columns
}

/// `storage.idFormat`, which every key of several columns has (contract 1.1).
fn id_format(
    storage: &Map<String, Value>,
    columns: usize,
    path: &str,
    problems: &mut Problems,
) -> Option<IdFormat> {
    match string(storage, "idFormat", path, problems) {
        None => (columns > 1).then(|| IdFormat::of_columns(columns)),
        Some(template) => match IdFormat::parse(&template, columns) {
            Ok(format) => Some(format),
            Err(message) => {
                problems.invalid(format!("{path}.idFormat"), format!("`idFormat` {message}"));
                None
            }
        },
    }
}
