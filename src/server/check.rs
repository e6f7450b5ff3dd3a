//! Whether a mutation fits the schema, as far as that shows without the store.

use serde_json::{Map, Value};

use super::request::invalid;
use crate::protocol::{ErrorBody, code};
use crate::schema::{Field, Resource, Schema, Type};

type Result<T> = std::result::Result<T, ErrorBody>;

/// The parts of a mutation that every operation has.
#[derive(Debug)]
pub(super) struct Mutation<'a> {
    pub(super) resource: &'a Resource,
    pub(super) operation: &'a str,
    pub(super) id: &'a str,
    object: &'a Map<String, Value>,
}

impl<'a> Mutation<'a> {
    /// Reads the parts; the mutation id has been read already.
    pub(super) fn read(object: &'a Map<String, Value>, client_id: &str, schema: &'a Schema) -> Result<Self> {
        if text(object, "clientId")? != client_id {
            return Err(invalid("clientId", "must be that of the request"));
        }
        let name = text(object, "resource")?;
        let resource = schema.resource(name).ok_or_else(|| {
            ErrorBody::new(code::DFQL_UNKNOWN_RESOURCE, format!("Unknown resource: {name}"), "resource")
        })?;
        Ok(Self { resource, operation: text(object, "operation")?, id: text(object, "id")?, object })
    }

    /// The record, each of its fields checked, and what is wrong with it where it is all there
    /// will be: then nothing required may be missing.
    pub(super) fn record(&self) -> Result<(Map<String, Value>, Option<ErrorBody>)> {
        let Some(Value::Object(given)) = self.object.get("record") else {
            return Err(invalid("record", "must be object"));
        };
        let mut record = given.clone();
        // Some clients repeat the id in the record.
        if record.get("id").and_then(Value::as_str) == Some(self.id) && self.resource.field("id").is_none() {
            record.remove("id");
        }
        check_fields(&record, &self.resource.fields, "record")?;
        let missing =
            self.resource.fields.iter().find(|field| field.required && !record.contains_key(&field.name));
        let missing = missing.map(|field| invalid(format!("record.{}", field.name), "is required"));
        Ok((record, missing))
    }

    /// The relations, by name.
    pub(super) fn relations(&self) -> Result<&'a Map<String, Value>> {
        match self.object.get("relations") {
            Some(Value::Object(relations)) => Ok(relations),
            _ => Err(invalid("relations", "must be object")),
        }
    }
}

/// The records that a relation's value refers to, with the metadata of each:
/// `{"$ref": "g1", …}`, a bare id, or a list of them.
pub(super) fn references<'v>(
    value: &'v Value,
    metadata: &[Field],
    path: &str,
) -> Result<Vec<(&'v str, Map<String, Value>)>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    items
        .iter()
        .map(|item| match item {
            Value::String(id) => Ok((id.as_str(), Map::new())),
            Value::Object(object) => {
                let Some(Value::String(id)) = object.get("$ref") else {
                    return Err(invalid(format!("{path}.$ref"), "must be string"));
                };
                let mut row = object.clone();
                row.remove("$ref");
                check_fields(&row, metadata, path)?;
                Ok((id.as_str(), row))
            }
            _ => Err(invalid(path, "must be an id or an object with $ref")),
        })
        .collect()
}

/// A string that is not empty.
pub(super) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str> {
    match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(invalid(key, "must be string")),
    }
}

fn check_fields(given: &Map<String, Value>, fields: &[Field], path: &str) -> Result<()> {
    for (name, value) in given {
        let path = format!("{path}.{name}");
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            return Err(ErrorBody::new(code::DFQL_UNKNOWN_FIELD, format!("Unknown field: {name}"), path));
        };
        let expected = match (&field.kind, value) {
            (Type::Json, _)
            | (Type::Boolean, Value::Bool(_))
            | (Type::Object, Value::Object(_))
            | (Type::Array, Value::Array(_))
            | (Type::String, Value::String(_))
            | (Type::Number, Value::Number(_)) => continue,
            (_, Value::Null) if field.nullable => continue,
            (Type::Other(_), Value::Null) => "must not be null",
            (Type::Other(_), _) => continue,
            (Type::Boolean, _) => "must be boolean",
            (Type::Object, _) => "must be object",
            (Type::Array, _) => "must be array",
            (Type::String, _) => "must be string",
            (Type::Number, _) => "must be number",
        };
        return Err(invalid(path, expected));
    }
    Ok(())
}
