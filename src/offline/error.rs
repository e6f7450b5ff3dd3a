//! Errors of the offline database: typed where a caller decides on them.

use std::path::Path;

use rusqlite::ErrorCode;

use super::foreign_file::ForeignFile;
use crate::offline::row_location::RowLocation;

/// The path of an error of the database (contract 3.5).
pub const STORAGE_PATH: &str = "storage";

/// An error of the offline database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfflineError {
    /// The database cannot be read or written, or lacks what the schema needs.
    #[error("offline database: {what}{}", .source.as_ref().map(|error| format!(": {error}")).unwrap_or_default())]
    Storage {
        /// What kind of problem it is.
        kind: StorageKind,
        /// What was being done, and where.
        what: String,
        /// SQLite's own error, if it raised one.
        #[source]
        source: Option<rusqlite::Error>,
    },
    /// A row that cannot be uploaded (contract 3.5, exit status 2).
    #[error("{message}")]
    Data {
        /// The code that the result shows.
        code: &'static str,
        /// What is wrong with the row.
        message: String,
        /// The place of the row in upload order, and the field: `records[0].title`.
        path: String,
        /// Where the row is in the database, where that is known.
        location: Option<Box<RowLocation>>,
    },
    /// The run was cancelled while the database was being read.
    #[error("reading was interrupted")]
    Interrupted,
    /// The receiver of the rows was dropped, so reading ends.
    #[error("the receiver of the rows was dropped")]
    Stopped,
}

/// What kind of problem a database has: decides the hint below an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageKind {
    /// Another program holds a lock for longer than the busy timeout.
    Locked,
    /// A table or column that the schema needs is missing (contract 1.1).
    Missing,
    /// A constraint or trigger of a table refuses a pulled change (contract 1.2).
    Refused,
    /// The file is not a database that SQLite can read; with a guess what it is.
    Foreign(ForeignFile),
    /// A folder is named instead of a file.
    Folder,
    /// The file, or the folder of its journal, is read-only.
    NotWritable,
    /// Any other: the file, the disk, or its content.
    Other,
}

impl OfflineError {
    /// An error of the database that SQLite did not raise.
    pub(crate) fn storage(what: impl Into<String>) -> Self {
        Self::Storage { kind: StorageKind::Other, what: what.into(), source: None }
    }

    /// A table or column that the schema needs is missing.
    pub(super) fn missing(what: impl Into<String>) -> Self {
        Self::Storage { kind: StorageKind::Missing, what: what.into(), source: None }
    }

    /// Another program has held a lock for too long.
    pub(crate) fn locked(what: impl Into<String>) -> Self {
        Self::Storage { kind: StorageKind::Locked, what: what.into(), source: None }
    }

    /// For `map_err`: SQLite failed while doing `what`.
    pub(super) fn while_doing(what: impl Into<String>) -> impl FnOnce(rusqlite::Error) -> Self {
        |source| {
            let kind = match source.sqlite_error_code() {
                Some(ErrorCode::OperationInterrupted) => return Self::Interrupted,
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageKind::Locked,
                _ => StorageKind::Other,
            };
            Self::Storage { kind, what: what.into(), source: Some(source) }
        }
    }

    /// For `map_err`: the file at `path` cannot be used.
    pub(super) fn at(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        Self::while_doing(format!("cannot use {}", path.display()))
    }

    /// For `map_err`: the file at `path` cannot be opened as a database. Where SQLite cannot read its
    /// content, the message says what it may be.
    pub(super) fn opening(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| {
            let guess = match source.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => Some(ForeignFile::guess(path)),
                // Encrypted pages below a header in the clear are malformed, or of an unknown format.
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => {
                    Some(ForeignFile::guess(path)).filter(|guess| *guess == ForeignFile::Encrypted)
                }
                _ => None,
            };
            let Some(guess) = guess else { return Self::at(path)(source) };
            let what = format!("cannot use {}{}", path.display(), guess.clause());
            Self::Storage { kind: StorageKind::Foreign(guess), what, source: Some(source) }
        }
    }

    /// A row that cannot be uploaded.
    pub(super) fn data(code: &'static str, message: impl Into<String>, path: impl Into<String>) -> Self {
        Self::Data { code, message: message.into(), path: path.into(), location: None }
    }

    /// The same error with the location that `find` returns, if it is of a row and has none.
    pub(super) fn at_row(self, find: impl FnOnce() -> RowLocation) -> Self {
        match self {
            Self::Data { code, message, path, location: None } => {
                Self::Data { code, message, path, location: Some(Box::new(find())) }
            }
            other => other,
        }
    }

    /// Where the row that cannot be uploaded is in the database, where that is known.
    #[must_use]
    pub fn location(&self) -> Option<&RowLocation> {
        match self {
            Self::Data { location, .. } => location.as_deref(),
            _ => None,
        }
    }
}
