//! The queue of waiting pushes, and the groups that are taken from it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
#[cfg(feature = "postgres")]
use tokio::time::Instant;

use crate::schema::Schema;
use crate::server::activity::Activity;
use crate::server::apply::{self, PushResult};
use crate::server::metrics::Metrics;
use crate::server::prepare::PreparedPush;
use crate::server::store::{Result, StoreError, Writer};

/// Capacity of the queue, in pushes. When it is full, connections wait before they queue theirs
/// (back-pressure).
const CAPACITY: usize = 64;

/// Where the result of a push goes.
pub(super) struct Answer {
    sender: oneshot::Sender<Result<PushResult>>,
    client_id: String,
    counters: Counters,
}

/// Where the mutations of answered pushes are counted.
#[derive(Clone)]
pub(in crate::server) struct Counters {
    pub(in crate::server) metrics: Arc<Metrics>,
    pub(in crate::server) activity: Arc<Activity>,
}

impl Answer {
    /// The answer to a push of this client, and where it is received.
    pub(super) fn new(
        client_id: String,
        counters: Counters,
    ) -> (Self, oneshot::Receiver<Result<PushResult>>) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender, client_id, counters }, receiver)
    }
}

/// A push in the queue.
pub(super) struct QueuedPush {
    pub(super) push: PreparedPush,
    pub(super) answer: Answer,
    #[cfg(feature = "postgres")]
    queued: Instant,
}

impl QueuedPush {
    /// A push that is queued now.
    pub(super) fn new(push: PreparedPush, answer: Answer) -> Self {
        Self {
            push,
            answer,
            #[cfg(feature = "postgres")]
            queued: Instant::now(),
        }
    }
}

/// The size at which no further push is added to a group.
pub(super) struct GroupLimit {
    pub(super) mutations: usize,
    /// Bytes of bodies.
    pub(super) bytes: usize,
}

/// A new queue.
pub(super) fn queue() -> (mpsc::Sender<QueuedPush>, mpsc::Receiver<QueuedPush>) {
    mpsc::channel(CAPACITY)
}

/// Pushes that are applied in one transaction.
pub(super) struct Group(Vec<QueuedPush>);

impl Group {
    /// Takes the pushes that wait behind `first`, until the group has reached a limit.
    pub(super) fn take(
        first: QueuedPush,
        queue: &mut mpsc::Receiver<QueuedPush>,
        limit: &GroupLimit,
    ) -> Self {
        let mut group = Self(vec![first]);
        while group.len() < limit.mutations
            && group.bytes() < limit.bytes
            && let Ok(queued) = queue.try_recv()
        {
            group.0.push(queued);
        }
        group.0[0].answer.counters.metrics.group(group.len());
        group
    }

    /// The number of mutations.
    fn len(&self) -> usize {
        self.0.iter().map(|queued| queued.push.len()).sum()
    }

    /// The size of all bodies.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|queued| queued.push.bytes).sum()
    }

    /// The pushes.
    #[cfg(feature = "postgres")]
    pub(super) fn pushes(&self) -> impl Iterator<Item = &PreparedPush> {
        self.0.iter().map(|queued| &queued.push)
    }

    /// When the first push was queued.
    #[cfg(feature = "postgres")]
    pub(super) fn queued(&self) -> Instant {
        self.0[0].queued
    }

    /// Applies all pushes, in the order in which they were queued.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed; the transaction must then be rolled back.
    pub(super) fn apply(&self, writer: &mut dyn Writer, schema: &Schema) -> Result<Vec<PushResult>> {
        self.0.iter().map(|queued| apply::push(writer, schema, &queued.push)).collect()
    }

    /// Pairs every push's receiver with its result.
    pub(super) fn answers(self, results: Vec<PushResult>) -> Vec<(Answer, PushResult)> {
        self.0.into_iter().map(|queued| queued.answer).zip(results).collect()
    }

    /// Answers all pushes with the error of their transaction.
    pub(super) fn fail(self, error: StoreError) {
        tracing::error!(%error, "a transaction failed");
        let error = Arc::new(error);
        for queued in self.0 {
            send(queued.answer, Err(StoreError::Group(Arc::clone(&error))));
        }
    }
}

/// Answers a push, and counts its mutations, whether the client is there to hear it or not.
pub(super) fn send(answer: Answer, result: Result<PushResult>) {
    if let Ok(result) = &result {
        let Counters { metrics, activity } = &answer.counters;
        result.count(&answer.client_id, metrics, activity);
    }
    // An error means that the client has disconnected; it will send the push again.
    let _ = answer.sender.send(result);
}
