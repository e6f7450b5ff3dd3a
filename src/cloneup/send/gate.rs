//! Who may send, and when: how many requests are in flight, and the pause that the server
//! has asked for, which holds back all of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::cloneup::send::concurrency::{Change, Concurrency, ConcurrencyLimit, Observed, Permit};

/// The gate that every request goes through.
#[derive(Debug)]
pub(crate) struct RequestGate {
    state: Mutex<State>,
    /// Told whenever somebody who waits may have got their turn.
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    level: ConcurrencyLimit,
    in_flight: usize,
    /// Nobody sends before this moment.
    held_until: Option<Instant>,
}

impl RequestGate {
    pub(crate) fn new(concurrency: Concurrency) -> Self {
        let state = State { level: ConcurrencyLimit::new(concurrency), in_flight: 0, held_until: None };
        Self { state: Mutex::new(state), changed: watch::Sender::new(()) }
    }

    /// How many requests may be in flight now.
    pub(crate) fn level(&self) -> usize {
        self.state().level.current()
    }

    /// Waits until one more request may be sent.
    pub(crate) async fn enter(&self) -> Permit {
        let mut changed = self.changed.subscribe();
        loop {
            let held_until = {
                let mut state = self.state();
                let held_until = state.held_until.filter(|until| *until > Instant::now());
                if held_until.is_none() && state.in_flight < state.level.current() {
                    state.in_flight += 1;
                    return state.level.permit();
                }
                held_until
            };
            tokio::select! {
                () = tokio::time::sleep_until(held_until.unwrap_or_else(Instant::now)), if held_until.is_some() => {}
                // The sender of the channel lives as long as the one who asks.
                _ = changed.changed() => {}
            }
        }
    }

    /// A request that entered is done. Returns how the level changes through it.
    pub(crate) fn leave(&self, permit: Permit, observed: Observed) -> Option<Change> {
        let change = {
            let mut state = self.state();
            state.in_flight -= 1;
            state.level.observe(permit, observed)
        };
        self.changed.send_replace(());
        change
    }

    /// The server asks for a pause: nobody sends before it is over.
    pub(crate) fn hold(&self, pause: Duration) {
        let mut state = self.state();
        state.held_until = state.held_until.max(Some(Instant::now() + pause));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole after a panic elsewhere: nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_level_are_in_at_a_time() {
        let gate = RequestGate::new(2.try_into().unwrap());
        let first = gate.enter().await;
        gate.enter().await;
        let third = tokio::time::timeout(Duration::from_mins(1), gate.enter());
        assert!(third.await.is_err());
        gate.leave(first, Observed::Answered(Duration::ZERO));
        gate.enter().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_back_everybody_and_the_longest_one_counts() {
        let gate = RequestGate::new(16.try_into().unwrap());
        gate.hold(Duration::from_secs(20));
        gate.hold(Duration::from_secs(5));
        let start = Instant::now();
        tokio::join!(gate.enter(), gate.enter(), gate.enter());
        assert_eq!(start.elapsed().as_secs(), 20);
    }
}
