//! The last durable step of the sequence. The syncer raises it ([`super::wal`]), and a reader waits
//! until all of its snapshot is durable.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::server::store::{Result, StoreError};

/// The last step that a power failure would leave.
#[derive(Debug)]
pub(super) struct Durable {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy)]
struct State {
    step: u64,
    has_failed: bool,
}

impl Durable {
    pub(super) fn new(step: u64) -> Self {
        Self { state: Mutex::new(State { step, has_failed: false }), changed: Condvar::new() }
    }

    /// Raises the last durable step.
    pub(super) fn raise(&self, step: u64) {
        let mut state = self.state();
        state.step = step.max(state.step);
        self.changed.notify_all();
    }

    /// Says that nothing can be made durable any more.
    pub(super) fn fail(&self) {
        self.state().has_failed = true;
        self.changed.notify_all();
    }

    /// Whether [`Self::fail`] was called.
    pub(super) fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// Waits until a step that has been committed is durable.
    ///
    /// A snapshot with later steps must not be shown before: a power failure could undo them, and an
    /// item that they changed would be back at its old place in the feed, before the cursor of a client
    /// that has read past that place.
    ///
    /// # Errors
    /// [`StoreError::EarlierSyncFailed`] when it will never be.
    pub(super) fn wait(&self, step: u64) -> Result<()> {
        let waiting = |state: &mut State| state.step < step && !state.has_failed;
        let state = self.changed.wait_while(self.state(), waiting).unwrap_or_else(PoisonError::into_inner);
        if state.step < step { Err(StoreError::EarlierSyncFailed) } else { Ok(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
