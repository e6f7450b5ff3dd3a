//! Resources, and where their records are in the offline database.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::deleted_when::deleted_when;
use super::field::fields;
use super::member::{boolean, name, object, string};
use crate::protocol::GLOBAL_CURSOR;
use crate::schema::error::{Result, SchemaError, invalid, ok_or_collect};
use crate::schema::model::{IdFormat, Resource, Storage};

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
    Ok(Storage {
        table: string(storage, "table", &path)?.unwrap_or_else(|| name.to_owned()),
        id: string(storage, "id", &path)?.unwrap_or_else(|| "id".to_owned()),
        id_format: match string(storage, "idFormat", &path)? {
            None => None,
            Some(template) => match template.split_once("{}") {
                Some((prefix, suffix)) if !suffix.contains("{}") => {
                    Some(IdFormat { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
                }
                _ => return invalid(format!("{path}.idFormat"), "must contain `{}` exactly once"),
            },
        },
        document: string(storage, "document", &path)?,
        deleted_when: deleted_when(storage, &path)?,
    })
}
