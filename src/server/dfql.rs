//! Errors in the wording of the DataFn protocol (contract 4). The HTTP status is not decided here but
//! by [`super::refusal`], or there is none, for an error of a single mutation.

use crate::protocol::{ErrorBody, ROOT_PATH, code};

/// `DFQL_INVALID`, "Invalid DFQL: `<path>` `<problem>`", at that path.
pub(super) fn invalid(path: impl Into<String>, problem: &str) -> ErrorBody {
    let path = path.into();
    ErrorBody::new(code::DFQL_INVALID, format!("Invalid DFQL: {path} {problem}"), path)
}

/// The error for a body that is not JSON, or not an object.
pub(super) fn invalid_json() -> ErrorBody {
    ErrorBody::new(code::DFQL_INVALID, "Invalid JSON", ROOT_PATH)
}

/// The error for a resource that the schema does not have.
pub(super) fn unknown_resource(name: &str, path: impl Into<String>) -> ErrorBody {
    ErrorBody::new(code::DFQL_UNKNOWN_RESOURCE, format!("Unknown resource: {name}"), path)
}

/// The error for a reference to a record that the store does not have.
pub(super) fn record_not_found(id: &str, path: &str) -> ErrorBody {
    ErrorBody::new(code::NOT_FOUND, format!("Record not found: {id}"), path)
}
