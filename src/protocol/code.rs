//! The error codes of the DataFn protocol and of the result (contract 3.5 and 4).
//!
//! Codes are open-ended: a server may name others, which are passed on as they are.

/// An option, a request or a value that is not as it must be.
pub const DFQL_INVALID: &str = "DFQL_INVALID";
/// A resource that the schema does not have.
pub const DFQL_UNKNOWN_RESOURCE: &str = "DFQL_UNKNOWN_RESOURCE";
/// A field or a join metadata column that the schema does not have.
pub const DFQL_UNKNOWN_FIELD: &str = "DFQL_UNKNOWN_FIELD";
/// A relation that the schema does not have.
pub const DFQL_UNKNOWN_RELATION: &str = "DFQL_UNKNOWN_RELATION";
/// A schema that cannot be used.
pub const SCHEMA_INVALID: &str = "SCHEMA_INVALID";
/// The server could not be reached, or did not speak the protocol.
pub const TRANSPORT_ERROR: &str = "TRANSPORT_ERROR";
/// The credentials are missing, wrong or not enough.
pub const FORBIDDEN: &str = "FORBIDDEN";
/// A database failed.
pub const STORAGE_ERROR: &str = "STORAGE_ERROR";
/// The run was interrupted.
pub const CANCELLED: &str = "CANCELLED";
/// The server neither applied nor rejected a mutation.
pub const NOT_ACKNOWLEDGED: &str = "NOT_ACKNOWLEDGED";
/// The server does not have what the database has.
pub const NOT_EQUAL: &str = "NOT_EQUAL";
/// More or larger than the server takes.
pub const LIMIT_EXCEEDED: &str = "LIMIT_EXCEEDED";
/// An `insert` of an id that exists.
pub const CONFLICT: &str = "CONFLICT";
/// A record or a route that does not exist.
pub const NOT_FOUND: &str = "NOT_FOUND";
/// The server failed for a reason of its own.
pub const INTERNAL: &str = "INTERNAL";
