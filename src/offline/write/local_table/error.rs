//! The error of a statement that fails. A change that a table refuses is in [`super::refusal`].

use crate::offline::error::OfflineError;
use crate::offline::sql::quoted;

/// For `map_err`: SQLite failed to write the table.
pub(super) fn failed(table: &str) -> impl FnOnce(rusqlite::Error) -> OfflineError {
    // The text is made only for an error, and not for every record.
    move |error| OfflineError::while_doing(format!("cannot write table {}", quoted(table)))(error)
}
