//! Why a clone is refused before anything is written: typed, because such a file or schema is the user's to
//! change, unlike an error of the database.

use std::path::PathBuf;

use crate::offline::error::OfflineError;

/// Why a clone cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloneError {
    /// A table of the schema holds rows, and they are not those of an interrupted clone.
    #[error(
        "table \"{table}\" of {} holds rows: a clone needs a new file or empty tables (to bring a database up to \
         date, use cloneup, which pulls after its upload)",
        path.display()
    )]
    HoldsRows {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
    },
    /// The file is an interrupted clone of another server.
    #[error(
        "{} is an interrupted clone of another server ({begun}; this one is {now}): continue it with that server, \
         or remove the file",
        path.display()
    )]
    OtherServer {
        /// The file.
        path: PathBuf,
        /// The store id or URL of the server that the clone was begun with.
        begun: String,
        /// That of this one.
        now: String,
    },
    /// The file is an interrupted clone that was begun with another schema.
    #[error(
        "{} is an interrupted clone that was begun with another schema: use that one (without --schema it is read \
         from the file), or remove the file",
        .0.display()
    )]
    OtherSchema(PathBuf),
    /// Two fields would have the same column.
    #[error(
        "the fields `{}` and `{}` would have the same column of table \"{table}\", since SQLite ignores case: give \
         one of them another `column` in the schema",
        fields[0], fields[1]
    )]
    SharedColumn {
        /// The table.
        table: String,
        /// The fields' names.
        fields: [String; 2],
    },
    /// A table is there that nothing can be written to.
    #[error("table \"{0}\" cannot be written to: it is a view, or lacks a column of the id")]
    NotWritable(String),
    /// The database.
    #[error(transparent)]
    Offline(#[from] OfflineError),
}
