//! What the page shows of the store, and what the servers of one store tell each other for it.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::batch;
use super::error::{Failure, PostgresError};
use super::reader::{key_text, sequence_of};
use super::store::PostgresStore;
use crate::server::store::{Live, NewestItem, Overview, Report, Result};

impl PostgresStore {
    /// The last step, the counts by name, and the newest items; see [`Overview`].
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn overview(&self, newest: usize, characters: usize) -> Result<Overview> {
        let rows = self.reader.read(&self.page.live, &[]).await?;
        let sequence = sequence_of(rows.first())?;
        let mut live = Vec::new();
        for row in &rows {
            // Without counts there is one row, which has the last step.
            if let Some(items) = row.try_get::<_, Option<i64>>(2).map_err(Failure::from)? {
                live.push(Live { name: key_text(row, 1)?.to_owned(), items });
            }
        }
        Ok(Overview { sequence, live, newest: self.newest(newest, characters).await? })
    }

    async fn newest(&self, count: usize, characters: usize) -> Result<Vec<NewestItem>> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let characters = i32::try_from(characters).unwrap_or(i32::MAX);
        let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&count, Type::INT8), (&characters, Type::INT4)];
        let rows = self.reader.read(&self.page.newest, &parameters).await?;
        let item = |row| {
            let step: i64 = Row::try_get(row, 0).map_err(Failure::from)?;
            Ok(NewestItem {
                step: u64::try_from(step).map_err(|_| PostgresError::Damaged("a step is negative"))?,
                name: key_text(row, 1)?.to_owned(),
                id: key_text(row, 2)?.to_owned(),
                target: key_text(row, 3)?.to_owned(),
                document: row.try_get(4).map_err(Failure::from)?,
            })
        };
        rows.iter().map(item).collect()
    }

    /// The seconds since 1970 in which steps were taken, by any server, and how many, for as long as this
    /// age.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn throughput(&self, age: Duration) -> Result<Vec<(u64, u64)>> {
        let rows = self.reader.read(&self.page.throughput, &[(&batch::before(age), Type::INT8)]).await?;
        let mut seconds = Vec::with_capacity(rows.len());
        for row in &rows {
            let (second, steps): (i64, i64) =
                (row.try_get(0).map_err(Failure::from)?, row.try_get(1).map_err(Failure::from)?);
            seconds.push((second.unsigned_abs(), steps.unsigned_abs()));
        }
        Ok(seconds)
    }

    /// Enters what a server has been doing, in place of what it has entered before.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be written.
    pub(in crate::server) async fn report(&self, server: &str, report: &str) -> Result<()> {
        let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&server, Type::TEXT), (&report, Type::TEXT)];
        self.reader.read(&self.page.report, &parameters).await.map(drop)
    }

    /// What the other servers have entered within this age.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn reports(&self, server: &str, age: Duration) -> Result<Vec<Report>> {
        let seconds = age.as_secs_f64();
        let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&server, Type::TEXT), (&seconds, Type::FLOAT8)];
        let rows = self.reader.read(&self.page.reports, &parameters).await?;
        let report = |row: &Row| {
            let age_ms: i64 = row.try_get(1).map_err(Failure::from)?;
            Ok(Report {
                text: row.try_get(0).map_err(Failure::from)?,
                age: Duration::from_millis(u64::try_from(age_ms).unwrap_or(0)),
            })
        };
        rows.iter().map(report).collect()
    }

    /// Forgets what servers have entered that are gone.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be written.
    pub(in crate::server) async fn forget_reports(&self) -> Result<()> {
        self.reader.read(&self.page.forget_reports, &[]).await.map(drop)
    }
}
