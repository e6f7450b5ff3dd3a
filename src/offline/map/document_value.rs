//! The value that is uploaded for a value in a document (contract 1.1, `storage.document`). Which value
//! belongs to which field is known in [`super::document`] and [`super::document_text`].

use serde_json::Value;

use crate::offline::map::value::{Mapping, ValueError};
use crate::protocol::has_reserved_key;
use crate::schema::Type;

/// The value that is uploaded for a document's value.
pub(super) fn outward(mapping: &Mapping, value: &Value) -> Result<Value, ValueError> {
    if let (Some(format), false) = (&mapping.id_format, value.is_null()) {
        let key = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) if !number.is_f64() => number.to_string(),
            _ => return Err(ValueError::NotKey),
        };
        return Ok(Value::String(format.id(&[&key])));
    }
    match (&mapping.kind, value) {
        (_, Value::Null) | (Type::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (Type::Boolean, Value::Number(number)) => match number.as_u64() {
            Some(0) => Ok(Value::Bool(false)),
            Some(1) => Ok(Value::Bool(true)),
            _ => Err(ValueError::NotBoolean),
        },
        (Type::Boolean, _) => Err(ValueError::NotBoolean),
        // Documents that were made of columns hold JSON as text.
        (kind, Value::String(text)) if kind.is_json() && has_reserved_key(text.as_bytes()) => {
            Err(ValueError::ReservedKey)
        }
        (kind, Value::String(text)) if kind.is_json() => match serde_json::from_str(text) {
            Ok(parsed @ (Value::Object(_) | Value::Array(_))) => Ok(parsed),
            _ => Ok(value.clone()),
        },
        _ => Ok(value.clone()),
    }
}
