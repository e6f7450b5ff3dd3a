//! From a SQLite value to JSON (contract 1.2), written as canonical JSON without a tree of values
//! between. The way back is in [`super::sql_value`].

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::BytesMut;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use serde_json::Value;

use crate::mutation::canonical::{write_double, write_integer, write_string, write_utf8, write_value};
use crate::mutation::canonical_text::{check_text, write_text};
use crate::protocol::{AnyJson, MAX_NESTING, has_reserved_key, is_nested_deeper_than};
use crate::schema::{IdFormat, Type};

/// The SQL function that says whether text is JSON: with it [`crate::offline::read`] checks rows
/// by the same rules by which it reads them.
pub(crate) const IS_JSON: &str = "synctool_is_json";

/// Why a value cannot be uploaded. The message is the rest of a sentence that begins with the
/// field's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("must be 0 or 1")]
    NotBoolean,
    #[error("must be JSON: {0}")]
    NotJson(String),
    #[error("must not have a key that begins with {}", crate::protocol::RESERVED_PREFIX)]
    ReservedKey,
    #[error("must not be infinite")]
    Infinite,
    #[error("must be valid UTF-8")]
    NotUtf8,
    #[error("must be an integer, text or a BLOB to become an id")]
    NotKey,
    #[error("must hold a JSON object")]
    NotObject,
}

/// How the value of a column becomes JSON.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    /// The declared type of the field.
    pub(crate) kind: Type,
    /// Whether NULL becomes `null`; otherwise the field is left out.
    pub(crate) nullable: bool,
    /// The template of the ids that the field refers to, where they have one.
    pub(crate) id_format: Option<IdFormat>,
}

impl Mapping {
    /// The value, if it is text that [`Self::write`] makes canonical: what a column of JSON holds.
    pub(crate) fn json_text<'v>(&self, value: ValueRef<'v>) -> Option<&'v [u8]> {
        match value {
            ValueRef::Text(text) if self.kind.is_json() && self.id_format.is_none() => Some(text),
            _ => None,
        }
    }

    /// Appends the value as canonical JSON.
    ///
    /// The caller leaves out a NULL of a field that is not nullable.
    pub(crate) fn write(&self, out: &mut BytesMut, value: &ValueRef<'_>) -> Result<(), ValueError> {
        if let (Some(format), false) = (&self.id_format, *value == ValueRef::Null) {
            // Long enough for most ids.
            let mut id = String::with_capacity(32);
            let mut written = Ok(());
            format.write_key(&mut id, 0, |id| written = write_key_text(id, *value));
            written?;
            id.push_str(format.text(format.columns()));
            write_string(out, &id);
            return Ok(());
        }
        match (&self.kind, *value) {
            (_, ValueRef::Null) => out.extend_from_slice(b"null"),
            (Type::Boolean, ValueRef::Integer(0)) => out.extend_from_slice(b"false"),
            (Type::Boolean, ValueRef::Integer(1)) => out.extend_from_slice(b"true"),
            (Type::Boolean, _) => return Err(ValueError::NotBoolean),
            (_, ValueRef::Integer(number)) => write_integer(out, number),
            (_, ValueRef::Real(number)) if number.is_finite() => write_double(out, number),
            (_, ValueRef::Real(_)) => return Err(ValueError::Infinite),
            (kind, ValueRef::Text(text)) if kind.is_json() => write_json(out, text)?,
            (kind, ValueRef::Blob(_)) if kind.is_json() => {
                return Err(ValueError::NotJson("it is a BLOB".to_owned()));
            }
            (_, ValueRef::Text(text)) => write_utf8(out, text).map_err(|_| ValueError::NotUtf8)?,
            (_, ValueRef::Blob(bytes)) => write_string(out, &BASE64.encode(bytes)),
        }
        Ok(())
    }
}

/// Appends the text of a column of JSON in its canonical form.
pub(super) fn write_json(out: &mut BytesMut, text: &[u8]) -> Result<(), ValueError> {
    let direct = std::str::from_utf8(text).ok().and_then(|text| write_text(out, text));
    if direct.is_none() {
        write_value(out, &parse_json(text)?);
    }
    Ok(())
}

/// The digits of a BLOB key.
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a key as the text from which a template makes an id: a BLOB is lower-case hexadecimal.
pub(crate) fn write_key_text(out: &mut String, value: ValueRef<'_>) -> Result<(), ValueError> {
    match value {
        // Writing to a string cannot fail.
        ValueRef::Integer(number) => _ = write!(out, "{number}"),
        ValueRef::Text(text) => out.push_str(utf8(text)?),
        ValueRef::Blob(bytes) => {
            let digits = |byte: &u8| [byte >> 4, byte & 0xf].map(|digit| HEX[usize::from(digit)]);
            out.extend(bytes.iter().flat_map(digits).map(char::from));
        }
        ValueRef::Null | ValueRef::Real(_) => return Err(ValueError::NotKey),
    }
    Ok(())
}

