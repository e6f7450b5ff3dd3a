//! The SQL that counts: how much is in the store, and how old it is.

use rusqlite::OptionalExtension as _;

use super::counters::Counters;
use super::forget::{FORGOTTEN_MUTATIONS, forgotten};
use super::layout::Place;
use super::reader::SqliteReader;
use crate::server::store::{Result, StoreSizes};

impl SqliteReader {
    /// Counts what the store holds.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) fn sizes(&self) -> Result<StoreSizes> {
        let counters = Counters::read(self.connection())?;
        // Of all items only the tombstones are counted: they are few, and have an index of their own.
        let sql = "SELECT count(*) FROM item INDEXED BY tombstone WHERE document IS NULL";
        let tombstones: u64 = self.connection().prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        let horizon = self.horizon()?;
        let sql = "SELECT min(place) FROM item INDEXED BY tombstone WHERE document IS NULL AND place > ?1";
        let values = [Place::last_of(horizon).0];
        let first: Option<i64> =
            self.connection().prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
        // Every step is that of one mutation.
        let first_remembered = forgotten(self.connection(), FORGOTTEN_MUTATIONS)? + 1;
        let mutation = (counters.remembered > 0).then_some(first_remembered);
        Ok(StoreSizes {
            items: counters.items.saturating_sub(tombstones),
            tombstones,
            mutations: counters.remembered,
            oldest_tombstone: self.time_of(first.map(|place| Place(place).step()))?,
            oldest_mutation: self.time_of(mutation)?,
            horizon,
        })
    }

    /// When a step was taken, in seconds since 1970. The last steps may have no moment yet; their time is
    /// close to that of the last moment.
    fn time_of(&self, step: Option<u64>) -> Result<Option<u64>> {
        let Some(step) = step else { return Ok(None) };
        // Moments are in the order of the steps, so that the first match is the earliest.
        let sql = "SELECT second FROM moment WHERE step >= ?1 ORDER BY second LIMIT 1";
        let time = self.connection().prepare_cached(sql)?.query_row([step], |row| row.get(0)).optional()?;
        match time {
            Some(time) => Ok(Some(time)),
            None => {
                Ok(self.connection().query_row("SELECT max(second) FROM moment", [], |row| row.get(0))?)
            }
        }
    }
}
