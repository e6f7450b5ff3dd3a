//! Typed reads of a JSON object's members, with the path of a member of the wrong type.
//!
//! A member that is missing or `null` is not an error here: [`super::resource`], [`super::field`]
//! and [`super::relation`] decide what is required.

use serde_json::{Map, Value};

use crate::schema::error::{Result, invalid};

pub(super) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>> {
    match value {
        Value::Object(object) => Ok(object),
        _ => invalid(path, "must be a JSON object"),
    }
}

/// The member `name`, which must be a non-empty string.
pub(super) fn name(item: &Map<String, Value>, path: &str) -> Result<String> {
    match string(item, "name", path)? {
        Some(name) => Ok(name),
        None => invalid(format!("{path}.name"), "is missing"),
    }
}

/// A member that must be a non-empty string; `None` when it is missing or `null`.
pub(super) fn string(item: &Map<String, Value>, key: &str, path: &str) -> Result<Option<String>> {
    match item.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => invalid(format!("{path}.{key}"), "must be a non-empty string"),
    }
}

/// A member that must be a boolean; `false` when it is missing or `null`.
pub(super) fn boolean(item: &Map<String, Value>, key: &str, path: &str) -> Result<bool> {
    match item.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => invalid(format!("{path}.{key}"), "must be true or false"),
    }
}
