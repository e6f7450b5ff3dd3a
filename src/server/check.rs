//! Checks values against the schema: a record's fields and a relation's references and metadata. What
//! needs the store, such as whether a record exists, is checked in [`super::apply`].

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::dfql::invalid;
use super::raw_json::{Key, Kind};
use crate::mutation::canonical_check::canonical_members;
use crate::protocol::{ErrorBody, code, has_reserved_key};
use crate::schema::{Field, Resource, Type};

type Result<T> = std::result::Result<T, ErrorBody>;

/// The findings about a record.
#[derive(Debug, Default)]
pub(super) struct CheckedRecord {
    /// The error of the first field that is unknown or has the wrong type.
    pub(super) wrong: Option<ErrorBody>,
    /// The error of the first required field that is missing. It counts only if the store has no such
    /// record yet (contract 4).
    pub(super) missing: Option<ErrorBody>,
    /// Whether there is a key `id` that is not a field of the schema.
    pub(super) repeats_id: bool,
}

/// Checks the fields of a record whose text is canonical, without parsing it again, and returns the
/// ranges of its members that are null. `None`: [`record`] has to check it.
pub(super) fn canonical_record(
    record: &str,
    resource: &Resource,
) -> Option<(CheckedRecord, Vec<Range<usize>>)> {
    let (mut check, mut nulls) = (RecordCheck::new(resource), Vec::new());
    canonical_members(record, &mut |member| {
        let kind = Kind::of_text(member.value);
        check.member(member.key, kind);
        if kind == Kind::Null {
            nulls.push(member.range);
        }
    })?;
    Some((check.finish(), nulls))
}

/// Checks the fields of a record.
///
/// # Errors
/// `serde_json`'s, for a value that is not JSON or not an object.
pub(super) fn record(record: &RawValue, resource: &Resource) -> serde_json::Result<CheckedRecord> {
    let mut deserializer = serde_json::Deserializer::from_str(record.get());
    deserializer.deserialize_map(RecordCheck::new(resource))
}

/// Checks a record's members one by one, without keeping them.
struct RecordCheck<'s> {
    fields: &'s [Field],
    indexes: Indexes<'s>,
    is_given: Vec<bool>,
    checked: CheckedRecord,
}

impl<'s> RecordCheck<'s> {
    fn new(resource: &'s Resource) -> Self {
        let fields = &resource.fields;
        let (indexes, is_given) = (Indexes::of(fields), vec![false; fields.len()]);
        Self { fields, indexes, is_given, checked: CheckedRecord::default() }
    }

    fn member(&mut self, name: &str, kind: Kind) {
        let place = self.indexes.find(name);
        match place {
            Some(index) => self.is_given[index] = true,
            // Some clients repeat the record's id among its fields.
            None if name == "id" => {
                self.checked.repeats_id = true;
                return;
            }
            None => {}
        }
        if self.checked.wrong.is_none() {
            let field = place.map(|index| &self.fields[index]);
            self.checked.wrong = check_field(field, name, kind, "record").err();
        }
    }

    fn finish(mut self) -> CheckedRecord {
        let missing =
            self.fields.iter().zip(self.is_given).find(|(field, is_given)| field.required && !is_given);
        self.checked.missing =
            missing.map(|(field, _)| invalid(format!("record.{}", field.name), "is required"));
        self.checked
    }
}

impl<'de> Visitor<'de> for RecordCheck<'_> {
    type Value = CheckedRecord;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(
        mut self,
        mut entries: A,
    ) -> std::result::Result<CheckedRecord, A::Error> {
        while let Some((Key(name), kind)) = entries.next_entry::<Key<'_>, Kind>()? {
            self.member(&name, kind);
        }
        Ok(self.finish())
    }
}

/// Minimum number of fields at which a map is faster than comparing names one by one.
const MIN_FIELDS_FOR_MAP: usize = 64;

/// The indexes of fields by their names.
enum Indexes<'s> {
    Few(&'s [Field]),
    Many(HashMap<&'s str, usize>),
}

impl<'s> Indexes<'s> {
    fn of(fields: &'s [Field]) -> Self {
        if fields.len() < MIN_FIELDS_FOR_MAP {
            return Self::Few(fields);
        }
        Self::Many(fields.iter().enumerate().map(|(place, field)| (field.name.as_str(), place)).collect())
    }

    fn find(&self, name: &str) -> Option<usize> {
        match self {
            Self::Few(fields) => fields.iter().position(|field| field.name == name),
            Self::Many(places) => places.get(name).copied(),
        }
    }
}

/// The problem of a value that `serde_json` would not store as it was sent: a pull of it would fail.
pub(super) const RESERVED_KEY: &str = "must not have a key that begins with $serde_json::private::";

/// The path of the field with a reserved key in its value, in a record that has such a key:
/// `record.meta`.
///
/// # Errors
/// `serde_json`'s, for a value that is not JSON or not an object.
pub(super) fn reserved_key_path(record: &RawValue) -> serde_json::Result<String> {
    let mut deserializer = serde_json::Deserializer::from_str(record.get());
    let name = deserializer.deserialize_map(ReservedKeySearch)?;
    Ok(name.map_or_else(|| "record".to_owned(), |name| format!("record.{name}")))
}

/// Finds the first field with a reserved key in its value; `None` where a field's name is one.
struct ReservedKeySearch;

impl<'de> Visitor<'de> for ReservedKeySearch {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some((Key(name), value)) = entries.next_entry::<Key<'_>, &RawValue>()? {
            if found.is_none() && has_reserved_key(value.get().as_bytes()) {
                found = Some(name.into_owned());
            }
        }
        Ok(found)
    }
}

/// Reads the value of a relation: the ids that it refers to, with the metadata of each. A reference is
/// `{"$ref": "g1", …}` or a bare id, and a value is one reference or an array of them.
///
/// # Errors
/// `DFQL_INVALID` for a value of another form, and the errors of [`field`] for the metadata.
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
            Value::String(id) if !id.is_empty() => Ok((id.as_str(), Map::new())),
            Value::Object(object) => {
                let id = object.get("$ref").and_then(Value::as_str).filter(|id| !id.is_empty());
                let Some(id) = id else {
                    return Err(invalid(format!("{path}.$ref"), "must be string"));
                };
                let mut row = object.clone();
                row.remove("$ref");
                for (name, value) in &row {
                    field(metadata, name, Kind::of(value), path)?;
                }
                Ok((id, row))
            }
            _ => Err(invalid(path, "must be an id or an object with $ref")),
        })
        .collect()
}

/// Checks that there is a field of this name and that it takes values of this kind.
///
/// # Errors
/// `DFQL_UNKNOWN_FIELD` or `DFQL_INVALID`, with the path `<path>.<name>`.
fn field(fields: &[Field], name: &str, kind: Kind, path: &str) -> Result<()> {
    check_field(fields.iter().find(|field| field.name == name), name, kind, path)
}

/// As [`field`], for a field that was looked up; `None` is an unknown one.
fn check_field(field: Option<&Field>, name: &str, kind: Kind, path: &str) -> Result<()> {
    let Some(field) = field else {
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
