//! Empties the queue into a store in one file: one thread applies all queued pushes in one transaction,
//! and a second one answers them once that is durable. While the disk works, the next transaction is
//! made.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, SyncSender};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::forgetting::Forgetting;
use super::queue::{Answer, Group, GroupLimit, QueuedPush, send};
use super::timed_queue::{Next, TimedQueue};
use crate::failpoint;
use crate::schema::Schema;
use crate::server::apply::PushResult;
use crate::server::retention::Retention;
use crate::server::store::sqlite::{SqliteStore, SqliteWriter, WalSyncer};
use crate::server::store::{Result, StoreError, Writer as _};

/// Mutations in a transaction at which no further push is added: enough that the fsync's share of the
/// time is small, few enough that the first push of the group is answered soon.
const MAX_GROUP: GroupLimit = GroupLimit { mutations: 10_000, bytes: usize::MAX };

/// Committed groups that may wait for an fsync. With more of them waiting, each would only be smaller,
/// because one fsync covers all of them.
const MAX_COMMITTED: usize = 1;

/// A group of pushes whose transaction is committed; they are answered once it is durable.
struct CommittedGroup {
    answers: Vec<(Answer, PushResult)>,
    /// The last step of the sequence in it.
    sequence: u64,
    /// Its steps, and the rows that were forgotten in it.
    changes: u64,
}

/// The thread. Dropping it waits until it has closed the store, so that the database file is complete
/// without its write-ahead log.
pub(super) struct WriterThread(Option<JoinHandle<()>>);

impl Drop for WriterThread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // An error is a panic of the thread, which has dropped, and thereby failed, the pushes in
            // its queue.
            let _ = thread.join();
        }
    }
}

impl WriterThread {
    /// Starts the thread and waits until it has opened the store. It ends when the queue has no sender.
    ///
    /// # Errors
    /// A [`StoreError`] when the store cannot be opened for writing.
    pub(super) fn start(
        store: Arc<SqliteStore>,
        schema: Arc<Schema>,
        retention: Retention,
        queue: mpsc::Receiver<QueuedPush>,
    ) -> Result<Self> {
        let mut queue = TimedQueue::new(queue).map_err(StoreError::StartWriter)?;
        let (opened, is_open) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let written = store.write(|writer, syncer| {
                // `start` holds the receiver until it has this message.
                let _ = opened.send(Ok(()));
                let (committed, to_sync) = std::sync::mpsc::sync_channel(MAX_COMMITTED);
                std::thread::scope(|scope| {
                    scope.spawn(move || sync_and_answer(syncer, &to_sync));
                    let forgetting = Forgetting::new(retention, writer);
                    let writing = Writing { writer, schema: &schema, committed, forgetting };
                    // An error is a panic of the other thread, which is passed on at the end of the scope.
                    let _ = writing.run(&mut queue);
                });
            });
            if let Err(error) = written {
                let _ = opened.send(Err(error));
            }
        });
        is_open.recv().unwrap_or(Err(StoreError::WriterStopped))?;
        Ok(Self(Some(thread)))
    }
}

/// The work of the thread.
struct Writing<'w, 'c> {
    writer: &'w mut SqliteWriter<'c>,
    schema: &'w Schema,
    /// Dropping it ends the answering thread.
    committed: SyncSender<CommittedGroup>,
    forgetting: Option<Forgetting>,
}

impl Writing<'_, '_> {
    /// Commits all queued pushes as one transaction, again and again, until every sender is dropped; and
    /// forgets in between.
    ///
    /// # Errors
    /// When the answering thread has panicked: nothing can be acknowledged any more, so nothing more is
    /// applied.
    fn run(mut self, queue: &mut TimedQueue) -> std::result::Result<(), SendError<CommittedGroup>> {
        loop {
            match queue.next(self.forgetting.as_ref().map(Forgetting::due)) {
                Next::Push(first) => {
                    let committed = self.commit_group(Group::take(first, queue.pushes(), &MAX_GROUP));
                    self.sync(committed)?;
                }
                Next::Due => {}
                Next::Closed => return Ok(()),
            }
            // While the group is on its way to the disk.
            let forgotten = self.forget();
            self.sync(forgotten)?;
        }
    }

    /// Hands what was committed to the answering thread.
    fn sync(&self, group: Option<CommittedGroup>) -> std::result::Result<(), SendError<CommittedGroup>> {
        group.map_or(Ok(()), |group| self.committed.send(group))
    }

    /// Applies a group of pushes in one transaction; `None` if that failed.
    fn commit_group(&mut self, group: Group) -> Option<CommittedGroup> {
        let applied = self.writer.transaction(|writer| {
            let before = writer.sequence();
            let results = group.apply(writer, self.schema)?;
            failpoint::reach("before-commit");
            Ok((results, before, writer.sequence()))
        });
        failpoint::reach("after-commit");
        match applied {
            Ok((results, before, sequence)) => {
                let answers = group.answers(results);
                Some(CommittedGroup { answers, sequence, changes: sequence - before })
            }
            Err(error) => {
                group.fail(error);
                None
            }
        }
    }

    /// Forgets what is due. What was removed is synced like a group, so that checkpoints keep up with it.
    fn forget(&mut self) -> Option<CommittedGroup> {
        let changes = self.forgetting.as_mut()?.forget(self.writer);
        let sequence = self.writer.sequence();
        (changes > 0).then_some(CommittedGroup { answers: Vec::new(), sequence, changes })
    }
}

/// Syncs all committed groups with one fsync and answers their pushes, again and again, until the
/// sender is dropped.
fn sync_and_answer(mut syncer: WalSyncer, committed: &Receiver<CommittedGroup>) {
    while let Ok(first) = committed.recv() {
        let (mut sequence, mut changes) = (first.sequence, first.changes);
        let mut groups = vec![first];
        for group in committed.try_iter() {
            sequence = sequence.max(group.sequence);
            changes += group.changes;
            groups.push(group);
        }
        let outcome = syncer.sync(sequence, changes).map_err(Arc::new);
        if let Err(error) = &outcome {
            tracing::error!(%error, "committed transactions are not durable");
        }
        failpoint::reach("synced");
        for (answer, result) in groups.into_iter().flat_map(|group| group.answers) {
            match &outcome {
                Ok(()) => send(answer, Ok(result)),
                Err(error) => send(answer, Err(StoreError::Group(Arc::clone(error)))),
            }
        }
    }
}
