//! From JSON back to a SQLite value, for a pulled record: the inverse of [`super::value`]
//! (contract 1.2). Texts are borrowed from the page, and no tree of values is built for them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};

use crate::mutation::canonical::write_value;
use crate::offline::map::value::{MAX_LEVELS, Mapping};
use crate::protocol::{JsonText, has_reserved_key, is_nested_deeper_than};
use crate::schema::Type;

impl Mapping {
    /// Whether a pulled value can be stored so that it can be uploaded again: a boolean field
    /// takes nothing but booleans and null, and no field takes JSON that the upload refuses.
    pub(crate) fn accepts(&self, pulled: JsonText<'_>) -> bool {
        if self.kind == Type::Boolean && pulled.as_bool().is_none() && !pulled.is_null() {
            return false;
        }
        let text = pulled.text().as_bytes();
        !matches!(text.first(), Some(b'{' | b'['))
            || !(is_nested_deeper_than(text, MAX_LEVELS) || has_reserved_key(text))
    }

    /// Whether a stored value maps to the pulled one, so that it need not be replaced.
    pub(crate) fn maps_to(&self, stored: ValueRef<'_>, pulled: JsonText<'_>) -> bool {
        match self.compare_without_json(stored, pulled) {
            Some(is_equal) => is_equal,
            None => self.compare_as_json(stored, pulled),
        }
    }

    /// [`Mapping::maps_to`] for the values for which it needs no JSON to be written.
    fn compare_without_json(&self, stored: ValueRef<'_>, pulled: JsonText<'_>) -> Option<bool> {
        if self.id_format.is_some() || self.kind.is_json() {
            return None;
        }
        match stored {
            ValueRef::Null => Some(pulled.is_null()),
            _ if pulled.is_null() => Some(false),
            ValueRef::Integer(flag @ (0 | 1)) if self.kind == Type::Boolean => {
                Some(pulled.as_bool() == Some(flag == 1))
            }
            _ if self.kind == Type::Boolean => Some(false),
            ValueRef::Text(text) => Some(pulled.as_str().is_some_and(|pulled| pulled.as_bytes() == text)),
            // The same number may be written in another way, such as 2.0.
            ValueRef::Integer(number) => (pulled.text().parse() == Ok(number)).then_some(true),
            ValueRef::Real(_) | ValueRef::Blob(_) => None,
        }
    }

    fn compare_as_json(&self, stored: ValueRef<'_>, pulled: JsonText<'_>) -> bool {
        let (mut mapped, mut canonical) = (BytesMut::new(), BytesMut::new());
        let Some(pulled) = pulled.to_value() else { return false };
        write_value(&mut canonical, &pulled);
        self.write(&mut mapped, &stored).is_ok() && mapped == canonical
    }

    /// The value to store for a pulled one. A string becomes a BLOB where the column is declared
    /// for BLOBs or `stored`, the value that it replaces, is one.
    ///
    /// An id that its template makes is not stored here but as a key ([`super::written_keys`]);
    /// another one is stored as text.
    pub(crate) fn to_sql<'p>(
        &self,
        pulled: JsonText<'p>,
        stored: ValueRef<'_>,
        is_blob_column: bool,
    ) -> ToSqlOutput<'p> {
        if pulled.is_null() {
            return ToSqlOutput::Owned(SqlValue::Null);
        }
        if self.kind.is_json() {
            return borrowed(pulled.text());
        }
        if let Some(flag) = pulled.as_bool() {
            return ToSqlOutput::Owned(SqlValue::Integer(flag.into()));
        }
        if let Some(number) = number(pulled) {
            return ToSqlOutput::Owned(number);
        }
        let Some(text) = pulled.as_str() else { return borrowed(pulled.text()) };
        let is_blob = is_blob_column || matches!(stored, ValueRef::Blob(_));
        if is_blob
            && self.kind != Type::Boolean
            && self.id_format.is_none()
            && let Ok(bytes) = BASE64.decode(&*text)
        {
            return ToSqlOutput::Owned(SqlValue::Blob(bytes));
        }
        match text {
            Cow::Borrowed(text) => borrowed(text),
            Cow::Owned(text) => ToSqlOutput::Owned(SqlValue::Text(text)),
        }
    }
}

/// A pulled number: an integer where 64 bits hold it, else a double.
fn number(pulled: JsonText<'_>) -> Option<SqlValue> {
    if !pulled.is_number() {
        return None;
    }
    let text = pulled.text();
    let double = || text.parse().ok().map(SqlValue::Real);
    text.parse().ok().map(SqlValue::Integer).or_else(double)
}

