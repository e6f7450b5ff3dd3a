//! Resources, and where their records are in the offline database. Their fields are read in
//! [`super::field`].

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::deleted_when::deleted_when;
use super::field::fields;
use super::member::{boolean, name, object, string};
use crate::protocol::GLOBAL_CURSOR;
use crate::schema::error::{Result, SchemaError, invalid, ok_or_collect};
use crate::schema::id_format::IdFormat;
use crate::schema::model::{Resource, Storage};

/// The resources in the array, with a problem for each that is invalid.
pub(super) fn resources(items: &[Value], problems: &mut Vec<SchemaError>) -> Vec<Resource> {
    let mut found: Vec<Resource> = Vec::with_capacity(items.len());
    let mut names = HashSet::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("resources[{index}]");
        let parsed = resource(item, &path, problems);
        let Some(resource) = ok_or_collect(parsed, problems) else { continue };
        if !names.insert(resource.name.clone()) {
            let message = format!("duplicate name `{}`", resource.name);
            problems.push(SchemaError { message, path: format!("{path}.name") });
        }
        found.push(resource);
    }
    found
}

fn resource(item: &Value, path: &str, problems: &mut Vec<SchemaError>) -> Result<Resource> {
    let item = object(item, path)?;
    let name = name(item, path)?;
    if name == GLOBAL_CURSOR {
        return invalid(format!("{path}.name"), format!("`{name}` is reserved for the global cursor"));
    }
    let version = match item.get("version") {
        None | Some(Value::Null) => 1,
        Some(value) => match value.as_u64() {
            Some(version) => version,
            None => return invalid(format!("{path}.version"), "must be a non-negative integer"),
        },
    };
    // Every record has an id, so a field `id` declares nothing new.
    let fields =
        fields(item, "fields", path, problems)?.into_iter().filter(|field| field.name != "id").collect();
    Ok(Resource {
        version,
        is_remote_only: boolean(item, "isRemoteOnly", path)?,
        fields,
        storage: storage(item, &name, path)?,
        name,
    })
}

fn storage(item: &Map<String, Value>, name: &str, path: &str) -> Result<Storage> {
    let empty = Map::new();
    let path = format!("{path}.storage");
    let storage = match item.get("storage") {
        None | Some(Value::Null) => &empty,
        Some(value) => object(value, &path)?,
    };
    let id = id_columns(storage, &path)?;
    Ok(Storage {
        table: string(storage, "table", &path)?.unwrap_or_else(|| name.to_owned()),
        id_format: id_format(storage, id.len(), &path)?,
        id,
        document: string(storage, "document", &path)?,
        deleted_when: deleted_when(storage, &path)?,
    })
}

/// `storage.id`: the name of a column, or an array of names for a key of several columns.
fn id_columns(storage: &Map<String, Value>, path: &str) -> Result<Vec<String>> {
    let Some(Value::Array(items)) = storage.get("id") else {
        return Ok(vec![string(storage, "id", path)?.unwrap_or_else(|| "id".to_owned())]);
    };
    let path = format!("{path}.id");
    let mut columns: Vec<String> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match item {
            // SQLite ignores the case of ASCII letters in names.
            Value::String(name) if columns.iter().any(|other| other.eq_ignore_ascii_case(name)) => {
                return invalid(format!("{path}[{index}]"), format!("duplicate column `{name}`"));
            }
            Value::String(name) if !name.is_empty() => columns.push(name.clone()),
            _ => return invalid(format!("{path}[{index}]"), "must be the name of a column"),
        }
    }
    if columns.is_empty() { invalid(path, "must name at least one column") } else { Ok(columns) }
}

/// `storage.idFormat`, which every key of several columns has (contract 1.1).
fn id_format(storage: &Map<String, Value>, columns: usize, path: &str) -> Result<Option<IdFormat>> {
    match string(storage, "idFormat", path)? {
        None => Ok((columns > 1).then(|| IdFormat::of_columns(columns))),
        Some(template) => match IdFormat::parse(&template, columns) {
            Ok(format) => Ok(Some(format)),
            Err(message) => invalid(format!("{path}.idFormat"), message),
        },
    }
}
