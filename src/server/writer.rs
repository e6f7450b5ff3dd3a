//! The one writer: a thread that applies all waiting pushes in one transaction, and one behind
//! it that answers them once that is durable. Many clients share a transaction and a write to
//! the disk (group commit), and while the disk is at work, the next transaction is made.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::apply::{self, PushResult};
use super::prepare::PreparedPush;
use super::store::{Store, StoreError, Syncer, Writer};
use crate::failpoint;
use crate::schema::Schema;

/// How many pushes may wait for the writer; the ones after them wait in their connections.
const QUEUE: usize = 64;

/// How many mutations share a transaction: enough to make the fsync small, few enough that
/// the first push in it is answered soon.
const MAX_GROUP: usize = 10_000;

/// How many transactions may wait to become durable: with more of them waiting for the disk,
/// each would only be smaller.
const COMMITTED: usize = 1;

struct Task {
    push: PreparedPush,
    answer: oneshot::Sender<Result<PushResult, StoreError>>,
}

/// What has been committed and is to be answered once it is durable.
struct Committed {
    answers: Vec<(oneshot::Sender<Result<PushResult, StoreError>>, PushResult)>,
    /// The last step of the sequence in it.
    sequence: u64,
}

/// The way to the writer. When the last handle goes, the store is closed first, so that its
/// file is complete by itself.
#[derive(Clone)]
pub(super) struct WriterHandle(Arc<Running>);

struct Running {
    /// `None` only while it is being dropped.
    tasks: Option<mpsc::Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without senders the thread's loop ends.
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // A writer that has panicked has told its clients so.
            let _ = thread.join();
        }
    }
}

impl WriterHandle {
    /// Starts the writer's thread.
    ///
    /// # Errors
    /// A [`StoreError`] when the store cannot be written to.
    pub(super) fn start(store: Arc<dyn Store>, schema: Arc<Schema>) -> Result<Self, StoreError> {
        let (sender, mut tasks) = mpsc::channel::<Task>(QUEUE);
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let written = store.write(&mut |writer, syncer| {
                // Whoever started it waits for this.
                let _ = ready.send(Ok(()));
                let (committed, to_answer) = std::sync::mpsc::sync_channel(COMMITTED);
                std::thread::scope(|scope| {
                    scope.spawn(move || acknowledge(syncer, &to_answer));
                    run(writer, &schema, &mut tasks, committed);
                });
            });
            if let Err(error) = written {
                let _ = ready.send(Err(error));
            }
        });
        is_ready.recv().unwrap_or_else(|_| Err(gone()))?;
        Ok(Self(Arc::new(Running { tasks: Some(sender), thread: Some(thread) })))
    }

    /// Applies a push; returns once it is durable.
    pub(super) async fn push(&self, push: PreparedPush) -> Result<PushResult, StoreError> {
        let (answer, answered) = oneshot::channel();
        let tasks = self.0.tasks.as_ref().ok_or_else(gone)?;
        tasks.send(Task { push, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn gone() -> StoreError {
    StoreError::WriterStopped
}

/// Takes all that waits, again and again, until nobody can come any more.
#[expect(clippy::needless_pass_by_value, reason = "its end is the end of the channel")]
fn run(
    writer: &mut dyn Writer,
    schema: &Schema,
    tasks: &mut mpsc::Receiver<Task>,
    committed: SyncSender<Committed>,
) {
    while let Some(first) = tasks.blocking_recv() {
        let mut size = first.push.len();
        let mut group = vec![first];
        while size < MAX_GROUP
            && let Ok(task) = tasks.try_recv()
        {
            size += task.push.len();
            group.push(task);
        }
        if let Some(group) = commit(writer, schema, group)
            && committed.send(group).is_err()
        {
            // Nobody answers any more, so nobody may be let in.
            return;
        }
    }
}

/// Makes what was committed durable, as much of it as there is at a time, and answers it.
fn acknowledge(mut syncer: Box<dyn Syncer>, committed: &Receiver<Committed>) {
    while let Ok(first) = committed.recv() {
        let mut groups = vec![first];
        groups.extend(committed.try_iter());
        let sequence = groups.iter().map(|group| group.sequence).max().unwrap_or_default();
        let result = syncer.sync(sequence).map_err(Arc::new);
        if let Err(error) = &result {
            tracing::error!(%error, "what was committed is not durable");
        }
        failpoint::reach("synced");
        for (answer, pushed) in groups.into_iter().flat_map(|group| group.answers) {
            let answered = match &result {
                Ok(()) => Ok(pushed),
                Err(error) => Err(StoreError::Group(Arc::clone(error))),
            };
            // A client that has gone away will ask again.
            let _ = answer.send(answered);
        }
    }
}

fn commit(writer: &mut dyn Writer, schema: &Schema, group: Vec<Task>) -> Option<Committed> {
    let mut answers = Vec::with_capacity(group.len());
    let result = transaction(writer, |writer| {
        for task in &group {
            answers.push(apply::push(writer, schema, &task.push)?);
        }
        Ok(())
    });
    match result.and_then(|()| writer.sequence()) {
        Ok(sequence) => {
            let answers = group.into_iter().map(|task| task.answer).zip(answers).collect();
            Some(Committed { answers, sequence })
        }
        Err(error) => {
            tracing::error!(%error, "a transaction failed");
            let error = Arc::new(error);
            for task in group {
                // A client that has gone away will ask again.
                let _ = task.answer.send(Err(StoreError::Group(Arc::clone(&error))));
            }
            None
        }
    }
}

/// All of `work`, or nothing of it.
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
