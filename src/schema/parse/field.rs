//! Fields: of a record, and the metadata fields of a join row. What has fields is read in
//! [`super::resource`] and [`super::relation`].

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::member::{boolean, name, object, string};
use crate::schema::error::{Result, SchemaError, invalid, ok_or_collect};
use crate::schema::model::{Field, Type};

/// The fields in the array `key` of `item`, with a problem for each that is invalid.
pub(super) fn fields(
    item: &Map<String, Value>,
    key: &str,
    path: &str,
    problems: &mut Vec<SchemaError>,
) -> Result<Vec<Field>> {
    let path = format!("{path}.{key}");
    let items = match item.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return invalid(path, "must be an array"),
    };
    let mut found: Vec<Field> = Vec::with_capacity(items.len());
    let mut names = HashSet::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(field) = ok_or_collect(field(item, &path), problems) else { continue };
        if !names.insert(field.name.clone()) {
            let message = format!("duplicate name `{}`", field.name);
            problems.push(SchemaError { message, path: format!("{path}.name") });
        }
        found.push(field);
    }
    Ok(found)
}

fn field(item: &Value, path: &str) -> Result<Field> {
    let item = object(item, path)?;
    Ok(Field {
        name: name(item, path)?,
        kind: match string(item, "type", path)? {
            Some(name) => Type::named(name),
            None => return invalid(format!("{path}.type"), "is missing"),
        },
        required: boolean(item, "required", path)?,
        nullable: boolean(item, "nullable", path)?,
        column: string(item, "column", path)?,
    })
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
