//! `storage.deletedWhen` of a resource: the rows that the application has marked as deleted. The rest of
//! `storage` is read in [`super::resource`].

use serde_json::{Map, Value};

use super::member::{boolean, member, required};
use super::problems::Problems;
use crate::schema::deleted_when::{DeletedRule, DeletedWhen, MarkerValue};

const KEYS: [&str; 3] = ["column", "values", "notNull"];

/// `deletedWhen` in `storage`; `None` when it is missing, `null` or invalid.
pub(super) fn deleted_when(
    storage: &Map<String, Value>,
    path: &str,
    problems: &mut Problems,
) -> Option<DeletedWhen> {
    let item = member(storage, "deletedWhen", path, problems)?;
    let path = format!("{path}.deletedWhen");
    problems.ignore_keys(item, &KEYS, &path);
    let column = required(item, "column", &path, problems);
    let has_values = item.get("values").is_some_and(|values| !values.is_null());
    let values = values(item, &path, problems);
    let rule = match (has_values, boolean(item, "notNull", &path, problems)) {
        (true, false) => DeletedRule::Values(values),
        (false, true) => DeletedRule::NotNull,
        (true, true) => {
            problems.invalid(path, "`deletedWhen` must have either `values` or `notNull`, not both");
            return None;
        }
        (false, false) if item.get("notNull").is_some_and(|flag| !flag.is_boolean() && !flag.is_null()) => {
            return None;
        }
        (false, false) => {
            problems.invalid(path, "`deletedWhen` must have `values`, or `notNull` as true");
            return None;
        }
    };
    Some(DeletedWhen { column: column?, rule })
}

fn values(item: &Map<String, Value>, path: &str, problems: &mut Problems) -> Vec<MarkerValue> {
    let path = format!("{path}.values");
    let items = match item.get("values") {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) if !items.is_empty() => items,
        Some(_) => {
            problems.invalid(path, "`values` must be an array with at least one value");
            return Vec::new();
        }
    };
    let mut values = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match marker_value(item) {
            Some(value) => values.push(value),
            None => problems.invalid(format!("{path}[{index}]"), "must be a string, a number or a boolean"),
        }
    }
    values
}

fn marker_value(value: &Value) -> Option<MarkerValue> {
    match value {
        Value::Bool(flag) => Some(MarkerValue::Integer(i64::from(*flag))),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Some(MarkerValue::Integer(integer)),
            None => number.as_f64().map(MarkerValue::Real),
        },
        Value::String(text) => Some(MarkerValue::Text(text.clone())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> (Option<DeletedWhen>, Vec<String>) {
        let (storage, mut problems) = (json!({"deletedWhen": value}), Problems::default());
        let parsed = deleted_when(storage.as_object().unwrap(), "s", &mut problems);
        (parsed, problems.errors.into_iter().map(|error| error.path).collect())
    }

    #[test]
    fn reads_both_forms_and_booleans_as_0_and_1() {
        let marker = |rule| Some(DeletedWhen { column: "c".to_owned(), rule });
        let (integer, text) = (MarkerValue::Integer, |text: &str| MarkerValue::Text(text.to_owned()));
        for (value, expected) in [
            (json!(null), None),
            (json!({"column": "c", "notNull": true}), marker(DeletedRule::NotNull)),
            (json!({"column": "c", "notNull": true, "values": null}), marker(DeletedRule::NotNull)),
            (
                json!({"column": "c", "values": ["x", 2, true, false, 0.5], "notNull": false}),
                marker(DeletedRule::Values(vec![
                    text("x"),
                    integer(2),
                    integer(1),
                    integer(0),
                    MarkerValue::Real(0.5),
                ])),
            ),
        ] {
            assert_eq!(parse(&value), (expected, Vec::new()), "{value}");
        }
    }

    #[test]
    fn reports_the_path_of_what_is_wrong() {
        for (value, path) in [
            (json!("c"), "s.deletedWhen"),
            (json!({"values": [1]}), "s.deletedWhen.column"),
            (json!({"column": "c"}), "s.deletedWhen"),
            (json!({"column": "c", "notNull": false}), "s.deletedWhen"),
            (json!({"column": "c", "notNull": true, "values": [1]}), "s.deletedWhen"),
            (json!({"column": "c", "notNull": 1}), "s.deletedWhen.notNull"),
            (json!({"column": "c", "values": []}), "s.deletedWhen.values"),
            (json!({"column": "c", "values": "deleted"}), "s.deletedWhen.values"),
            (json!({"column": "c", "values": ["x", null]}), "s.deletedWhen.values[1]"),
        ] {
            assert_eq!(parse(&value).1, [path], "{value}");
        }
    }
}
