//! Reading the records of a resource in any order, for a comparison: in the order in which they are
//! stored, by two threads where the snapshot has two connections. Reading them in upload order is in
//! [`super::record`].

use rusqlite::Connection;

use crate::offline::error::OfflineError;
use crate::offline::read::partition::map_partitions;
use crate::offline::read::records::marked::has_unique_ids;
use crate::offline::read::records::record::Record;
use crate::offline::read::records::source::RecordSource;
use crate::offline::snapshot::Snapshot;

impl RecordSource {
    /// Reads every record in any order. Each thread begins with a state that `begin` makes, gives every
    /// record to `consume` with it, and ends with `end`; the results of all threads are returned.
    ///
    /// # Errors
    /// What `begin`, `consume` and `end` return; those of [`RecordSource::for_each`].
    pub fn map_in_any_order<S, T: Send>(
        &self,
        snapshot: &Snapshot,
        begin: impl Fn() -> Result<S, OfflineError> + Sync,
        consume: impl Fn(&mut S, Record<'_>) -> Result<(), OfflineError> + Sync,
        end: impl Fn(S) -> Result<T, OfflineError> + Sync,
    ) -> Result<Vec<T>, OfflineError> {
        let in_order = || {
            let mut state = begin()?;
            self.for_each(snapshot, |record| consume(&mut state, record))?;
            Ok(vec![end(state)?])
        };
        // Reading in order finds an id that occurs twice.
        if !has_unique_ids(&self.table, snapshot.connection()).map_err(self.table.failed())? {
            return in_order();
        }
        let scan = |connection: &Connection, condition: &str| {
            let mut state = begin()?;
            self.for_each_stored(connection, condition, |record| consume(&mut state, record))?;
            end(state)
        };
        let read: Result<Vec<_>, _> = map_partitions(snapshot, &self.table.name, scan).into_iter().collect();
        match read {
            // Reading in order finds the first one in upload order.
            Err(OfflineError::Data { .. }) => in_order(),
            read => read,
        }
    }
}
