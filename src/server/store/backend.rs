//! The stores that a server can have. What differs between them is in their own folders, in
//! [`crate::server::group`] for pushes and in [`crate::server::feed`] for reads.

use std::sync::Arc;

use super::error::{Result, StoreError};
#[cfg(feature = "postgres")]
use super::postgres::PostgresStore;
use super::sqlite::{SqliteReader, SqliteStore};

/// The store of a server. Clones share it.
#[derive(Clone)]
pub(in crate::server) enum Store {
    /// One SQLite file.
    Sqlite(Arc<SqliteStore>),
    /// A schema in a PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres(Arc<PostgresStore>),
}

impl Store {
    /// The store id: made with the store, never changed.
    pub(in crate::server) fn id(&self) -> &str {
        match self {
            Self::Sqlite(store) => store.id(),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.id(),
        }
    }

    /// The last step of the sequence.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub(in crate::server) async fn sequence(&self) -> Result<u64> {
        match self {
            Self::Sqlite(store) => read(Arc::clone(store), |reader| Ok(reader.sequence())).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.sequence().await,
        }
    }
}

/// Reads a snapshot of a file, on a thread of the blocking pool.
///
/// # Errors
/// [`StoreError`] when the store cannot be read or `work` panics.
pub(in crate::server) async fn read<T: Send + 'static>(
    store: Arc<SqliteStore>,
    work: impl FnOnce(&SqliteReader) -> Result<T> + Send + 'static,
) -> Result<T> {
    let reading = tokio::task::spawn_blocking(move || work(&store.reader()?));
    reading.await.unwrap_or_else(|error| Err(StoreError::ReadTask(error)))
}
