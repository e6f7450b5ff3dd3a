//! Who may send, and when: how many requests are in flight, and the pause that the server
//! has asked for, which holds back all of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::level::{Change, Concurrency, Level, Observed, Ticket};

/// The gate that every request goes through.
#[derive(Debug)]
pub(super) struct Traffic {
    state: Mutex<State>,
    /// Told whenever somebody who waits may have got their turn.
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    level: Level,
    in_flight: usize,
    /// Nobody sends before this moment.
    held_until: Option<Instant>,
}

impl Traffic {
    pub(super) fn new(concurrency: Concurrency) -> Self {
        let state = State { level: Level::new(concurrency), in_flight: 0, held_until: None };
        Self { state: Mutex::new(state), changed: watch::Sender::new(()) }
    }

    /// How many requests may be in flight now.
    pub(super) fn level(&self) -> usize {
        self.state().level.current()
    }

    /// Waits until one more request may be sent.
    pub(super) async fn enter(&self) -> Ticket {
        let mut changed = self.changed.subscribe();
        loop {
            let held_until = {
                let mut state = self.state();
                let held_until = state.held_until.filter(|until| *until > Instant::now());
                if held_until.is_none() && state.in_flight < state.level.current() {
                    state.in_flight += 1;
                    return state.level.ticket();
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
    pub(super) fn leave(&self, ticket: Ticket, observed: Observed) -> Option<Change> {
        let change = {
            let mut state = self.state();
            state.in_flight -= 1;
            state.level.observe(ticket, observed)
        };
        self.changed.send_replace(());
        change
    }

    /// The server asks for a pause: nobody sends before it is over.
    pub(super) fn hold(&self, pause: Duration) {
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
        let traffic = Traffic::new(2.try_into().unwrap());
        let first = traffic.enter().await;
        traffic.enter().await;
        let third = tokio::time::timeout(Duration::from_mins(1), traffic.enter());
        assert!(third.await.is_err());
        traffic.leave(first, Observed::Answered(Duration::ZERO));
        traffic.enter().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_back_everybody_and_the_longest_one_counts() {
        let traffic = Traffic::new(16.try_into().unwrap());
        traffic.hold(Duration::from_secs(20));
        traffic.hold(Duration::from_secs(5));
        let start = Instant::now();
        tokio::join!(traffic.enter(), traffic.enter(), traffic.enter());
        assert_eq!(start.elapsed().as_secs(), 20);
    }
}
