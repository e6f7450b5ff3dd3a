//! The queue of a thread that waits for pushes and for a time.

use std::io;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::queue::QueuedPush;

/// What comes next.
pub(super) enum Next {
    /// A push.
    Push(QueuedPush),
    /// The time, before a push.
    Due,
    /// Nothing: the queue has no sender.
    Closed,
}

/// A queue, and a clock: the thread is not one of a runtime, so it has a small one of its own.
pub(super) struct TimedQueue {
    pushes: mpsc::Receiver<QueuedPush>,
    clock: Runtime,
}

impl TimedQueue {
    /// # Errors
    /// That of the operating system, which has no more resources.
    pub(super) fn new(pushes: mpsc::Receiver<QueuedPush>) -> io::Result<Self> {
        Ok(Self { pushes, clock: Builder::new_current_thread().enable_time().build()? })
    }

    /// Waits for the next push, or until a time.
    pub(super) fn next(&mut self, due: Option<Instant>) -> Next {
        let push = match due {
            None => self.pushes.blocking_recv(),
            Some(due) => {
                // Made inside, because a timer belongs to the runtime in which it is made.
                let waiting = async { tokio::time::timeout_at(due.into(), self.pushes.recv()).await };
                match self.clock.block_on(waiting) {
                    Ok(push) => push,
                    Err(_) => return Next::Due,
                }
            }
        };
        push.map_or(Next::Closed, Next::Push)
    }

    /// The pushes that wait.
    pub(super) fn pushes(&mut self) -> &mut mpsc::Receiver<QueuedPush> {
        &mut self.pushes
    }
}
