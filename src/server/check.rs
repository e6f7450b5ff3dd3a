//! Whether a mutation fits the schema, as far as that shows without the store.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::incoming::{Kind, MaybeText};
use super::request::invalid;
use crate::protocol::{ErrorBody, code};
use crate::schema::{Field, Resource, Type};

type Result<T> = std::result::Result<T, ErrorBody>;

/// What a record comes to.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// What is wrong with one of its fields.
    pub(super) wrong: Option<ErrorBody>,
    /// What is wrong with it where it is all there will be: then nothing required may be
    /// missing.
    pub(super) missing: Option<ErrorBody>,
    /// Whether it has the record's id too, which is no field of it.
    pub(super) repeats_id: bool,
}

/// Checks each field of a record.
///
/// # Errors
/// That of the parser, for what is no JSON.
pub(super) fn record(record: &RawValue, resource: &Resource) -> serde_json::Result<Checked> {
    let mut deserializer = serde_json::Deserializer::from_str(record.get());
    FieldsCheck(resource).deserialize(&mut deserializer)
}

/// Reads a record's fields and keeps none of them.
struct FieldsCheck<'s>(&'s Resource);

impl<'de> DeserializeSeed<'de> for FieldsCheck<'_> {
    type Value = Checked;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Checked, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsCheck<'_> {
    type Value = Checked;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Checked, A::Error> {
        let fields = &self.0.fields;
        let (mut checked, mut is_given) = (Checked::default(), vec![false; fields.len()]);
        while let Some((MaybeText(name), kind)) = entries.next_entry::<MaybeText<'_>, Kind>()? {
            let name = name.as_deref().unwrap_or_default();
            match fields.iter().position(|field| field.name == name) {
                Some(index) => is_given[index] = true,
                // Some clients repeat the id in the record.
                None if name == "id" => {
                    checked.repeats_id = true;
                    continue;
                }
                None => {}
            }
            if checked.wrong.is_none() {
                checked.wrong = field(fields, name, kind, "record").err();
            }
        }
        let missing = fields.iter().zip(is_given).find(|(field, is_given)| field.required && !is_given);
        checked.missing = missing.map(|(field, _)| invalid(format!("record.{}", field.name), "is required"));
        Ok(checked)
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
                for (name, value) in &row {
                    field(metadata, name, Kind::of(value), path)?;
                }
                Ok((id.as_str(), row))
            }
            _ => Err(invalid(path, "must be an id or an object with $ref")),
        })
        .collect()
}

/// Whether there is a field of this name, and a value of this kind may be in it.
fn field(fields: &[Field], name: &str, kind: Kind, path: &str) -> Result<()> {
    let Some(field) = fields.iter().find(|field| field.name == name) else {
        let path = format!("{path}.{name}");
        return Err(ErrorBody::new(code::DFQL_UNKNOWN_FIELD, format!("Unknown field: {name}"), path));
    };
    let expected = match (&field.kind, kind) {
        (Type::Json, _)
        | (Type::Boolean, Kind::Boolean)
        | (Type::Object, Kind::Object)
        | (Type::Array, Kind::Array)
        | (Type::String, Kind::String)
        | (Type::Number, Kind::Number) => return Ok(()),
        (_, Kind::Null) if field.nullable => return Ok(()),
        (Type::Other(_), Kind::Null) => "must not be null",
        (Type::Other(_), _) => return Ok(()),
        (Type::Boolean, _) => "must be boolean",
        (Type::Object, _) => "must be object",
        (Type::Array, _) => "must be array",
        (Type::String, _) => "must be string",
        (Type::Number, _) => "must be number",
    };
    Err(invalid(format!("{path}.{name}"), expected))
}
