//! Group commit: one thread applies all queued pushes in one transaction, and a second one answers them
//! once that is durable. Many clients thus share a transaction and an fsync, and while the disk works,
//! the next transaction is made.
//!
//! What a mutation does is in [`super::apply`]; how a commit becomes durable is the store's
//! ([`super::store::Syncer`]).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::apply::{self, PushResult};
use super::prepare::PreparedPush;
use super::store::{Store, StoreError, Syncer, Writer};
use crate::failpoint;
use crate::schema::Schema;

/// Capacity of the queue, in pushes. When it is full, connections wait before they queue theirs
/// (back-pressure).
const QUEUE: usize = 64;

/// Mutations in a transaction at which no further push is added: enough that the fsync's share of the
/// time is small, few enough that the first push of the group is answered soon.
const MAX_GROUP: usize = 10_000;

/// Committed groups that may wait for an fsync. With more of them waiting, each would only be smaller,
/// because one fsync covers all of them.
const MAX_COMMITTED: usize = 1;

/// Where the result of a push goes.
type Answer = oneshot::Sender<Result<PushResult, StoreError>>;

/// A push in the queue.
struct QueuedPush {
    push: PreparedPush,
    answer: Answer,
}

/// A group of pushes whose transaction is committed; they are answered once it is durable.
struct CommittedGroup {
    answers: Vec<(Answer, PushResult)>,
    /// The last step of the sequence in it.
    sequence: u64,
}

/// A handle to the queue of the writer thread. Dropping the last handle waits until the thread has
/// closed the store, so that the database file is complete without its write-ahead log.
#[derive(Clone)]
pub(super) struct GroupCommit(Arc<WriterThread>);

/// The writer thread, which the last handle joins.
struct WriterThread {
    /// `None` only in `drop`.
    queue: Option<mpsc::Sender<QueuedPush>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        // The thread ends when its queue has no sender.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // An error is a panic of the thread, which has dropped, and thereby failed, the pushes in
            // its queue.
            let _ = thread.join();
        }
    }
}

impl GroupCommit {
    /// Starts the writer thread and waits until it has opened the store.
    ///
    /// # Errors
    /// A [`StoreError`] when the store cannot be opened for writing.
    pub(super) fn start(store: Arc<dyn Store>, schema: Arc<Schema>) -> Result<Self, StoreError> {
        let (sender, mut queue) = mpsc::channel::<QueuedPush>(QUEUE);
        let (opened, is_open) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let written = store.write(&mut |writer, syncer| {
                // `start` holds the receiver until it has this message.
                let _ = opened.send(Ok(()));
                let (committed, to_sync) = std::sync::mpsc::sync_channel(MAX_COMMITTED);
                std::thread::scope(|scope| {
                    scope.spawn(move || sync_and_answer(syncer, &to_sync));
                    commit_groups(writer, &schema, &mut queue, committed);
                });
            });
            if let Err(error) = written {
                let _ = opened.send(Err(error));
            }
        });
        is_open.recv().unwrap_or(Err(StoreError::WriterStopped))?;
        Ok(Self(Arc::new(WriterThread { queue: Some(sender), thread: Some(thread) })))
    }

    /// Applies a push and returns its result once it is durable.
    ///
    /// # Errors
    /// A [`StoreError`] when the push's transaction or its sync failed, or the writer thread has
    /// stopped. Whether the push is applied is then unknown; the client may send it again.
    pub(super) async fn push(&self, push: PreparedPush) -> Result<PushResult, StoreError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.0.queue.as_ref().ok_or(StoreError::WriterStopped)?;
        queue.send(QueuedPush { push, answer }).await.map_err(|_| StoreError::WriterStopped)?;
        answered.await.unwrap_or(Err(StoreError::WriterStopped))
    }
}

/// Commits all queued pushes as one transaction, again and again, until every sender is dropped.
#[expect(clippy::needless_pass_by_value, reason = "dropping the sender ends the receiving thread")]
fn commit_groups(
    writer: &mut dyn Writer,
    schema: &Schema,
    queue: &mut mpsc::Receiver<QueuedPush>,
    committed: SyncSender<CommittedGroup>,
) {
    while let Some(first) = queue.blocking_recv() {
        let mut size = first.push.len();
        let mut group = vec![first];
        while size < MAX_GROUP
            && let Ok(queued) = queue.try_recv()
        {
            size += queued.push.len();
            group.push(queued);
        }
        if let Some(group) = commit_group(writer, schema, group)
            && committed.send(group).is_err()
        {
            // The answering thread has panicked: nothing can be acknowledged any more, so nothing more
            // is applied.
            return;
        }
    }
}

/// Syncs all committed groups with one fsync and answers their pushes, again and again, until the
/// sender is dropped.
fn sync_and_answer(mut syncer: Box<dyn Syncer>, committed: &Receiver<CommittedGroup>) {
    while let Ok(first) = committed.recv() {
        let mut sequence = first.sequence;
        let mut groups = vec![first];
        for group in committed.try_iter() {
            sequence = sequence.max(group.sequence);
            groups.push(group);
        }
        let outcome = syncer.sync(sequence).map_err(Arc::new);
        if let Err(error) = &outcome {
            tracing::error!(%error, "committed transactions are not durable");
        }
        failpoint::reach("synced");
        for (answer, result) in groups.into_iter().flat_map(|group| group.answers) {
            let result = match &outcome {
                Ok(()) => Ok(result),
                Err(error) => Err(StoreError::Group(Arc::clone(error))),
            };
            // An error means that the client has disconnected; it will send the push again.
            let _ = answer.send(result);
        }
    }
}

/// Applies a group of pushes in one transaction. If that fails, all of them are answered with the
/// error.
fn commit_group(writer: &mut dyn Writer, schema: &Schema, group: Vec<QueuedPush>) -> Option<CommittedGroup> {
    let mut results = Vec::with_capacity(group.len());
    let committed = transaction(writer, |writer| {
        for queued in &group {
            results.push(apply::push(writer, schema, &queued.push)?);
        }
        Ok(())
    });
    match committed.and_then(|()| writer.sequence()) {
        Ok(sequence) => {
            let answers = group.into_iter().map(|queued| queued.answer).zip(results).collect();
            Some(CommittedGroup { answers, sequence })
        }
        Err(error) => {
            tracing::error!(%error, "a transaction failed");
            let error = Arc::new(error);
            for queued in group {
                // An error means that the client has disconnected; it will send the push again.
                let _ = queued.answer.send(Err(StoreError::Group(Arc::clone(&error))));
            }
            None
        }
    }
}

/// Runs `work` in a transaction: commits if it succeeds, rolls back if it or the commit fails.
fn transaction(
    writer: &mut dyn Writer,
    work: impl FnOnce(&mut dyn Writer) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    writer.begin()?;
    let result = work(writer).and_then(|()| {
        failpoint::reach("before-commit");
        writer.commit()
    });
    failpoint::reach("after-commit");
    if result.is_err() {
        writer.rollback();
    }
    result
}
