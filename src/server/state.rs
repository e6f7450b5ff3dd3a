//! What every request needs: the schema, the limits, the token and the store.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::group::GroupCommit;
use super::limits::Limits;
use super::rate::RateLimit;
use super::store::sqlite::SqliteStore;
use super::store::{Reader, Store, StoreError};
use crate::schema::Schema;
use crate::secret::Secret;

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// What it takes.
    pub schema: Schema,
    /// The SQLite file of its store; made if it is not there.
    pub data: PathBuf,
    /// What clients must send as `Authorization: Bearer …`; `None` lets everybody in.
    pub token: Option<Secret>,
    /// The most that it takes.
    pub limits: Limits,
}

/// A store that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {} as the server's store: {source}", .path.display())]
pub struct OpenError {
    path: PathBuf,
    source: StoreError,
}

/// A server that is ready to be served.
#[derive(Clone)]
pub struct State {
    pub(super) schema: Arc<Schema>,
    pub(super) limits: Limits,
    pub(super) store_id: String,
    pub(super) group_commit: GroupCommit,
    store: Arc<dyn Store>,
    pub(super) rate: Option<Arc<RateLimit>>,
    bodies: Arc<Semaphore>,
    /// Hashes compare in constant time and hide the token's length.
    token: Option<blake3::Hash>,
}

impl State {
    /// Opens the store, or makes it, and starts its group_commit.
    ///
    /// # Errors
    /// [`OpenError`] when the file cannot be used or is no store of this server.
    pub fn open(config: ServerConfig) -> Result<Self, OpenError> {
        let failed = |source| OpenError { path: config.data.clone(), source };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&config.data).map_err(failed)?);
        let schema = Arc::new(config.schema);
        let group_commit = GroupCommit::start(Arc::clone(&store), Arc::clone(&schema)).map_err(failed)?;
        Ok(Self {
            schema,
            limits: config.limits,
            store_id: store.id().to_owned(),
            group_commit,
            store,
            rate: config.limits.max_requests_per_second.map(|rate| Arc::new(RateLimit::new(rate))),
            bodies: Arc::new(Semaphore::new(config.limits.max_bodies.min(Semaphore::MAX_PERMITS))),
            token: config.token.map(|token| blake3::hash(token.expose().as_bytes())),
        })
    }

    /// Whether a request with this `Authorization` header may come in.
    pub(super) fn admits(&self, authorization: Option<&[u8]>) -> bool {
        let Some(expected) = &self.token else { return true };
        let given = authorization.and_then(|value| {
            let (scheme, token) = value.split_at_checked("Bearer ".len())?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
        });
        // The comparison of hashes takes the same time wherever they differ.
        given.is_some_and(|token| blake3::hash(token) == *expected)
    }

    /// Waits until there is room for a request's body. Whoever comes here has shown the token,
    /// so the room is not for strangers to take.
    pub(super) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.bodies.acquire().await.ok()
    }

    /// Reads from the store on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.store);
        let read = tokio::task::spawn_blocking(move || work(&mut *store.reader()?));
        read.await.unwrap_or_else(|error| Err(StoreError::ReadTask(error)))
    }
}
