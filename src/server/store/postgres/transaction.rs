//! One try to commit a group: what is loaded before the group is applied, and what is written after.
//! When there is another try is decided in [`super::lane`].

use futures_util::future::join3;
use tokio_postgres::Client;

use super::columns::Changes;
use super::error::{Failure, PostgresError};
use super::flight;
use super::load::{LoadError, Loaded, load, lock};
use super::sql::Statements;
use super::staging::Staging;
use crate::server::store::{Result, StoreError, Touched, Writer};

/// What a group has become.
pub(in crate::server) struct Committed<T> {
    /// What applying it has returned.
    pub(in crate::server) result: T,
    /// The step of the sequence that the group's own steps follow.
    pub(in crate::server) first: u64,
    /// Whether the store had nothing that the group has touched.
    pub(super) was_all_new: bool,
}

/// What is done before a group is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Approach {
    /// Nothing: the store is taken to have nothing of what the group touches, as in the first upload of
    /// a database. The transaction asserts it, so that a group takes one round trip.
    Assume,
    /// What the group may look at is loaded. The transaction asserts that it is still so.
    Load,
    /// It is locked, and then loaded.
    Lock,
}

/// Why a try has failed.
pub(super) enum TryError {
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

impl From<StoreError> for TryError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<LoadError> for TryError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Failed(failure) => Self::Failed(failure),
            LoadError::Damaged(error) => Self::Store(PostgresError::into(error)),
        }
    }
}

/// One try.
pub(super) struct Transaction<'a> {
    pub(super) client: &'a Client,
    pub(super) statements: &'a Statements,
    pub(super) touched: &'a Touched,
    /// Begins the transaction.
    pub(super) begin: &'a str,
    /// Whether an earlier try may have been committed.
    pub(super) may_be_committed: bool,
}

impl Transaction<'_> {
    /// Applies the group with `work` and commits what it has written.
    pub(super) async fn run<T>(
        &self,
        approach: Approach,
        work: &mut impl FnMut(&mut dyn Writer) -> Result<T>,
    ) -> std::result::Result<Committed<T>, TryError> {
        match approach {
            Approach::Assume => {
                let mut staging = Staging::new(self.touched);
                let result = work(&mut staging)?;
                if staging.steps > 0 && staging.is_all_applied() {
                    let first = self.write(Some(self.begin), &staging).await?;
                    return Ok(Committed { result, first, was_all_new: true });
                }
                // A mutation that is rejected without a look at any item may have been applied before,
                // and nothing would assert that.
                self.load(work).await
            }
            Approach::Load => self.load(work).await,
            Approach::Lock => self.lock(work).await,
        }
    }

    async fn lock<T>(
        &self,
        work: &mut impl FnMut(&mut dyn Writer) -> Result<T>,
    ) -> std::result::Result<Committed<T>, TryError> {
        let (client, statements) = (self.client, self.statements);
        // Each statement sees what is committed when it begins, so the load sees what is locked.
        let (started, locked, loaded) = join3(
            client.batch_execute(self.begin),
            lock(client, statements, self.touched),
            load(client, statements, self.touched),
        )
        .await;
        let tried = match started.and(locked) {
            Ok(()) => match loaded {
                Ok(loaded) => self.apply(loaded, None, work).await,
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        };
        if tried.is_err() {
            // It may have ended already, and then there is only a warning. Without an answer the
            // connection is given up.
            self.client.batch_execute("ROLLBACK").await?;
        }
        tried
    }

    async fn load<T>(
        &self,
        work: &mut impl FnMut(&mut dyn Writer) -> Result<T>,
    ) -> std::result::Result<Committed<T>, TryError> {
        let loaded = load(self.client, self.statements, self.touched).await?;
        self.apply(loaded, Some(self.begin), work).await
    }

    /// Applies the group to what was loaded, and writes. `begin` begins the transaction, unless it has
    /// begun.
    async fn apply<T>(
        &self,
        loaded: Loaded<'_>,
        begin: Option<&str>,
        work: &mut impl FnMut(&mut dyn Writer) -> Result<T>,
    ) -> std::result::Result<Committed<T>, TryError> {
        let Loaded { mut staging, sequence } = loaded;
        let was_all_new = staging.is_empty();
        let result = work(&mut staging)?;
        if staging.steps > 0 {
            let first = self.write(begin, &staging).await?;
            return Ok(Committed { result, first, was_all_new });
        }
        if begin.is_none() {
            self.client.batch_execute("COMMIT").await?;
        }
        if self.may_be_committed {
            // What is repeated here may be committed without having reached the standby that its own
            // commit waited for.
            self.client.batch_execute(&self.statements.fence).await?;
        }
        Ok(Committed { result, first: sequence, was_all_new })
    }

    /// Writes and commits what a group has written.
    async fn write(&self, begin: Option<&str>, staging: &Staging<'_>) -> std::result::Result<u64, TryError> {
        let first = flight::write(self.client, self.statements, begin, &Changes::of(staging)).await?;
        // The counter is never negative.
        Ok(first.unsigned_abs())
    }
}
