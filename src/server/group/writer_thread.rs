//! Empties the queue into a store in one file: one thread applies all queued pushes in one transaction,
//! and a second one answers them once that is durable. While the disk works, the next transaction is
//! made.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::queue::{Answer, Group, GroupLimit, QueuedPush, send};
use crate::failpoint;
use crate::schema::Schema;
use crate::server::apply::PushResult;
use crate::server::store::sqlite::{SqliteStore, SqliteWriter, WalSyncer};
use crate::server::store::{Result, StoreError};

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
        mut queue: mpsc::Receiver<QueuedPush>,
    ) -> Result<Self> {
        let (opened, is_open) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let written = store.write(|writer, syncer| {
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
        Ok(Self(Some(thread)))
    }
}

/// Commits all queued pushes as one transaction, again and again, until every sender is dropped.
#[expect(clippy::needless_pass_by_value, reason = "dropping the sender ends the receiving thread")]
fn commit_groups(
    writer: &mut SqliteWriter<'_>,
    schema: &Schema,
    queue: &mut mpsc::Receiver<QueuedPush>,
    committed: SyncSender<CommittedGroup>,
) {
    while let Some(first) = queue.blocking_recv() {
        let group = Group::take(first, queue, &MAX_GROUP);
        let applied = writer.transaction(|writer| {
            let results = group.apply(writer, schema)?;
            failpoint::reach("before-commit");
            Ok((results, writer.sequence()))
        });
        failpoint::reach("after-commit");
        match applied {
            Ok((results, sequence)) => {
                let group = CommittedGroup { answers: group.answers(results), sequence };
                if committed.send(group).is_err() {
                    // The answering thread has panicked: nothing can be acknowledged any more, so
                    // nothing more is applied.
                    return;
                }
            }
            Err(error) => group.fail(error),
        }
    }
}

/// Syncs all committed groups with one fsync and answers their pushes, again and again, until the
/// sender is dropped.
fn sync_and_answer(mut syncer: WalSyncer, committed: &Receiver<CommittedGroup>) {
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
            match &outcome {
                Ok(()) => send(answer, Ok(result)),
                Err(error) => send(answer, Err(StoreError::Group(Arc::clone(error)))),
            }
        }
    }
}
