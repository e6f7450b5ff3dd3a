//! The stores that a server can have. What differs between them is in their own folders, in
//! [`crate::server::group`] for pushes and in [`crate::server::feed`] for reads.

use std::sync::Arc;

use super::error::{Result, StoreError};
use super::overview::Overview;
#[cfg(feature = "postgres")]
use super::postgres::PostgresStore;
use super::sizes::{StoreConnections, StoreSizes};
use super::sqlite::{SqliteReader, SqliteStore};
use crate::blocking_pool::run_on_pool;

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
    /// The store id: made with the store, and changed only while no server has it open.
    pub(in crate::server) fn id(&self) -> &str {
        match self {
            Self::Sqlite(store) => store.id(),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.id(),
        }
    }

    /// The name of the engine.
    pub(in crate::server) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "PostgreSQL",
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

    /// Asks whether the store answers, and would make pushes durable. Returns the last step of the
    /// sequence.
    ///
    /// # Errors
    /// [`StoreError`] when it does not.
    pub(in crate::server) async fn check(&self) -> Result<u64> {
        match self {
            Self::Sqlite(store) => {
                store.check()?;
                self.sequence().await
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.sequence().await,
        }
    }

    /// Counts what the store holds; [`SizesCache`](super::SizesCache) remembers it.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub(in crate::server) async fn sizes(&self) -> Result<StoreSizes> {
        match self {
            Self::Sqlite(store) => read(Arc::clone(store), SqliteReader::sizes).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.sizes().await,
        }
    }

    /// What the page shows: the newest items, so many, with so many characters of their documents.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub(in crate::server) async fn overview(&self, newest: usize, characters: usize) -> Result<Overview> {
        match self {
            Self::Sqlite(store) => {
                read(Arc::clone(store), move |reader| {
                    let (sequence, live) = (reader.sequence(), reader.live()?);
                    Ok(Overview { sequence, live, newest: reader.newest(newest, characters)? })
                })
                .await
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.overview(newest, characters).await,
        }
    }

    /// The open connections to the store.
    pub(in crate::server) fn connections(&self) -> StoreConnections {
        match self {
            Self::Sqlite(store) => store.connections(),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.connections(),
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
    let reading = run_on_pool(move || work(&store.reader()?));
    reading.await.unwrap_or_else(|error| Err(StoreError::ReadTask(error)))
}
