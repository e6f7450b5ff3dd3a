//! Records stored as JSON objects in one column (contract 1.1, `storage.document`), both ways.
//! Fields that each have a column are mapped by [`super::value`]; keys that are no fields are counted in
//! [`super::unnamed_keys`].

use bytes::{BufMut as _, BytesMut};
use rusqlite::types::ValueRef;
use serde_json::{Map, Number, Value};

use crate::mutation::canonical::{write_string, write_value};
use crate::offline::map::document_size::document_size;
use crate::offline::map::document_text::DocumentText;
use crate::offline::map::document_value::outward;
use crate::offline::map::fields::MappedField;
use crate::offline::map::size::RowSize;
use crate::offline::map::value::{Mapping, ValueError, parse_json};
use crate::offline::sql::literal;
use crate::protocol::JsonText;
use crate::schema::Type;

/// Parses the document in a column.
pub(crate) fn parse(value: ValueRef<'_>) -> Result<Map<String, Value>, ValueError> {
    match value {
        ValueRef::Text(text) => match parse_json(text)? {
            Value::Object(document) => Ok(document),
            _ => Err(ValueError::NotObject),
        },
        _ => Err(ValueError::NotObject),
    }
}

/// The SQL expression for the value of a key in a document; `document` is a column's quoted name.
pub(crate) fn value_expression(document: &str, key: &str) -> String {
    format!("json_extract({document}, {})", literal(&format!("$.\"{key}\"")))
}

/// Whether the values of a document's fields take at most `max` bytes as JSON.
pub(crate) fn size_within(fields: &[MappedField], value: ValueRef<'_>, max: u64) -> RowSize {
    match value {
        ValueRef::Text(text) if text.len() as u64 > max => match document_size(fields, text) {
            bytes if bytes > max => RowSize::TooLarge { bytes },
            _ => RowSize::Fits,
        },
        _ => RowSize::Fits,
    }
}

/// A document that is read, not changed: without a tree where one is not needed.
pub(crate) enum Document<'d> {
    /// The members of its text.
    Text(DocumentText<'d>),
    /// The members where only a tree can tell.
    Tree(Map<String, Value>),
}

impl<'d> Document<'d> {
    /// Reads the document in a column.
    pub(crate) fn read(value: ValueRef<'d>) -> Result<Self, ValueError> {
        if let ValueRef::Text(text) = value
            && let Some(document) = DocumentText::read(text)
        {
            return Ok(Self::Text(document));
        }
        parse(value).map(Self::Tree)
    }

    /// All keys; one that is there twice may come twice.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let (text, tree) = match self {
            Self::Text(document) => (Some(document.keys()), None),
            Self::Tree(document) => (None, Some(document.keys().map(String::as_str))),
        };
        text.into_iter().flatten().chain(tree.into_iter().flatten())
    }

    /// Appends the canonical JSON object of the fields. An error comes with the field that cannot be mapped.
    pub(crate) fn write_fields<'f>(
        &self,
        out: &mut BytesMut,
        fields: &'f [MappedField],
    ) -> Result<(), (&'f MappedField, ValueError)> {
        match self {
            Self::Text(document) => document.write_fields(out, fields),
            Self::Tree(document) => write_fields(out, fields, document),
        }
    }
}

/// Appends the canonical JSON object of a parsed document's fields.
pub(super) fn write_fields<'f>(
    out: &mut BytesMut,
    fields: &'f [MappedField],
    document: &Map<String, Value>,
) -> Result<(), (&'f MappedField, ValueError)> {
    out.put_u8(b'{');
    for field in fields {
        // A missing key is like a column that holds NULL.
        let value = document.get(&field.column).unwrap_or(&Value::Null);
        if value.is_null() && !field.mapping.nullable {
            continue;
        }
        let value = outward(&field.mapping, value).map_err(|error| (field, error))?;
        field.write_key(out);
        write_value(out, &value);
    }
    out.put_u8(b'}');
    Ok(())
}

/// The text of a new document with a pulled record's values, one for each field. Fields that are null
/// have no key.
pub(crate) fn new_text(fields: &[MappedField], pulled: &[JsonText<'_>]) -> String {
    let mut out = BytesMut::from("{");
    for (field, pulled) in fields.iter().zip(pulled).filter(|(_, pulled)| !pulled.is_null()) {
        if out.len() > 1 {
            out.put_u8(b',');
        }
        write_string(&mut out, &field.column);
        out.put_u8(b':');
        let Mapping { kind, id_format, .. } = &field.mapping;
        match (pulled.as_str(), pulled.as_bool()) {
            (Some(id), _) if id_format.is_some() => {
                write_value(&mut out, &inward_key(&field.mapping, &id, &Value::Null));
            }
            (_, Some(flag)) if *kind == Type::Boolean => out.put_u8(b'0' + u8::from(flag)),
            _ => out.extend_from_slice(pulled.text().as_bytes()),
        }
    }
    out.put_u8(b'}');
    String::from_utf8(out.into()).expect("it is made of texts")
}

/// Writes a pulled record's values, one for each field, into a document: keys that are not fields stay,
/// and a value that already maps to the pulled one is not replaced (contract 1.2). Returns whether a
/// value was replaced.
pub(crate) fn merge(
    document: &mut Map<String, Value>,
    fields: &[MappedField],
    pulled: &[JsonText<'_>],
) -> bool {
    let mut has_changed = false;
    for (field, pulled) in fields.iter().zip(pulled) {
        // A value that cannot be a tree is not accepted for any field.
        let pulled = pulled.to_value().unwrap_or_default();
        let local = document.get(&field.column).unwrap_or(&Value::Null);
        if outward(&field.mapping, local).is_ok_and(|mapped| canonical(&mapped) == canonical(&pulled)) {
            continue;
        }
        let inward = inward(&field.mapping, pulled, local);
        document.insert(field.column.clone(), inward);
        has_changed = true;
    }
    has_changed
}

/// The value that is stored in the document for a pulled one, in the representation of the local value:
/// 0/1 for a boolean, text for nested JSON, a number for a key.
fn inward(mapping: &Mapping, pulled: Value, local: &Value) -> Value {
    match pulled {
        Value::String(id) if mapping.id_format.is_some() => inward_key(mapping, &id, local),
        Value::Bool(flag) if mapping.kind == Type::Boolean && !local.is_boolean() => {
            Value::Number(Number::from(u8::from(flag)))
        }
        Value::Object(_) | Value::Array(_) if local.is_string() => Value::String(pulled.to_string()),
        _ => pulled,
    }
}

/// The key that is stored in the document for the id of another record.
fn inward_key(mapping: &Mapping, id: &str, local: &Value) -> Value {
    let keys = mapping.id_format.as_ref().and_then(|format| format.keys(id));
    let key = keys.and_then(|mut keys| keys.pop()).unwrap_or_else(|| id.to_owned());
    match key.parse::<i64>() {
        Ok(number) if number.to_string() == key && !local.is_string() => Value::from(number),
        _ => Value::from(key),
    }
}

fn canonical(value: &Value) -> BytesMut {
    let mut out = BytesMut::new();
    write_value(&mut out, value);
    out
}
