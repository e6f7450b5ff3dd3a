//! The envelope around every answer: `{"ok":true,"result":…}` or `{"ok":false,"error":…}`.
//!
//! Servers may leave it out; [`unwrap`] gives the inside either way.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{ROOT_PATH, code};

/// One error as the protocol words it, normalized from both dialects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A code such as those of [`code`]; servers may have their own.
    pub code: String,
    /// What happened, for a person.
    pub message: String,
    /// Where: an option, a field, a place in a request; [`ROOT_PATH`] for all of it.
    pub path: String,
}

impl ErrorBody {
    /// An error with its code, message and path.
    pub fn new(code: &str, message: impl Into<String>, path: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), path: path.into() }
    }

    /// Reads `{"code","message","path"}` or `{"code","message","details":{"path"}}`.
    pub(super) fn from_json(object: &Map<String, Value>) -> Result<Self, NeitherDialect> {
        let text = |object: &Map<String, Value>, key: &str, default: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(default.to_owned()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(NeitherDialect::new(format!("an error's `{key}` is no string"))),
        };
        let nested = object.get("details").and_then(Value::as_object);
        let default_path = match nested {
            Some(details) => text(details, "path", ROOT_PATH)?,
            None => ROOT_PATH.to_owned(),
        };
        Ok(Self {
            code: text(object, "code", code::INTERNAL)?,
            message: text(object, "message", "")?,
            path: text(object, "path", &default_path)?,
        })
    }
}

/// An answer that is JSON but none of the protocol's shapes (contract 3.3: a transport error).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NeitherDialect(String);

impl NeitherDialect {
    /// Says what is wrong with the answer, for a person.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Takes the envelope off an answer, if it has one.
///
/// The outer `Result` is about the protocol, the inner one is what the server said: its
/// result, or the error it has for the request as a whole.
///
/// # Errors
/// [`NeitherDialect`] when the answer is no object, or its parts have the wrong type.
pub fn unwrap(answer: Value) -> Result<Result<Map<String, Value>, ErrorBody>, NeitherDialect> {
    let Value::Object(mut object) = answer else {
        return Err(NeitherDialect::new("the answer is no JSON object"));
    };
    match object.get("ok") {
        None | Some(Value::Bool(_)) => {}
        Some(_) => return Err(NeitherDialect::new("`ok` is no boolean")),
    }
    if object.get("ok") == Some(&Value::Bool(false)) {
        match object.get("error") {
            Some(Value::Object(error)) => return Ok(Err(ErrorBody::from_json(error)?)),
            Some(_) => return Err(NeitherDialect::new("`error` is no object")),
            None => {}
        }
    }
    match object.remove("result") {
        None => Ok(Ok(object)),
        Some(Value::Object(result)) => Ok(Ok(result)),
        Some(_) => Err(NeitherDialect::new("`result` is no object")),
    }
}

/// The envelope of a good answer.
#[derive(Debug, Serialize)]
pub struct Success<T> {
    ok: bool,
    result: T,
}

impl<T> Success<T> {
    /// Puts a result into its envelope.
    pub fn new(result: T) -> Self {
        Self { ok: true, result }
    }
}

/// The envelope of an error. The path stands in both places where clients look for it.
#[must_use]
pub fn failure(error: &ErrorBody) -> Value {
    json!({"ok": false, "error": {
        "code": error.code,
        "message": error.message,
        "path": error.path,
        "details": {"path": error.path},
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_taken_off_and_may_be_missing() {
        for answer in [json!({"ok": true, "result": {"x": 1}}), json!({"x": 1})] {
            assert_eq!(unwrap(answer).unwrap().unwrap()["x"], 1);
        }
    }

    #[test]
    fn both_dialects_of_an_error_give_the_same_body() {
        let expected = ErrorBody::new("CONFLICT", "no", "id");
        for error in [
            json!({"code": "CONFLICT", "message": "no", "path": "id"}),
            json!({"code": "CONFLICT", "message": "no", "details": {"path": "id"}}),
            json!({"code": "CONFLICT", "message": "no", "path": "id", "details": {"path": "$"}}),
        ] {
            let answer = json!({"ok": false, "error": error});
            assert_eq!(unwrap(answer).unwrap().unwrap_err(), expected);
        }
        assert_eq!(unwrap(failure(&expected)).unwrap().unwrap_err(), expected);
    }

    #[test]
    fn what_is_no_envelope_and_no_object_is_neither_dialect() {
        for answer in [
            json!([]),
            json!("ok"),
            json!({"ok": 1}),
            json!({"ok": false, "error": "no"}),
            json!({"ok": true, "result": []}),
            json!({"ok": false, "error": {"code": 7}}),
        ] {
            assert!(unwrap(answer.clone()).is_err(), "{answer}");
        }
    }
}
