//! What all requests share: the schema, the limits, the token and the open store. The routes are in
//! [`super::router`].

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::activity::Activity;
use super::group::{Counters, GroupCommit};
use super::limits::Limits;
use super::metrics::Metrics;
use super::page::Page;
use super::rate::RateLimit;
use super::readiness::Readiness;
use super::retention::Retention;
#[cfg(feature = "postgres")]
use super::store::postgres::{self, PostgresConfig, PostgresStore};
use super::store::sqlite::SqliteStore;
use super::store::{SizesCache, Store, StoreError, StoreSizes, TableFields};
use crate::blocking_pool::run_on_pool;
use crate::schema::{Field, Schema};
use crate::secret::Secret;

/// How long a request waits for the store to be counted.
const SIZES_TIMEOUT: Duration = Duration::from_secs(2);

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The resources and relations that clients may push; the keys `storage` and `column` have no
    /// effect here.
    pub schema: Schema,
    /// Where the data is.
    pub store: StoreLocation,
    /// The token that every request must carry as `Authorization: Bearer …`; `None` admits requests
    /// without one.
    pub token: Option<Secret>,
    /// The most that the server accepts.
    pub limits: Limits,
    /// For how long the store remembers applied mutations and deletes.
    pub retention: Retention,
}

/// Where the data of a server is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StoreLocation {
    /// A SQLite file, created if it does not exist. The lock file `<file>-lock` is created next to it.
    File(PathBuf),
    /// A schema in a PostgreSQL database, created if it does not exist. Any number of servers may
    /// share it.
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresConfig>),
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => config.fmt(f),
        }
    }
}

/// The store of a server could not be opened: the file or the database cannot be read or written, it is
/// another program's or one of another version, or another server has the file open.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {location} as the server's store: {source}")]
pub struct OpenError {
    location: String,
    source: StoreError,
}

/// The ids of a store that has got a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewStoreId {
    /// The one that clients may know.
    pub before: String,
    /// The new one.
    pub after: String,
}

/// Gives an existing store a new id. After a store was restored to an earlier state, the steps of its
/// sequence are taken a second time; with a new id the cursors that clients have do not count any more.
///
/// # Errors
/// [`OpenError`] when there is no store, it cannot be used, or the file belongs to a running server.
pub async fn new_store_id(location: StoreLocation) -> Result<NewStoreId, OpenError> {
    let name = location.to_string();
    let renewed = match location {
        StoreLocation::File(path) => SqliteStore::renew_id(&path),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(config) => postgres::renew_store_id(&config).await,
    };
    let (before, after) = renewed.map_err(|source| OpenError { location: name, source })?;
    Ok(NewStoreId { before, after })
}

/// A server with an open store, ready for [`serve`](super::serve). Clones share the store.
///
/// The store is closed, and its write-ahead log is merged into the file, when the last clone is
/// dropped.
#[derive(Clone)]
pub struct ServerState {
    pub(super) schema: Arc<Schema>,
    pub(super) limits: Limits,
    pub(super) group_commit: GroupCommit,
    pub(super) rate: Option<Arc<RateLimit>>,
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) page: Arc<Page>,
    sizes: Arc<SizesCache>,
    /// One permit for each body that may be in memory.
    bodies: Arc<Semaphore>,
    /// The hash of the token, because hashes compare in constant time and do not reveal the token's
    /// length.
    token: Option<blake3::Hash>,
}

