//! The envelope around every answer: `{"ok":true,"result":…}` or `{"ok":false,"error":…}`.
//!
//! Servers may leave it out; [`unwrap`] gives the inside either way.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Parts, ROOT_PATH, code};

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
}

/// An error as servers write it: `{"code","message","path"}`, or with the path in
/// `{"details":{"path"}}`, or all of it in `{"error":{…}}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireError<'a> {
    #[serde(rename = "mutationId")]
    pub(super) mutation_id: Option<String>,
    code: Option<String>,
    message: Option<String>,
    path: Option<String>,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
    pub(super) error: Option<Box<Self>>,
}

impl WireError<'_> {
    pub(super) fn into_body(self) -> ErrorBody {
        // Servers put other things into the details too.
        let details = || Parts::read(self.details?.get()).ok()?.get::<String>("path").ok()?;
        let path = self.path.or_else(details).unwrap_or_else(|| ROOT_PATH.to_owned());
        let code = self.code.unwrap_or_else(|| code::INTERNAL.to_owned());
        ErrorBody { code, message: self.message.unwrap_or_default(), path }
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
/// [`NeitherDialect`] when a part of the envelope has the wrong type.
pub fn unwrap(answer: Parts<'_>) -> Result<Result<Parts<'_>, ErrorBody>, NeitherDialect> {
    let is_ok: Option<bool> = answer.get("ok")?;
    if is_ok == Some(false)
        && let Some(error) = answer.get::<WireError<'_>>("error")?
    {
        return Ok(Err(error.into_body()));
    }
    Ok(Ok(answer.get("result")?.unwrap_or(answer)))
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
            let answer = answer.to_string();
            let inside = unwrap(Parts::read(&answer).unwrap()).unwrap().unwrap();
            assert_eq!(inside.get("x").unwrap(), Some(1));
        }
    }

    fn error_of(answer: &Value) -> ErrorBody {
        unwrap(Parts::read(&answer.to_string()).unwrap()).unwrap().unwrap_err()
    }

    #[test]
    fn both_dialects_of_an_error_give_the_same_body() {
        let expected = ErrorBody::new("CONFLICT", "no", "id");
        for error in [
            json!({"code": "CONFLICT", "message": "no", "path": "id"}),
            json!({"code": "CONFLICT", "message": "no", "details": {"path": "id"}}),
            json!({"code": "CONFLICT", "message": "no", "path": "id", "details": {"path": "$"}}),
        ] {
            assert_eq!(error_of(&json!({"ok": false, "error": error})), expected);
        }
        assert_eq!(error_of(&failure(&expected)), expected);
    }

    #[test]
    fn what_is_no_envelope_is_neither_dialect() {
        for answer in [
            json!({"ok": 1}),
            json!({"ok": false, "error": "no"}),
            json!({"ok": true, "result": []}),
            json!({"ok": false, "error": {"code": 7}}),
        ] {
            let answer = answer.to_string();
            assert!(unwrap(Parts::read(&answer).unwrap()).is_err(), "{answer}");
        }
    }
}
