//! Why a store failed. The answer to a client says only that it failed; the log gets the message.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

#[cfg(feature = "postgres")]
use super::postgres::PostgresError;

/// The result of a store operation.
pub(in crate::server) type Result<T> = std::result::Result<T, StoreError>;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub(in crate::server) enum StoreError {
    /// SQLite reported an error.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// There is no file.
    #[error("it does not exist")]
    Missing,
    /// The file holds tables, but not those of this server.
    #[error("it is another program's database; name a new file")]
    ForeignDatabase,
    /// The file was written by a version of this server with another table layout.
    #[error("its format {0} is not that of this version")]
    UnknownFormat(i32),
    /// Another process holds the store's lock file, named here.
    #[error("another server is using it and holds {}; stop that one, or name another file with --data", .0.display())]
    InUse(PathBuf),
    /// The operating system refused to create or lock the lock file.
    #[error("cannot lock {}: {source}", .path.display())]
    Lock { path: PathBuf, source: io::Error },
    /// The write-ahead log could not be opened.
    #[error("cannot open the write-ahead log {}: {source}", .path.display())]
    OpenWal { path: PathBuf, source: io::Error },
    /// The write-ahead log could not be forced to the disk.
    #[error("cannot write the write-ahead log to the disk: {0}")]
    SyncWal(#[source] io::Error),
    /// An earlier sync failed, so nothing can be made durable any more.
    #[error("an earlier write of the write-ahead log to the disk failed; restart the server")]
    EarlierSyncFailed,
    /// A stored document is not a JSON object.
    #[error("a document is damaged: {0}")]
    DamagedDocument(#[source] serde_json::Error),
    /// The thread of a reader panicked or was cancelled.
    #[error("reading failed: {0}")]
    ReadTask(#[source] tokio::task::JoinError),
    /// The writer's thread could not be started.
    #[error("cannot start the writer: {0}")]
    StartWriter(#[source] io::Error),
    /// The writer's thread has ended, so that pushes are no longer applied.
    #[error("the writer has stopped")]
    WriterStopped,
    /// PostgreSQL has failed in a way that another try does not change.
    #[cfg(feature = "postgres")]
    #[error("{0}")]
    Postgres(#[source] PostgresError),
    /// The store could not be reached, or could not commit, for as long as a request waits.
    #[cfg(feature = "postgres")]
    #[error("it cannot be reached: {0}")]
    Unavailable(#[source] PostgresError),
    /// The transaction or sync failed that this push shared with others (group commit).
    #[error("{0}")]
    Group(#[source] Arc<StoreError>),
}

impl StoreError {
    /// Whether the store may be there again soon, so that a client should send its request again.
    pub(in crate::server) fn is_temporary(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Unavailable(_) => true,
            Self::Group(error) => error.is_temporary(),
            _ => false,
        }
    }
}
