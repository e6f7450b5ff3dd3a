//! From JSON back to a SQLite value, for a pulled record: the inverse of [`super::value`]
//! (contract 1.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::types::{Value as SqlValue, ValueRef};
use serde_json::Value;

use crate::mutation::canonical::write_value;
use crate::offline::map::keys::local_key;
use crate::offline::map::value::Mapping;
use crate::schema::Type;

impl Mapping {
    /// Whether a pulled value can be stored so that it can be uploaded again: a boolean field
    /// takes nothing but booleans and null.
    pub(crate) fn accepts(&self, pulled: &Value) -> bool {
        self.kind != Type::Boolean || pulled.is_boolean() || pulled.is_null()
    }

    /// Whether a stored value maps to the pulled one, so that it need not be replaced.
    pub(crate) fn maps_to(&self, stored: ValueRef<'_>, pulled: &Value) -> bool {
        let (mut mapped, mut canonical) = (Vec::new(), Vec::new());
        write_value(&mut canonical, pulled);
        self.write(&mut mapped, stored).is_ok() && mapped == canonical
    }

    /// The value to store for a pulled one. A string becomes a BLOB where the column is declared
    /// for BLOBs or `stored`, the value that it replaces, is one.
    pub(crate) fn to_sql(&self, pulled: &Value, stored: ValueRef<'_>, is_blob_column: bool) -> SqlValue {
        match pulled {
            Value::Null => SqlValue::Null,
            _ if self.kind.is_json() => SqlValue::Text(pulled.to_string()),
            Value::Bool(flag) => SqlValue::Integer((*flag).into()),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => SqlValue::Integer(integer),
                (None, Some(double)) => SqlValue::Real(double),
                (None, None) => SqlValue::Text(number.to_string()),
            },
            Value::String(text) => {
                let is_blob = is_blob_column || matches!(stored, ValueRef::Blob(_));
                if is_blob
                    && self.kind != Type::Boolean
                    && let Ok(bytes) = BASE64.decode(text)
                {
                    return SqlValue::Blob(bytes);
                }
                // An id of another template is stored as text.
                local_key(text, self.id_format.as_ref()).unwrap_or_else(|| SqlValue::Text(text.clone()))
            }
            Value::Array(_) | Value::Object(_) => SqlValue::Text(pulled.to_string()),
        }
    }
}
