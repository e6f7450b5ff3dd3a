//! The declared type of a column for a field: one that stores every pulled value as it is, so that a
//! later upload makes the same mutation of it.

use crate::schema::{DeletedRule, DeletedWhen, MarkerValue, Type};

/// Names of types whose values are binary, which JSON has as base64 strings.
const BINARY: [&str; 4] = ["binary", "blob", "bytes", "file"];

/// The declared type for a field of this type; empty where any would convert some of its values. Numbers
/// have none: a column for doubles would store large integers inexactly, and one for integers would
/// store large doubles as integers, which have other digits.
pub(super) fn of_field(kind: &Type) -> &'static str {
    match kind {
        Type::Boolean => "INTEGER",
        Type::Json | Type::Object | Type::Array | Type::String => "TEXT",
        Type::Other(name) if BINARY.contains(&name.to_ascii_lowercase().as_str()) => "BLOB",
        Type::Number | Type::Other(_) => "",
    }
}

/// The declared type for a column that is no field and marks deleted rows.
pub(super) fn of_marker(marker: &DeletedWhen) -> &'static str {
    let DeletedRule::Values(values) = &marker.rule else { return "" };
    let all = |is: fn(&MarkerValue) -> bool| values.iter().all(is);
    if all(|value| matches!(value, MarkerValue::Text(_))) {
        "TEXT"
    } else if all(|value| matches!(value, MarkerValue::Integer(_))) {
        "INTEGER"
    } else {
        ""
    }
}
