//! Commits groups of pushes over one connection: loads, applies, writes, and does all of it again where
//! another transaction was faster or the connection is lost.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::Client;

use super::columns::Changes;
use super::connection::Connection;
use super::error::{Class, Failure, PostgresError};
use super::flight;
use super::load::{LoadError, Loaded, load, lock};
use super::sql::Statements;
use super::store::Shared;
use crate::server::store::{Result, StoreError, Touched, Writer};

/// The longest pause before another try after a conflict. The lock is what is waited for, so the pause
/// only has to part two that keep meeting.
const CONFLICT_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause before another try with a new connection.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);

/// What a group has become.
pub(in crate::server) struct Committed<T> {
    /// What applying it has returned.
    pub(in crate::server) result: T,
    /// The step of the sequence that the group's own steps follow.
    pub(in crate::server) first: u64,
}

/// One connection that writes.
pub(in crate::server) struct Lane {
    shared: Arc<Shared>,
    connection: Option<Connection>,
}

/// How a group is tried.
#[derive(Debug, Clone, Copy, Default)]
struct Approach {
    /// Whether what the group may look at is locked before it is loaded: after a conflict.
    locks: bool,
    /// Whether an earlier try may have been committed.
    may_be_committed: bool,
}

/// Why a try has failed.
enum TryError {
    Failed(Failure),
    Store(StoreError),
}

impl From<Failure> for TryError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<tokio_postgres::Error> for TryError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<LoadError> for TryError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Failed(failure) => Self::Failed(failure),
            LoadError::Damaged(error) => Self::Store(error.into()),
        }
    }
}

impl Lane {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, connection: None }
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
        let begin = flight::begin(bytes);
        let mut approach = Approach::default();
        loop {
            let tried = timeout_at(deadline, self.attempt(touched, &begin, approach, &mut work)).await;
            let failure = match tried {
                Ok(Ok(committed)) => return Ok(committed),
                Ok(Err(TryError::Store(error))) => {
                    self.connection = None;
                    return Err(error);
                }
                Ok(Err(TryError::Failed(failure))) => failure,
                Err(_) => Failure::TimedOut,
            };
            let pause = match failure.class() {
                Class::Conflict => {
                    approach.locks = true;
                    CONFLICT_PAUSE
                }
                Class::Unavailable => {
                    self.connection = None;
                    approach.may_be_committed = true;
                    RECONNECT_PAUSE
                }
                Class::Permanent => {
                    self.connection = None;
                    return Err(PostgresError::Failed(failure).into());
                }
            };
            tracing::debug!(%failure, "a group of pushes is tried again");
            let pause = pause.mul_f64(random());
            if Instant::now() + pause >= deadline {
                self.connection = None;
                return Err(StoreError::Unavailable(PostgresError::Failed(failure)));
            }
            sleep(pause).await;
        }
    }

    async fn attempt<T>(
        &mut self,
        touched: &Touched,
        begin: &str,
        approach: Approach,
        work: &mut impl FnMut(&mut dyn Writer) -> Result<T>,
    ) -> std::result::Result<Committed<T>, TryError> {
        let connection = match &mut self.connection {
            Some(connection) if !connection.is_closed() => connection,
            connection => connection.insert(self.shared.connector.connect().await?),
        };
        let transaction = Transaction { client: connection, statements: &self.shared.statements, approach };
        if approach.locks {
            transaction.locked(touched, begin, work).await
        } else {
            transaction.optimistic(touched, Some(begin), work).await
        }
    }
}

/// One try.
struct Transaction<'a> {
    client: &'a Client,
    statements: &'a Statements,
    approach: Approach,
}

impl Transaction<'_> {
    /// Locks what the group may look at, in a transaction that begins with that.
    async fn locked<T>(
        &self,
        touched: &Touched,
        begin: &str,
        work: &mut impl FnMut(&mut dyn Writer) -> Result<T>,
    ) -> std::result::Result<Committed<T>, TryError> {
        let locking = lock(self.client, self.statements, touched);
        let (started, locked) = join(self.client.batch_execute(begin), locking).await;
        let tried = match started.and(locked) {
            Ok(()) => self.optimistic(touched, None, work).await,
            Err(error) => Err(error.into()),
        };
        if tried.is_err() {
            // It may have ended already, and then there is only a warning. Without an answer the
            // connection is given up.
            self.client.batch_execute("ROLLBACK").await?;
        }
        tried
    }

    /// Loads, applies and writes. Where nothing was locked, the transaction asserts that what was loaded
    /// is still so. `begin` begins it, unless it has begun.
    async fn optimistic<T>(
        &self,
        touched: &Touched,
        begin: Option<&str>,
        work: &mut impl FnMut(&mut dyn Writer) -> Result<T>,
    ) -> std::result::Result<Committed<T>, TryError> {
        let Loaded { mut staging, sequence } = load(self.client, self.statements, touched).await?;
        let result = work(&mut staging).map_err(TryError::Store)?;
        let changes = Changes::of(&staging);
        if changes.steps > 0 {
            let first = flight::write(self.client, self.statements, begin, &changes).await?;
            // The counter is never negative.
            return Ok(Committed { result, first: first.unsigned_abs() });
        }
        if begin.is_none() {
            self.client.batch_execute("COMMIT").await?;
        }
        if self.approach.may_be_committed {
            // What is repeated here may be committed without having reached the standby that its own
            // commit waited for.
            self.client.batch_execute(&self.statements.fence).await?;
        }
        Ok(Committed { result, first: sequence })
    }
}

/// A number from 0 to 1.
fn random() -> f64 {
    let bits = uuid::Uuid::new_v4().as_fields().0;
    f64::from(bits) / f64::from(u32::MAX)
}