fn borrowed(text: &str) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    fn with_text<T>(text: &str, work: impl FnOnce(JsonText<'_>) -> T) -> T {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        work(JsonText::new(raw).unwrap())
    }

    fn mapping(kind: Type) -> Mapping {
        Mapping { kind, nullable: true, id_format: None }
    }

    #[test]
    fn a_pulled_value_is_stored_as_contract_1_2_says() {
        use SqlValue::{Blob, Integer, Null, Real, Text};
        let text = |text: &str| Text(text.to_owned());
        for (kind, is_blob, json, expected) in [
            (Type::Boolean, false, "true", Integer(1)),
            (Type::Boolean, false, "null", Null),
            (Type::Json, false, r#"{"b": [1.50]}"#, text(r#"{"b": [1.50]}"#)),
            (Type::Json, true, "\"AP8=\"", text("\"AP8=\"")),
            (Type::Array, false, "7", text("7")),
            (Type::Number, false, "9007199254740993", Integer(9_007_199_254_740_993)),
            (Type::Number, false, "-9223372036854775808", Integer(i64::MIN)),
            (Type::Number, false, "9223372036854775808", Real(9_223_372_036_854_775_808.0)),
            (Type::Number, false, "2.0", Real(2.0)),
            (Type::Number, false, "1e+21", Real(1e21)),
            (Type::Number, false, "\"7\"", text("7")),
            (Type::String, false, "false", Integer(0)),
            (Type::String, false, r#""a\"b""#, text("a\"b")),
            (Type::String, false, "[1, 2]", text("[1, 2]")),
            (Type::String, true, "\"AP8=\"", Blob(vec![0, 255])),
            (Type::String, true, "\"AP8\"", text("AP8")),
            (Type::String, true, "\"A\\u0050 8=\"", text("AP 8=")),
        ] {
            let stored = with_text(json, |pulled| {
                match mapping(kind.clone()).to_sql(pulled, ValueRef::Null, is_blob) {
                    ToSqlOutput::Borrowed(value) => SqlValue::try_from(value).unwrap(),
                    ToSqlOutput::Owned(value) => value,
                    other => panic!("{other:?}"),
                }
            });
            assert_eq!(stored, expected, "{kind:?} {json}");
        }
    }

    #[test]
    fn what_could_not_be_uploaded_again_is_not_accepted() {
        let deep = format!("{}{}", "[".repeat(MAX_LEVELS + 1), "]".repeat(MAX_LEVELS + 1));
        for (kind, json, expected) in [
            (Type::Boolean, "true", true),
            (Type::Boolean, "null", true),
            (Type::Boolean, "1", false),
            (Type::Json, &deep[1..deep.len() - 1], true),
            (Type::Json, &deep, false),
            (Type::Json, r#"[{"$serde_json::private::RawValue": "1"}]"#, false),
            (Type::String, r#""$serde_json::private::RawValue""#, true),
        ] {
            assert_eq!(with_text(json, |pulled| mapping(kind).accepts(pulled)), expected, "{json}");
        }
    }

    proptest! {
        /// Comparing without JSON gives the same result as comparing the JSON of both.
        #[test]
        fn a_stored_value_maps_to_the_pulled_one_if_their_json_is_equal(
            kind in prop::sample::select(vec![Type::Boolean, Type::Json, Type::String, Type::Number]),
            json in prop::sample::select(vec![
                "null", "true", "false", "0", "1", "-0", "2", "2.0", "0.5", "5e-1", "9007199254740993", "1e21",
                "\"\"", "\"a\"", "\"\\u0061\"", "\"2\"", "\"null\"", "\"YQ==\"", "[1]", "[1.0]", "{}",
            ]),
            stored in prop::sample::select(vec![
                SqlValue::Null, SqlValue::Integer(0), SqlValue::Integer(1), SqlValue::Integer(2),
                SqlValue::Integer(9_007_199_254_740_993), SqlValue::Real(9_007_199_254_740_992.0),
                SqlValue::Real(0.5), SqlValue::Real(2.0), SqlValue::Real(-0.0), SqlValue::Real(1e21),
                SqlValue::Real(f64::INFINITY), SqlValue::Text(String::new()), SqlValue::Text("a".to_owned()),
                SqlValue::Text("2".to_owned()), SqlValue::Text("null".to_owned()),
                SqlValue::Text("[1]".to_owned()), SqlValue::Text("\"a\"".to_owned()),
                SqlValue::Blob(b"a".to_vec()),
            ]),
        ) {
            let mapping = mapping(kind);
            let mut mapped = BytesMut::new();
            let is_mapped = mapping.write(&mut mapped, &(&stored).into()).is_ok();
            let mut canonical = BytesMut::new();
            write_value(&mut canonical, &serde_json::from_str(json).unwrap());
            let expected = is_mapped && mapped == canonical;
            prop_assert_eq!(with_text(json, |pulled| mapping.maps_to((&stored).into(), pulled)), expected);
        }
    }
}
