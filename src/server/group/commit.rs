//! The handle of the group commit: queues a push and waits for its result.

use std::sync::Arc;

use tokio::sync::mpsc;

#[cfg(feature = "postgres")]
use super::forgetting_task::ForgettingTask;
#[cfg(feature = "postgres")]
use super::lanes;
use super::queue::{self, Answer, Counters, QueuedPush};
use super::writer_thread::WriterThread;
use crate::schema::Schema;
use crate::server::apply::PushResult;
use crate::server::prepare::PreparedPush;
use crate::server::retention::Retention;
use crate::server::store::{Result, Store, StoreError};

/// A handle to the queue. Dropping the last one ends what empties the queue, when all queued pushes are
/// answered.
#[derive(Clone)]
pub(in crate::server) struct GroupCommit {
    // Declared, and so dropped, before the worker, which waits until the queue has no sender.
    queue: mpsc::Sender<QueuedPush>,
    counters: Counters,
    _worker: Worker,
}

/// What empties the queue.
#[derive(Clone)]
enum Worker {
    /// It closes the store, which is waited for.
    Thread(#[expect(dead_code, reason = "it is waited for when it is dropped")] Arc<WriterThread>),
    /// The lanes end with the queue; what they have committed is committed. What forgets ends when it is
    /// dropped.
    #[cfg(feature = "postgres")]
    Lanes(#[expect(dead_code, reason = "it ends when it is dropped")] Option<Arc<ForgettingTask>>),
}

impl GroupCommit {
    /// Starts to empty the queue into a store, and to forget what the store need not remember.
    ///
    /// # Errors
    /// A [`StoreError`] when the store cannot be opened for writing.
    pub(in crate::server) fn start(
        store: &Store,
        schema: Arc<Schema>,
        retention: Retention,
        counters: Counters,
    ) -> Result<Self> {
        let (sender, receiver) = queue::queue();
        let worker = match store {
            Store::Sqlite(store) => {
                Worker::Thread(Arc::new(WriterThread::start(Arc::clone(store), schema, retention, receiver)?))
            }
            #[cfg(feature = "postgres")]
            Store::Postgres(store) => {
                lanes::start(store, &schema, receiver);
                Worker::Lanes(ForgettingTask::start(store, retention).map(Arc::new))
            }
        };
        Ok(Self { queue: sender, counters, _worker: worker })
    }

    /// Whether pushes are applied; without a writer they are not any more.
    pub(in crate::server) fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Applies a push and returns its result once it is durable.
    ///
    /// # Errors
    /// A [`StoreError`] when the push's transaction failed or could not be made durable. Whether the push
    /// is applied is then unknown; the client may send it again.
    pub(in crate::server) async fn push(&self, push: PreparedPush) -> Result<PushResult> {
        let (answer, answered) = Answer::new(push.client_id.clone(), self.counters.clone());
        self.queue.send(QueuedPush::new(push, answer)).await.map_err(|_| StoreError::WriterStopped)?;
        answered.await.unwrap_or(Err(StoreError::WriterStopped))
    }
}