impl ServerState {
    /// Opens the store, or creates it, and starts what writes to it. A database that cannot be reached
    /// is waited for: 10 seconds.
    ///
    /// # Errors
    /// [`OpenError`] when the file or the database cannot be used, is not a store of this version, or
    /// the file belongs to a running server.
    pub async fn open(config: ServerConfig) -> Result<Self, OpenError> {
        let location = config.store.to_string();
        let failed = |source| OpenError { location: location.clone(), source };
        let store = open_store(config.store, fields_of(&config.schema)).await.map_err(failed)?;
        let schema = Arc::new(config.schema);
        let metrics = Arc::new(Metrics::new(&config.limits, &config.retention));
        let activity = Arc::new(Activity::default());
        let counters = Counters { metrics: Arc::clone(&metrics), activity: Arc::clone(&activity) };
        let group_commit = GroupCommit::start(&store, Arc::clone(&schema), config.retention, counters);
        Ok(Self {
            page: Page::new(store.clone(), Arc::clone(&schema), activity),
            schema,
            limits: config.limits,
            group_commit: group_commit.map_err(failed)?,
            metrics,
            readiness: Arc::default(),
            sizes: Arc::default(),
            rate: config.limits.max_requests_per_second.map(|rate| Arc::new(RateLimit::new(rate))),
            store,
            bodies: Arc::new(Semaphore::new(max_bodies(&config.limits))),
            token: config.token.map(|token| blake3::hash(token.expose().as_bytes())),
        })
    }

    /// Makes `GET /readyz` answer 503 from now on, for a shutdown that begins with a pause in which load
    /// balancers learn of it. Everything else goes on until the shutdown of [`serve`](super::serve), which
    /// does this too.
    pub fn announce_shutdown(&self) {
        self.readiness.stop();
    }

    /// Whether the `Authorization` header carries the server's token, or the server has none.
    pub(super) fn is_authorized(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = &self.token else { return true };
        let given = headers.get(AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
        });
        // `blake3::Hash` compares in constant time.
        given.is_some_and(|token| blake3::hash(token) == *expected)
    }

    /// Waits until one more body may be in memory. Only for authorized requests, so that others cannot
    /// use up the permits.
    pub(super) async fn body_permit(&self) -> SemaphorePermit<'_> {
        self.bodies.acquire().await.expect("the semaphore is never closed")
    }

    /// How many bodies are in memory.
    pub(super) fn bodies_in_memory(&self) -> usize {
        max_bodies(&self.limits).saturating_sub(self.bodies.available_permits())
    }

    /// The last step of the sequence; `None` if no pushes can be applied or no pulls answered.
    pub(super) async fn ask_store(&self) -> Option<u64> {
        if self.group_commit.is_running() { self.readiness.ask(&self.store).await } else { None }
    }

    /// What the store holds, as it was counted some seconds ago; `None` if counting takes too long or
    /// fails.
    pub(super) async fn sizes(&self) -> Option<StoreSizes> {
        match tokio::time::timeout(SIZES_TIMEOUT, self.sizes.get(&self.store)).await {
            Ok(Ok(sizes)) => Some(sizes),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the store cannot be counted");
                None
            }
            // The next request gets what is counted now.
            Err(_) => None,
        }
    }
}

/// The permits for bodies, at most as many as a semaphore can have.
fn max_bodies(limits: &Limits) -> usize {
    limits.max_bodies.min(Semaphore::MAX_PERMITS)
}

async fn open_store(location: StoreLocation, fields: TableFields) -> Result<Store, StoreError> {
    Ok(match location {
        StoreLocation::File(path) => {
            // It may take a while, for a store of the version before.
            let opening = run_on_pool(move || SqliteStore::open(&path, &fields)).await;
            Store::Sqlite(Arc::new(opening.unwrap_or_else(|error| Err(StoreError::ReadTask(error)))?))
        }
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(config) => {
            Store::Postgres(Arc::new(PostgresStore::open(&config, &fields).await?))
        }
    })
}

/// The fields of all resources and the metadata of all join stores.
fn fields_of(schema: &Schema) -> TableFields {
    let names = |fields: &[Field]| fields.iter().map(|field| field.name.clone()).collect::<BTreeSet<_>>();
    let resources = schema.resources.iter().map(|resource| (resource.name.clone(), names(&resource.fields)));
    let stores =
        schema.join_stores().into_iter().map(|store| (store.name(), names(&store.relation.metadata)));
    let mut all = TableFields::new();
    for (name, fields) in resources.chain(stores) {
        all.entry(name).or_default().extend(fields);
    }
    all
}
