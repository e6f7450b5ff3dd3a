//! Pulled changes that a table refuses: by a constraint, a trigger or the type of a column
//! (contract 1.2). Whether the pull goes on after one is decided in
//! [`crate::offline::write::page_writer`].

use rusqlite::ErrorCode;

use crate::offline::error::{OfflineError, StorageKind};
use crate::offline::sql::quoted;

/// The error of a change that the table drops without an error of SQLite.
pub(super) fn ignored(table: &str) -> OfflineError {
    let what = format!(
        "table {} drops the change: it has a trigger with RAISE(IGNORE), or a constraint with ON CONFLICT IGNORE",
        quoted(table)
    );
    OfflineError::Storage { kind: StorageKind::Refused, what, source: None }
}

/// Whether an error of a statement is about the row that it writes, and not about the file.
pub(crate) fn is_refusal(error: &OfflineError) -> bool {
    match error {
        OfflineError::Storage { kind: StorageKind::Refused, .. } => true,
        OfflineError::Storage { kind: StorageKind::Other, source: Some(source), .. } => matches!(
            source.sqlite_error_code(),
            // `Unknown` is SQLITE_ERROR: a trigger that cannot be run.
            Some(
                ErrorCode::ConstraintViolation
                    | ErrorCode::TypeMismatch
                    | ErrorCode::TooBig
                    | ErrorCode::AuthorizationForStatementDenied
                    | ErrorCode::Unknown
            )
        ),
        _ => false,
    }
}

/// The error of a pulled change that its table refuses, with the resource and the id; other errors
/// as they are.
pub(crate) fn with_subject(error: OfflineError, resource: &str, id: Option<&str>) -> OfflineError {
    if !is_refusal(&error) {
        return error;
    }
    let OfflineError::Storage { what, source, .. } = error else { return error };
    let id = id.map_or_else(String::new, |id| format!(" {id:?}"));
    let what =
        format!("the pulled change of `{resource}`{id} is refused, and its page is not written: {what}");
    OfflineError::Storage { kind: StorageKind::Refused, what, source }
}
