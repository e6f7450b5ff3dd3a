//! What can go wrong with the offline database.

use std::path::Path;

use crate::protocol::{ErrorBody, code};

/// The path of an error of the database (contract 3.5).
const STORAGE_PATH: &str = "storage";

/// An error of the offline database.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The database could not be read or written, or is not what the schema says.
    #[error("offline database: {what}{}", .source.as_ref().map(|error| format!(": {error}")).unwrap_or_default())]
    Storage {
        /// What was being done, and where.
        what: String,
        /// What SQLite says.
        source: Option<rusqlite::Error>,
    },
    /// A row that cannot be uploaded as it is.
    #[error("{}", .0.message)]
    Data(ErrorBody),
    /// The consumer of the rows does not want any more of them.
    #[error("reading was stopped")]
    Stopped,
}

impl OfflineError {
    /// An error of the database that SQLite did not raise.
    pub(crate) fn storage(what: impl Into<String>) -> Self {
        Self::Storage { what: what.into(), source: None }
    }

    /// For `map_err`: SQLite failed while doing `what`.
    pub(crate) fn while_doing(what: impl Into<String>) -> impl FnOnce(rusqlite::Error) -> Self {
        |source| Self::Storage { what: what.into(), source: Some(source) }
    }

    /// For `map_err`: the file at `path` could not be used.
    pub(crate) fn at(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        Self::while_doing(format!("cannot use {}", path.display()))
    }

    /// A row that cannot be uploaded as it is: contract 3.5, exit status 2.
    pub(crate) fn data(code: &str, message: impl AsRef<str>, path: impl Into<String>) -> Self {
        Self::Data(ErrorBody::new(code, format!("Invalid cloneUp: {}", message.as_ref()), path))
    }

    /// The error as a result shows it.
    #[must_use]
    pub fn report(&self) -> ErrorBody {
        match self {
            Self::Data(body) => body.clone(),
            Self::Storage { .. } | Self::Stopped => {
                ErrorBody::new(code::STORAGE_ERROR, self.to_string(), STORAGE_PATH)
            }
        }
    }
}
