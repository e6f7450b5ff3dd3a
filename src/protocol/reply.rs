//! The envelopes that the server writes: of a result and of an error. Not how a client reads them (`envelope`).

use serde::Serialize;
use serde_json::{Value, json};

use super::error::ErrorBody;

/// The envelope of a result, for serialization.
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

/// The envelope of an error, with the path in both places where the dialects have it.
#[must_use]
pub fn failure(error: &ErrorBody) -> Value {
    json!({"ok": false, "error": {
        "code": error.code,
        "message": error.message,
        "path": error.path,
        "details": {"path": error.path},
    }})
}
