//! Empties the queue into a store in PostgreSQL: a few lanes, each with a connection of its own, take
//! what waits, one after the other. While one of them waits for the database, the next one applies what
//! has arrived since.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use super::queue::{Group, GroupLimit, QueuedPush, send};
use crate::schema::Schema;
use crate::server::apply;
use crate::server::store::Writer;
use crate::server::store::postgres::{Lane, PostgresStore};

/// Lanes of a server. The commits of all servers go one after the other, so more than the two sides of
/// that, waiting for it and preparing the next one, only make smaller groups.
const LANES: usize = 2;

/// Enough that the round trips' share of the time is small, few enough that the counter of the sequence
/// is not held for long.
const MAX_GROUP: GroupLimit = GroupLimit { mutations: 2000, bytes: 4 * 1024 * 1024 };

/// How long a push waits for a store that cannot be reached.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a push has at least of that, when others before it have used it up: enough for one try, so that
/// the pushes in the queue find out that the store is there again.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

type Queue = Arc<Mutex<mpsc::Receiver<QueuedPush>>>;

/// Starts the lanes. They end when the queue has no sender and is empty.
pub(super) fn start(store: &PostgresStore, schema: &Arc<Schema>, queue: mpsc::Receiver<QueuedPush>) {
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..LANES {
        tokio::spawn(run(store.lane(), Arc::clone(schema), Arc::clone(&queue)));
    }
}

/// Commits all queued pushes as one group, again and again.
async fn run(mut lane: Lane, schema: Arc<Schema>, queue: Queue) {
    while let Some(group) = next(&queue).await {
        let touched = apply::touched(&schema, group.pushes());
        let deadline = (group.queued() + PATIENCE).max(Instant::now() + LEAST_PATIENCE);
        let work = |writer: &mut dyn Writer| group.apply(writer, &schema);
        match lane.commit(&touched, group.bytes(), deadline, work).await {
            Ok(committed) => {
                for (answer, mut result) in group.answers(committed.result) {
                    result.follow(committed.first);
                    send(answer, Ok(result));
                }
            }
            Err(error) => group.fail(error),
        }
    }
}

/// The next group; `None` when there will be none.
async fn next(queue: &Queue) -> Option<Group> {
    let mut queue = queue.lock().await;
    let first = queue.recv().await?;
    Some(Group::take(first, &mut queue, &MAX_GROUP))
}
