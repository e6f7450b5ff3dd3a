//! The request gate: every push passes through it, so that no more are in flight than the concurrency
//! limit allows, and none is sent before its turn. The limit itself is in [`super::concurrency`]; whose
//! turn it is, in the [`Pace`], which holds all other requests as well.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::concurrency::{ConcurrencyLimit, Epoch, LimitChange, Observed};
use crate::cloneup::options::Concurrency;
use crate::remote::{Pace, Turn};

/// What the requests of several uploads of one process have in common: how many are in flight, the pause
/// that a server has asked for, and their pace (contract 3.7 and 3.10). A clone shares all of it.
///
/// ```
/// # fn gate(config: &synctool::remote::RemoteConfig) -> Result<(), synctool::remote::ConfigError> {
/// use synctool::cloneup::{Concurrency, RequestGate};
/// use synctool::remote::Remote;
///
/// let remote = Remote::new(config)?;
/// let gate = RequestGate::new(Concurrency::Auto, remote.pace().clone());
/// // For each database: Upload::new(database, remote.clone(), schema).gate(gate.clone())
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RequestGate {
    level: Arc<Level>,
    pace: Pace,
}

/// How many requests are in flight.
#[derive(Debug)]
struct Level {
    state: Mutex<LevelState>,
    /// Notifies waiting requests after every change of the state.
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct LevelState {
    limit: ConcurrencyLimit,
    in_flight: usize,
}

/// The permission to send one request; dropping it ends the request.
#[derive(Debug)]
pub(crate) struct Permit {
    level: Arc<Level>,
    epoch: Epoch,
}

impl RequestGate {
    /// A gate for the requests of one or several uploads.
    #[must_use]
    pub fn new(concurrency: Concurrency, pace: Pace) -> Self {
        let state = LevelState { limit: ConcurrencyLimit::new(concurrency), in_flight: 0 };
        let level = Level { state: Mutex::new(state), changed: watch::Sender::new(()) };
        Self { level: Arc::new(level), pace }
    }

    /// The pace of the requests.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// The number of requests that may be in flight now.
    pub(crate) fn limit(&self) -> usize {
        self.level.state().limit.current()
    }

    /// Waits until one more request may be sent, and for its turn.
    pub(super) async fn enter(&self) -> (Permit, Turn) {
        let mut permit = self.permit().await;
        let turn = self.pace.turn().await;
        // The limit may have changed during the wait.
        permit.epoch = self.level.state().limit.epoch();
        (permit, turn)
    }

    /// Waits until one more request may be sent; its turn is taken elsewhere.
    pub(crate) async fn permit(&self) -> Permit {
        let mut changed = self.level.changed.subscribe();
        loop {
            {
                let mut state = self.level.state();
                if state.in_flight < state.limit.current() {
                    state.in_flight += 1;
                    return Permit { level: Arc::clone(&self.level), epoch: state.limit.epoch() };
                }
            }
            // Never an error: `self` has the sender.
            let _ = changed.changed().await;
        }
    }
}

impl Permit {
    /// Ends a request. Returns the change of the limit that follows from it.
    pub(super) fn leave(self, observed: Observed) -> Option<LimitChange> {
        self.level.state().limit.observe(self.epoch, observed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.level.state().in_flight -= 1;
        self.level.changed.send_replace(());
    }
}

impl Level {
    fn state(&self) -> MutexGuard<'_, LevelState> {
        // The state is consistent after a panic elsewhere: no code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    fn fixed(number: usize) -> RequestGate {
        RequestGate::new(Concurrency::Fixed(number.try_into().unwrap()), Pace::default())
    }

    async fn is_open(gate: &RequestGate) -> bool {
        tokio::time::timeout(Duration::from_mins(1), gate.enter()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_than_the_limit_are_in_flight_in_all_that_share_it() {
        let gate = fixed(2);
        let (first, _) = gate.enter().await;
        let second = gate.clone().enter().await;
        assert!(!is_open(&gate).await && !is_open(&gate.clone()).await);
        first.leave(Observed::Answered(Duration::ZERO));
        assert!(is_open(&gate).await);
        // A request that is given up, as after an interruption, ends as well.
        drop(second);
        let (_third, _fourth) = (gate.enter().await, gate.enter().await);
        assert!(!is_open(&gate).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_pause_holds_back_all_requests() {
        let gate = fixed(16);
        gate.pace().hold(Duration::from_secs(20));
        gate.pace().hold(Duration::from_secs(5));
        let start = Instant::now();
        tokio::join!(gate.enter(), gate.enter(), gate.enter());
        assert_eq!(start.elapsed().as_secs(), 20);
    }
}
