//! The request gate: every request passes through it, so that no more are in flight than the concurrency
//! limit allows, and none is sent during a pause that the server has asked for. The limit itself is in
//! [`super::concurrency`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::concurrency::{ConcurrencyLimit, LimitChange, Observed, Permit};
use crate::cloneup::options::Concurrency;

/// Lets requests through.
#[derive(Debug)]
pub(crate) struct RequestGate {
    state: Mutex<GateState>,
    /// Notifies waiting requests after every change of the state.
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct GateState {
    limit: ConcurrencyLimit,
    in_flight: usize,
    /// The end of the pause that the server has asked for.
    held_until: Option<Instant>,
}

impl RequestGate {
    pub(crate) fn new(concurrency: Concurrency) -> Self {
        let state = GateState { limit: ConcurrencyLimit::new(concurrency), in_flight: 0, held_until: None };
        Self { state: Mutex::new(state), changed: watch::Sender::new(()) }
    }

    /// The number of requests that may be in flight now.
    pub(crate) fn limit(&self) -> usize {
        self.state().limit.current()
    }

    /// Waits until one more request may be sent.
    pub(super) async fn enter(&self) -> Permit {
        let mut changed = self.changed.subscribe();
        loop {
            let held_until = {
                let mut state = self.state();
                let held_until = state.held_until.filter(|until| *until > Instant::now());
                if held_until.is_none() && state.in_flight < state.limit.current() {
                    state.in_flight += 1;
                    return state.limit.permit();
                }
                held_until
            };
            tokio::select! {
                () = tokio::time::sleep_until(held_until.unwrap_or_else(Instant::now)), if held_until.is_some() => {}
                // Never an error: `self` owns the sender.
                _ = changed.changed() => {}
            }
        }
    }

    /// Ends a request. Returns the change of the limit that follows from it.
    pub(super) fn leave(&self, permit: Permit, observed: Observed) -> Option<LimitChange> {
        let change = {
            let mut state = self.state();
            state.in_flight -= 1;
            state.limit.observe(permit, observed)
        };
        self.changed.send_replace(());
        change
    }

    /// Holds back all requests for a pause that the server asks for.
    pub(super) fn hold(&self, pause: Duration) {
        let mut state = self.state();
        state.held_until = state.held_until.max(Some(Instant::now() + pause));
    }

    fn state(&self) -> MutexGuard<'_, GateState> {
        // The state is consistent after a panic elsewhere: no code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(number: usize) -> RequestGate {
        RequestGate::new(Concurrency::Fixed(number.try_into().unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_than_the_limit_are_in_flight() {
        let gate = fixed(2);
        let first = gate.enter().await;
        gate.enter().await;
        let third = tokio::time::timeout(Duration::from_mins(1), gate.enter());
        assert!(third.await.is_err());
        gate.leave(first, Observed::Answered(Duration::ZERO));
        gate.enter().await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_pause_holds_back_all_requests() {
        let gate = fixed(16);
        gate.hold(Duration::from_secs(20));
        gate.hold(Duration::from_secs(5));
        let start = Instant::now();
        tokio::join!(gate.enter(), gate.enter(), gate.enter());
        assert_eq!(start.elapsed().as_secs(), 20);
    }
}
