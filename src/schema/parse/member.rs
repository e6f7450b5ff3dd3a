//! Typed reads of a JSON object's members, with the path of a member of the wrong type.
//!
//! A member that is missing or `null` is not an error here: [`super::resource`], [`super::field`]
//! and [`super::relation`] decide what is required.

use serde_json::{Map, Value};

use super::problems::Problems;

/// A value that must be an object.
pub(super) fn object<'a>(
    value: &'a Value,
    path: &str,
    problems: &mut Problems,
) -> Option<&'a Map<String, Value>> {
    let object = value.as_object();
    if object.is_none() {
        problems.invalid(path, "must be a JSON object");
    }
    object
}

/// A member that must be an object; `None` also when it is missing or `null`.
pub(super) fn member<'a>(
    item: &'a Map<String, Value>,
    key: &str,
    path: &str,
    problems: &mut Problems,
) -> Option<&'a Map<String, Value>> {
    let value = item.get(key).filter(|value| !value.is_null())?;
    object(value, &format!("{path}.{key}"), problems)
}

/// The member `name`, which must be a non-empty string.
pub(super) fn name(item: &Map<String, Value>, path: &str, problems: &mut Problems) -> Option<String> {
    required(item, "name", path, problems)
}

/// A member that must be there and a non-empty string.
pub(super) fn required(
    item: &Map<String, Value>,
    key: &str,
    path: &str,
    problems: &mut Problems,
) -> Option<String> {
    if item.get(key).is_none_or(Value::is_null) {
        problems.invalid(format!("{path}.{key}"), format!("`{key}` is missing"));
        return None;
    }
    string(item, key, path, problems)
}

/// A member that must be a non-empty string; `None` also when it is missing or `null`.
pub(super) fn string(
    item: &Map<String, Value>,
    key: &str,
    path: &str,
    problems: &mut Problems,
) -> Option<String> {
    match item.get(key) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(_) => {
            problems.invalid(format!("{path}.{key}"), format!("`{key}` must be a non-empty string"));
            None
        }
    }
}

/// A member that must be a boolean; `false` also when it is missing or `null`.
pub(super) fn boolean(item: &Map<String, Value>, key: &str, path: &str, problems: &mut Problems) -> bool {
    match item.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(_) => {
            problems.invalid(format!("{path}.{key}"), format!("`{key}` must be true or false"));
            false
        }
    }
}
