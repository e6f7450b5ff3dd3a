//! The one writer: a thread that applies all waiting pushes in one transaction and answers
//! them once it is durable (group commit), so that many clients share one fsync.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::apply::{self, Pushed};
use super::prepare::Prepared;
use super::store::{Store, StoreError, Writer};
use crate::failpoint;
use crate::schema::Schema;

/// How many pushes may wait for the writer; the ones after them wait in their connections.
const QUEUE: usize = 64;

/// How many mutations share a transaction: enough to make the fsync small, few enough that
/// the first push in it is answered soon.
const MAX_GROUP: usize = 10_000;

struct Task {
    push: Prepared,
    answer: oneshot::Sender<Result<Pushed, StoreError>>,
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
            let written = store.write(&mut |writer| {
                // Whoever started it waits for this.
                let _ = ready.send(Ok(()));
                run(writer, &schema, &mut tasks);
            });
            if let Err(error) = written {
                let _ = ready.send(Err(error));
            }
        });
        is_ready.recv().unwrap_or_else(|_| Err(gone()))?;
        Ok(Self(Arc::new(Running { tasks: Some(sender), thread: Some(thread) })))
    }

    /// Applies a push; returns once it is durable.
    pub(super) async fn push(&self, push: Prepared) -> Result<Pushed, StoreError> {
        let (answer, answered) = oneshot::channel();
        let tasks = self.0.tasks.as_ref().ok_or_else(gone)?;
        tasks.send(Task { push, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn gone() -> StoreError {
    StoreError::new("the writer has stopped")
}

/// Takes all that waits, again and again, until nobody can come any more.
fn run(writer: &mut dyn Writer, schema: &Schema, tasks: &mut mpsc::Receiver<Task>) {
    while let Some(first) = tasks.blocking_recv() {
        let mut size = first.push.len();
        let mut group = vec![first];
        while size < MAX_GROUP
            && let Ok(task) = tasks.try_recv()
        {
            size += task.push.len();
            group.push(task);
        }
        commit(writer, schema, group);
    }
}

fn commit(writer: &mut dyn Writer, schema: &Schema, group: Vec<Task>) {
    let mut answers = Vec::with_capacity(group.len());
    let result = transaction(writer, |writer| {
        for task in &group {
            answers.push(apply::push(writer, schema, &task.push)?);
        }
        Ok(())
    });
    match result {
        // A client that has gone away will ask again.
        Ok(()) => {
            for (task, pushed) in group.into_iter().zip(answers) {
                let _ = task.answer.send(Ok(pushed));
            }
        }
        Err(error) => {
            tracing::error!(%error, "a transaction failed");
            for task in group {
                let _ = task.answer.send(Err(StoreError::new(error.to_string())));
            }
        }
    }
}

/// All of `work`, durably, or nothing of it.
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
