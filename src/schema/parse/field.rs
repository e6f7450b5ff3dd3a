//! Fields: of a record, and the metadata fields of a join row. What has fields is read in
//! [`super::resource`] and [`super::relation`].

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::member::{boolean, name, object, required, string};
use super::problems::Problems;
use crate::schema::model::{Field, Type};

/// The types that a value's mapping or check depends on (contract 1.2).
const TYPES: [&str; 6] = ["string", "number", "boolean", "json", "object", "array"];

/// What a field looks like.
const FIELD: &str = r#"objects such as {"name": "title", "type": "string"}"#;

const KEYS: [&str; 5] = ["name", "type", "required", "nullable", "column"];

/// The fields in the array `key` of `item`.
pub(super) fn fields(
    item: &Map<String, Value>,
    key: &str,
    path: &str,
    problems: &mut Problems,
) -> Vec<Field> {
    let path = format!("{path}.{key}");
    let items = match item.get(key) {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => {
            problems.invalid(path, format!("`{key}` must be an array of {FIELD}"));
            return Vec::new();
        }
    };
    let mut found: Vec<Field> = Vec::with_capacity(items.len());
    let mut names = HashSet::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(field) = field(item, &path, problems) else { continue };
        if !names.insert(field.name.clone()) {
            problems.invalid(format!("{path}.name"), format!("duplicate name `{}`", field.name));
        }
        found.push(field);
    }
    found
}

fn field(item: &Value, path: &str, problems: &mut Problems) -> Option<Field> {
    let item = object(item, path, problems)?;
    problems.ignore_keys(item, &KEYS, path);
    let name = name(item, path, problems);
    let kind = required(item, "type", path, problems).map(Type::named);
    if let Some(Type::Other(name)) = &kind {
        let message = format!("the type `{name}` is not known; its values are mapped as SQLite stores them");
        problems.ignore(format!("{path}.type"), message, name, TYPES);
    }
    let (required, nullable) =
        (boolean(item, "required", path, problems), boolean(item, "nullable", path, problems));
    let column = string(item, "column", path, problems);
    Some(Field { name: name?, kind: kind.unwrap_or(Type::String), required, nullable, column })
}

impl Type {
    fn named(name: String) -> Self {
        match name.as_str() {
            "boolean" => Self::Boolean,
            "json" => Self::Json,
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::String,
            "number" => Self::Number,
            _ => Self::Other(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_types_are_those_with_a_variant() {
        for name in TYPES {
            assert!(!matches!(Type::named(name.to_owned()), Type::Other(_)), "{name}");
        }
    }
}