/// The text of a column, if it is valid UTF-8.
pub(super) fn utf8(text: &[u8]) -> Result<&str, ValueError> {
    std::str::from_utf8(text).map_err(|_| ValueError::NotUtf8)
}

/// How many levels deep JSON in a column may be nested: with the record and the mutation around
/// it, it is no deeper than [`MAX_NESTING`], which servers accept.
pub(crate) const MAX_LEVELS: usize = MAX_NESTING - 2;

/// Parses the JSON in a column.
///
/// An object with a reserved key is refused: as a tree of values it would be another one, and a
/// server could not give it back.
pub(super) fn parse_json(text: &[u8]) -> Result<Value, ValueError> {
    check_limits(text)?;
    serde_json::from_slice(text).map_err(|error| ValueError::NotJson(error.to_string()))
}

/// Checks what the parser does not.
fn check_limits(text: &[u8]) -> Result<(), ValueError> {
    if is_nested_deeper_than(text, MAX_LEVELS) {
        return Err(ValueError::NotJson(format!("it is nested more than {MAX_LEVELS} levels deep")));
    }
    if has_reserved_key(text) { Err(ValueError::ReservedKey) } else { Ok(()) }
}

/// Whether [`parse_json`] accepts a text; builds no tree, which for a large text takes many times
/// its size in memory.
fn is_json(text: &[u8]) -> bool {
    // Nearly always one pass is enough.
    std::str::from_utf8(text).is_ok_and(|text| check_text(text).is_some()) || is_json_by_parser(text)
}

fn is_json_by_parser(text: &[u8]) -> bool {
    check_limits(text).is_ok() && serde_json::from_slice::<AnyJson>(text).is_ok()
}

/// Registers [`IS_JSON`] with a connection.
pub(crate) fn register_is_json(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(IS_JSON, 1, flags, |context| {
        // SQLite may call it before it evaluates the condition on the type.
        Ok(matches!(context.get_raw(0), ValueRef::Text(text) if is_json(text)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(kind: Type, value: ValueRef<'_>) -> Result<String, ValueError> {
        let mapping = Mapping { kind, nullable: true, id_format: None };
        let mut out = BytesMut::new();
        mapping.write(&mut out, &value)?;
        Ok(String::from_utf8(out.into()).unwrap())
    }

    #[test]
    fn maps_every_type_and_value_as_contract_1_2_says() {
        use ValueRef::{Blob, Integer, Null, Real, Text};
        let other = || Type::Other("date".to_owned());
        let cases = [
            (Type::String, Null, "null"),
            (Type::Boolean, Null, "null"),
            (Type::Boolean, Integer(0), "false"),
            (Type::Boolean, Integer(1), "true"),
            (Type::Json, Text(br#"{"b": 1.0, "a": [18446744073709551615, -1]}"#), {
                r#"{"a":[18446744073709551615,-1],"b":1}"#
            }),
            (Type::Json, Text(br#"{"a": 1, "a": 2}"#), r#"{"a":2}"#),
            (Type::Json, Text(b"18446744073709551616"), "18446744073709552000"),
            (Type::Object, Text(b" null "), "null"),
            (Type::Array, Integer(5), "5"),
            (Type::Json, Real(0.5), "0.5"),
            (other(), Integer(9_007_199_254_740_993), "9007199254740993"),
            (Type::Number, Integer(i64::MIN), "-9223372036854775808"),
            (Type::Number, Real(1e21), "1e+21"),
            (Type::Number, Real(-0.0), "0"),
            (Type::Number, Text(b"7"), "\"7\""),
            (Type::String, Integer(7), "7"),
            (Type::String, Text("Zürich\u{1}".as_bytes()), "\"Zürich\\u0001\""),
            (other(), Blob(&[0, 255]), "\"AP8=\""),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(mapped(kind.clone(), value).as_deref(), Ok(expected), "{kind:?} {value:?}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_mapped_is_an_error() {
        use ValueRef::{Blob, Integer, Real, Text};
        let cases = [
            (Type::Boolean, Integer(2), ValueError::NotBoolean),
            (Type::Boolean, Real(1.0), ValueError::NotBoolean),
            (Type::Boolean, Text(b"true"), ValueError::NotBoolean),
            (Type::Number, Real(f64::INFINITY), ValueError::Infinite),
            (Type::Json, Real(f64::NEG_INFINITY), ValueError::Infinite),
            (Type::String, Text(b"\xff"), ValueError::NotUtf8),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(mapped(kind.clone(), value), Err(expected), "{kind:?} {value:?}");
        }
        let deep = format!("{}{}", "[".repeat(MAX_LEVELS + 1), "]".repeat(MAX_LEVELS + 1));
        assert!(mapped(Type::Json, Text(&deep.as_bytes()[1..deep.len() - 1])).is_ok());
        for value in [Text(deep.as_bytes()), Text(b"{"), Text(b""), Text(b"{a:1}"), Blob(b"{}")] {
            assert!(matches!(mapped(Type::Json, value), Err(ValueError::NotJson(_))), "{value:?}");
        }
    }
}
