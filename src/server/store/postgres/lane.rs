//! Commits groups of pushes over one connection, again where another transaction was faster or the
//! connection is lost. One try is in [`super::transaction`].

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::connection::Connection;
use super::error::{Class, Failure, PostgresError};
use super::flight;
use super::store::Shared;
use super::transaction::{Approach, Committed, Transaction, TryError};
use crate::server::store::{Result, StoreError, Touched, Writer};

/// How much longer the pause before another try may be with each conflict but the first. A lock is what
/// is waited for, so the pause only has to part two that keep meeting.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);

/// Groups that are locked at once after one that has met another transaction.
const LOCKED_GROUPS: u32 = 8;

/// The longest pause before another try with a new connection.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);

/// Groups in a row that were all new before the next one is assumed to be.
const LEAST_STREAK: u32 = 2;

/// The same after many assumptions that were wrong.
const MAX_STREAK: u32 = 64;

/// One connection that writes.
pub(in crate::server) struct Lane {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    /// The next groups, which are locked at once.
    locked_groups: u32,
    /// Groups since one that was not all new.
    streak: u32,
    /// How many of them make the next one be assumed to be all new. It doubles with each assumption that
    /// was wrong, because PostgreSQL has written such a group for nothing.
    needed_streak: u32,
}

impl Lane {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, connection: None, locked_groups: 0, streak: 0, needed_streak: LEAST_STREAK }
    }

    /// Runs `work` on what the store has of the touched keys, and commits what it has written, about
    /// this many bytes. `work` runs again when the store has changed meanwhile.
    ///
    /// # Errors
    /// `work`'s, [`StoreError::Unavailable`] when it was not committed before the deadline, and
    /// [`StoreError::Postgres`]. After the last two it may be committed nevertheless.
    pub(in crate::server) async fn commit<T>(
        &mut self,
        touched: &Touched,
        bytes: usize,
        deadline: Instant,
        mut work: impl FnMut(&mut dyn Writer) -> Result<T>,
    ) -> Result<Committed<T>> {
        let (begin, mut may_be_committed) = (flight::begin(bytes), false);
        let (mut approach, mut conflicts) = (self.first_approach(), 0);
        loop {
            let trying = async {
                let connection = match &mut self.connection {
                    Some(connection) if !connection.is_closed() => connection,
                    connection => connection.insert(self.shared.connector.connect().await?),
                };
                let (client, statements) = (&*connection, &self.shared.statements);
                let transaction =
                    Transaction { client, statements, touched, begin: &begin, may_be_committed };
                transaction.run(approach, &mut work).await
            };
            let failure = match timeout_at(deadline, trying).await {
                Ok(Ok(committed)) => {
                    self.streak = if committed.was_all_new { self.streak.saturating_add(1) } else { 0 };
                    return Ok(committed);
                }
                Ok(Err(TryError::Store(error))) => {
                    self.connection = None;
                    return Err(error);
                }
                Ok(Err(TryError::Failed(failure))) => failure,
                Err(_) => Failure::TimedOut,
            };
            let pause = match failure.class() {
                Class::Conflict => {
                    conflicts += 1;
                    CONFLICT_PAUSE * (conflicts - 1)
                }
                Class::Unavailable => {
                    self.connection = None;
                    may_be_committed = true;
                    RECONNECT_PAUSE
                }
                Class::Permanent => {
                    self.connection = None;
                    return Err(PostgresError::Failed(failure).into());
                }
            };
            approach = self.next_approach(approach, failure.class());
            tracing::debug!(%failure, ?approach, "a group of pushes is tried again");
            let pause = pause.mul_f64(random());
            if Instant::now() + pause >= deadline {
                self.connection = None;
                return Err(StoreError::Unavailable(PostgresError::Failed(failure)));
            }
            sleep(pause).await;
        }
    }

    /// How a group is tried first.
    fn first_approach(&mut self) -> Approach {
        if self.locked_groups > 0 {
            self.locked_groups -= 1;
            return Approach::Lock;
        }
        if self.streak >= self.needed_streak { Approach::Assume } else { Approach::Load }
    }

    /// How a group is tried after a failure.
    fn next_approach(&mut self, approach: Approach, class: Class) -> Approach {
        match (approach, class) {
            (Approach::Assume, Class::Conflict) => {
                self.streak = 0;
                self.needed_streak = (self.needed_streak * 2).min(MAX_STREAK);
                Approach::Load
            }
            (Approach::Load, Class::Conflict) => {
                self.locked_groups = LOCKED_GROUPS;
                Approach::Lock
            }
            (Approach::Lock, _) => Approach::Lock,
            (Approach::Assume | Approach::Load, _) => Approach::Load,
        }
    }
}

/// A number from 0 to 1.
fn random() -> f64 {
    let bits = uuid::Uuid::new_v4().as_fields().0;
    f64::from(bits) / f64::from(u32::MAX)
}
