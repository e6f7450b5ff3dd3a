//! Error codes of the DataFn protocol and of the result (contract 3.5 and 4). Errors that carry them are
//! [`super::ErrorBody`].
//!
//! The set is open: a server may define other codes, which are passed on unchanged.
//!
//! ```
//! use synctool::protocol::{ErrorBody, ROOT_PATH, code};
//!
//! let error = ErrorBody::new(code::LIMIT_EXCEEDED, "at most 1000 mutations in one push", ROOT_PATH);
//! assert_eq!(error.code, "LIMIT_EXCEEDED");
//! ```

/// An option, a request or a value is invalid.
pub const DFQL_INVALID: &str = "DFQL_INVALID";
/// The schema has no resource of this name.
pub const DFQL_UNKNOWN_RESOURCE: &str = "DFQL_UNKNOWN_RESOURCE";
/// The schema has no field, or no join metadata field, of this name.
pub const DFQL_UNKNOWN_FIELD: &str = "DFQL_UNKNOWN_FIELD";
/// The schema has no relation of this name.
pub const DFQL_UNKNOWN_RELATION: &str = "DFQL_UNKNOWN_RELATION";
/// The schema is invalid.
pub const SCHEMA_INVALID: &str = "SCHEMA_INVALID";
/// The server could not be reached, or violated the protocol.
pub const TRANSPORT_ERROR: &str = "TRANSPORT_ERROR";
/// The credentials are missing, wrong or insufficient.
pub const FORBIDDEN: &str = "FORBIDDEN";
/// A read or write of a database failed.
pub const STORAGE_ERROR: &str = "STORAGE_ERROR";
/// The run was interrupted.
pub const CANCELLED: &str = "CANCELLED";
/// The server neither applied nor rejected a mutation.
pub const NOT_ACKNOWLEDGED: &str = "NOT_ACKNOWLEDGED";
/// The server's state differs from the database.
pub const NOT_EQUAL: &str = "NOT_EQUAL";
/// A request or a value exceeds a limit of the server.
pub const LIMIT_EXCEEDED: &str = "LIMIT_EXCEEDED";
/// An `insert` names an id that exists.
pub const CONFLICT: &str = "CONFLICT";
/// A record or a route does not exist.
pub const NOT_FOUND: &str = "NOT_FOUND";
/// A pull's cursor is before the horizon of the deletes that the server has forgotten.
pub const CURSOR_EXPIRED: &str = "CURSOR_EXPIRED";
/// The server failed internally.
pub const INTERNAL: &str = "INTERNAL";
