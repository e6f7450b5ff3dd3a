//! Counts what the store holds. The counters are those of the sequence's row; only tombstones are counted,
//! through an index of their own.

use super::batch;
use super::error::{Failure, PostgresError};
use super::store::PostgresStore;
use crate::server::store::{Result, StoreConnections, StoreSizes};

impl PostgresStore {
    /// Counts what the store holds.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn sizes(&self) -> Result<StoreSizes> {
        let rows = self.reader.read(&self.retention.sizes, &[]).await?;
        let row = rows.first().ok_or(PostgresError::Damaged("there is no counter"))?;
        let number = |column| row.try_get::<_, i64>(column).map(i64::unsigned_abs).map_err(Failure::from);
        let time = |column| {
            let batch = row.try_get::<_, Option<i64>>(column).map_err(Failure::from)?;
            Ok::<_, Failure>(batch.map(batch::seconds))
        };
        let tombstones = number(3)?;
        Ok(StoreSizes {
            items: number(0)?.saturating_sub(tombstones),
            tombstones,
            mutations: number(1)?,
            oldest_tombstone: time(4)?,
            oldest_mutation: time(5)?,
            horizon: number(2)?,
        })
    }

    /// The connections for reads. Those of writes and clones are made when they are needed.
    pub(in crate::server) fn connections(&self) -> StoreConnections {
        let (in_use, idle) = self.reader.sizes();
        StoreConnections { in_use: in_use as u64, idle: idle as u64 }
    }
}
