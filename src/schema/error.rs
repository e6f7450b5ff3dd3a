//! The error for an invalid schema, and the list of them that parsing collects. The checks are in
//! [`super::parse`].

/// A problem in a schema, and its path. Its code is `SCHEMA_INVALID`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid schema: {message}")]
pub struct SchemaError {
    /// A human-readable description of the problem.
    pub message: String,
    /// The place in the JSON, such as `resources[0].fields[2].type`; `$` for the whole text.
    pub path: String,
}

pub(super) type Result<T> = std::result::Result<T, SchemaError>;

pub(super) fn invalid<T>(path: impl Into<String>, message: impl Into<String>) -> Result<T> {
    Err(SchemaError { message: message.into(), path: path.into() })
}

/// The value; for an error `None`, and the error is added to the problems.
pub(super) fn ok_or_collect<T>(result: Result<T>, problems: &mut Vec<SchemaError>) -> Option<T> {
    result.map_err(|error| problems.push(error)).ok()
}
