//! `storage.deletedWhen` of a resource: the rows that the application has marked as deleted. The rest of
//! `storage` is read in [`super::resource`].

use serde_json::{Map, Value};

use super::member::{boolean, object, string};
use crate::schema::deleted_when::{DeletedRule, DeletedWhen, MarkerValue};
use crate::schema::error::{Result, invalid};

/// `deletedWhen` in `storage`; `None` when it is missing or `null`.
pub(super) fn deleted_when(storage: &Map<String, Value>, path: &str) -> Result<Option<DeletedWhen>> {
    let path = format!("{path}.deletedWhen");
    let item = match storage.get("deletedWhen") {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => object(value, &path)?,
    };
    let Some(column) = string(item, "column", &path)? else {
        return invalid(format!("{path}.column"), "is missing");
    };
    let rule = match (values(item, &path)?, boolean(item, "notNull", &path)?) {
        (Some(values), false) => DeletedRule::Values(values),
        (None, true) => DeletedRule::NotNull,
        (Some(_), true) => return invalid(path, "must have either `values` or `notNull`, not both"),
        (None, false) => return invalid(path, "must have `values`, or `notNull` as true"),
    };
    Ok(Some(DeletedWhen { column, rule }))
}

fn values(item: &Map<String, Value>, path: &str) -> Result<Option<Vec<MarkerValue>>> {
    let path = format!("{path}.values");
    match item.get("values") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) if !items.is_empty() => {
            let marker = |(index, item)| match marker_value(item) {
                Some(value) => Ok(value),
                None => invalid(format!("{path}[{index}]"), "must be a string, a number or a boolean"),
            };
            items.iter().enumerate().map(marker).collect::<Result<_>>().map(Some)
        }
        Some(_) => invalid(path, "must be an array with at least one value"),
    }
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

    fn parse(value: &Value) -> Result<Option<DeletedWhen>> {
        let storage = json!({"deletedWhen": value});
        deleted_when(storage.as_object().unwrap(), "s")
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
            assert_eq!(parse(&value).unwrap(), expected, "{value}");
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
            assert_eq!(parse(&value).unwrap_err().path, path, "{value}");
        }
    }
}
