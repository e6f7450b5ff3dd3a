//! How much a store holds and how old it is, as `status` and the metrics show it; and a cache, because
//! counting takes time in a large store.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Mutex;

use super::backend::Store;
use super::error::{Result, StoreError};

/// How long sizes are shown without counting again.
const MAX_AGE: Duration = Duration::from_secs(5);

/// Counting takes at most one part in so many of the time.
const MAX_SHARE: u32 = 20;

/// What a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct StoreSizes {
    /// Records and join rows.
    pub(in crate::server) items: u64,
    /// Deletes in the feed.
    pub(in crate::server) tombstones: u64,
    /// Ids of applied mutations.
    pub(in crate::server) mutations: u64,
    /// When the oldest delete was made, in seconds since 1970; `None` if there is none. The one at the
    /// horizon, which is kept however old it is, does not count.
    pub(in crate::server) oldest_tombstone: Option<u64>,
    /// When the oldest mutation was applied, in seconds since 1970; `None` if there is none.
    pub(in crate::server) oldest_mutation: Option<u64>,
    /// The horizon of forgotten deletes: a pull with a cursor before this step may miss one.
    pub(in crate::server) horizon: u64,
}

impl StoreSizes {
    /// The age of the oldest delete; `None` if there is none.
    pub(in crate::server) fn oldest_tombstone_age(&self) -> Option<Duration> {
        self.oldest_tombstone.map(age)
    }

    /// The age of the oldest mutation; `None` if there is none.
    pub(in crate::server) fn oldest_mutation_age(&self) -> Option<Duration> {
        self.oldest_mutation.map(age)
    }
}

/// The time since a time in seconds since 1970; none for a time to come, after a clock was set back.
fn age(seconds: u64) -> Duration {
    let then = UNIX_EPOCH + Duration::from_secs(seconds);
    SystemTime::now().duration_since(then).unwrap_or(Duration::ZERO)
}

/// What forgetting one chunk has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Chunk {
    /// Removed rows.
    pub(in crate::server) removed: u64,
    /// Whether nothing is left to be forgotten.
    pub(in crate::server) is_last: bool,
}

/// Open connections to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct StoreConnections {
    /// Those that read or write, or are there for it alone.
    pub(in crate::server) in_use: u64,
    /// Those of a pool that wait for a read.
    pub(in crate::server) idle: u64,
}

/// The sizes when they were last counted.
#[derive(Debug, Default)]
pub(in crate::server) struct SizesCache(Arc<Mutex<Option<Counted>>>);

#[derive(Debug, Clone, Copy)]
struct Counted {
    sizes: StoreSizes,
    at: Instant,
    took: Duration,
}

impl SizesCache {
    /// The sizes, a few seconds old at most; older if counting takes that long. Counting goes on when the
    /// caller does not wait for it any more.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub(in crate::server) async fn get(&self, store: &Store) -> Result<StoreSizes> {
        // Held while counting, so that one thread counts at a time.
        let mut counted = Arc::clone(&self.0).lock_owned().await;
        if let Some(Counted { sizes, at, took }) = *counted
            && at.elapsed() < MAX_AGE.max(took * MAX_SHARE)
        {
            return Ok(sizes);
        }
        let store = store.clone();
        let counting = tokio::spawn(async move {
            let start = Instant::now();
            let sizes = store.sizes().await?;
            *counted = Some(Counted { sizes, at: Instant::now(), took: start.elapsed() });
            Ok(sizes)
        });
        counting.await.unwrap_or_else(|error| Err(StoreError::ReadTask(error)))
    }
}
