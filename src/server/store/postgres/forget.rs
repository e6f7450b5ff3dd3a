//! Forgets in chunks, each one statement. When is decided in [`crate::server::group`]; of all servers one
//! does it at a time.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::batch;
use super::error::{Failure, PostgresError};
use super::store::PostgresStore;
use crate::server::store::{Chunk, Result};

/// A parameter of a statement.
type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// What is old enough to be forgotten: the batches before a moment.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Before(i64);

impl Before {
    /// Those of this age and more.
    pub(in crate::server) fn age(age: Duration) -> Self {
        Self(batch::before(age))
    }
}

/// A place in the order of `applied`: the key of a row.
#[derive(Debug)]
pub(in crate::server) struct AppliedKey {
    client: i64,
    mutation: Vec<u8>,
}

impl AppliedKey {
    /// The place before every row: no mutation id is empty.
    pub(in crate::server) fn first() -> Self {
        Self { client: i64::MIN, mutation: Vec::new() }
    }
}

impl PostgresStore {
    /// Takes the next pass, if one is due; no other server takes it then, and the next one is due after
    /// this time.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be written.
    pub(in crate::server) async fn take_pass(&self, interval: Duration) -> Result<bool> {
        let seconds = interval.as_secs_f64();
        let rows = self.reader.read(&self.retention.take_pass, &[(&seconds, Type::FLOAT8)]).await?;
        Ok(!rows.is_empty())
    }

    /// Forgets old deletes: `max` of them, those of the earliest batches first. The last one is kept: a
    /// client that pulls from the start then passes it and has a cursor that is not before the forgotten
    /// ones.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be written.
    pub(in crate::server) async fn forget_deletes(&self, old: Before, max: u64) -> Result<Chunk> {
        let limit = signed(max.saturating_add(1));
        let parameters: [Parameter<'_>; 2] = [(&old.0, Type::INT8), (&limit, Type::INT8)];
        let rows = self.reader.read(&self.retention.forget_deletes, &parameters).await?;
        let (removed, found) = counts(rows.first())?;
        Ok(Chunk { removed, is_last: found < limit.unsigned_abs() || removed == 0 })
    }

    /// Whether there are mutations that are old enough.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn has_old_mutations(&self, old: Before) -> Result<bool> {
        let rows = self.reader.read(&self.retention.has_old_mutations, &[(&old.0, Type::INT8)]).await?;
        Ok(!rows.is_empty())
    }

    /// Forgets old mutations among the next `max` rows of the table after a key, and moves the key past
    /// them.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be written.
    pub(in crate::server) async fn forget_mutations(
        &self,
        old: Before,
        after: &mut AppliedKey,
        max: u64,
    ) -> Result<Chunk> {
        let limit = signed(max);
        let parameters: [Parameter<'_>; 4] = [
            (&after.client, Type::INT8),
            (&after.mutation, Type::BYTEA),
            (&limit, Type::INT8),
            (&old.0, Type::INT8),
        ];
        let rows = self.reader.read(&self.retention.forget_mutations, &parameters).await?;
        let (removed, found) = counts(rows.first())?;
        let is_last = found < max;
        match rows.first() {
            Some(row) if !is_last => {
                let (client, mutation) = (row.try_get(2), row.try_get(3));
                *after = AppliedKey {
                    client: client.map_err(Failure::from)?,
                    mutation: mutation.map_err(Failure::from)?,
                };
            }
            _ => {
                let finish = &self.retention.finish_mutations;
                self.reader.read(finish, &[(&old.0, Type::INT8)]).await?;
            }
        }
        Ok(Chunk { removed, is_last })
    }

    /// Forgets old commits that are no place of an item any more, among the next `max` after a step, and
    /// moves the step past them.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be written.
    pub(in crate::server) async fn forget_commits(
        &self,
        old: Before,
        after: &mut i64,
        max: u64,
    ) -> Result<Chunk> {
        let limit = signed(max);
        let parameters: [Parameter<'_>; 3] =
            [(&*after, Type::INT8), (&limit, Type::INT8), (&old.0, Type::INT8)];
        let rows = self.reader.read(&self.retention.forget_commits, &parameters).await?;
        let (removed, found) = counts(rows.first())?;
        let last: Option<i64> =
            rows.first().and_then(|row| row.try_get(2).transpose()).transpose().map_err(Failure::from)?;
        *after = last.unwrap_or(*after);
        Ok(Chunk { removed, is_last: found < max })
    }
}

/// How many rows a statement has removed, and how many it has looked at.
fn counts(row: Option<&Row>) -> Result<(u64, u64)> {
    let row = row.ok_or(PostgresError::Damaged("there is no counter"))?;
    let count = |column| -> Result<u64> {
        let count: i64 = row.try_get(column).map_err(Failure::from)?;
        Ok(count.unsigned_abs())
    };
    Ok((count(0)?, count(1)?))
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
