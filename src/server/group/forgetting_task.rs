//! When a server forgets in PostgreSQL: in a task of its own, next to the pushes of all servers. What a
//! chunk removes is in [`crate::server::store::postgres`].

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::pass::{self, ChunkSize};
use crate::server::retention::Retention;
use crate::server::store::postgres::{AppliedKey, Before, PostgresStore};
use crate::server::store::{Chunk, Result};

/// The time that a chunk should take: some round trips, and a moment in which the counter of the sequence
/// is locked.
const CHUNK_TIME: Duration = Duration::from_millis(50);

/// How often a server asks whether a pass is due that no other server has taken.
const ASK: Duration = Duration::from_mins(1);

/// The task; dropping it ends it. What it has not committed is rolled back.
pub(super) struct ForgettingTask(JoinHandle<()>);

impl Drop for ForgettingTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ForgettingTask {
    /// Starts the task; `None` if nothing is forgotten.
    pub(super) fn start(store: &Arc<PostgresStore>, retention: Retention) -> Option<Self> {
        let (store, interval) = (Arc::clone(store), pass::interval(&retention)?);
        Some(Self(tokio::spawn(async move {
            let forgetting = Forgetting { store, retention };
            loop {
                if let Err(error) = forgetting.pass_when_due(interval).await {
                    tracing::error!(%error, "forgetting failed; it is tried again later");
                }
                sleep(interval.min(ASK)).await;
            }
        })))
    }
}

struct Forgetting {
    store: Arc<PostgresStore>,
    retention: Retention,
}

impl Forgetting {
    /// Forgets all that is old enough, if this server takes the next pass.
    async fn pass_when_due(&self, interval: Duration) -> Result<()> {
        if !self.store.take_pass(interval).await? {
            return Ok(());
        }
        let mut size = ChunkSize::taking(CHUNK_TIME);
        if let Some(age) = self.retention.deletes {
            let old = Before::age(age);
            while !paced(&mut size, async |rows| self.store.forget_deletes(old, rows).await).await? {}
        }
        let Some(age) = self.retention.mutations else { return Ok(()) };
        let old = Before::age(age);
        if !self.store.has_old_mutations(old).await? {
            return Ok(());
        }
        let (mut after, mut step) = (AppliedKey::first(), -1);
        while !paced(&mut size, async |rows| self.store.forget_mutations(old, &mut after, rows).await).await?
        {
        }
        while !paced(&mut size, async |rows| self.store.forget_commits(old, &mut step, rows).await).await? {}
        Ok(())
    }
}

/// Forgets a chunk and pauses; returns whether it was the last one.
async fn paced(size: &mut ChunkSize, forget: impl AsyncFnOnce(u64) -> Result<Chunk>) -> Result<bool> {
    let start = Instant::now();
    let chunk = forget(size.rows()).await?;
    sleep(size.took(start.elapsed())).await;
    Ok(chunk.is_last)
}
