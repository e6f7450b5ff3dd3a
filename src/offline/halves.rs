//! The records of a large resource whose ids lie anywhere in its table, as random ones do, in
//! two halves. Nothing can be sent of such a table before it is sorted, so each of a
//! snapshot's two connections sorts one half, on a thread of its own.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::error::OfflineError;
use super::keys::WORTH_A_THREAD;
use super::records::{Record, RecordSource};
use super::snapshot::Snapshot;

/// Two halves, in upload order.
#[derive(Debug)]
pub struct Halves<'a> {
    source: &'a RecordSource,
    twin: &'a Mutex<Connection>,
    /// The first id of the upper one.
    middle: String,
    /// How many records are in the lower one.
    below: u64,
}

impl<'a> Halves<'a> {
    /// Splits the records of a resource, of which there are `rows`; `None` where one thread
    /// reads them as fast.
    #[must_use]
    pub fn of(source: &'a RecordSource, snapshot: &'a Snapshot, rows: u64) -> Option<Self> {
        let twin = snapshot.twin()?;
        if rows < WORTH_A_THREAD || !source.is_sorted_by_id_alone() || !source.is_scattered(snapshot) {
            return None;
        }
        let below = rows / 2;
        Some(Self { source, twin, middle: source.id_at(snapshot, below)?, below })
    }

    /// Reads the lower half, as [`RecordSource::for_each`] does.
    ///
    /// # Errors
    /// As there.
    pub fn lower(
        &self,
        snapshot: &Snapshot,
        consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        self.source.for_each_half(snapshot.connection(), "<", &self.middle, 0, consume)
    }

    /// Reads the upper half, which may be on another thread.
    ///
    /// # Errors
    /// As those of the lower one.
    pub fn upper(
        &self,
        consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let twin = self.twin.lock().unwrap_or_else(PoisonError::into_inner);
        self.source.for_each_half(&twin, ">=", &self.middle, self.below, consume)
    }
}

#[cfg(test)]
mod tests {
    use super::super::database::Database;
    use super::*;
    use crate::schema::Schema;

    const SCHEMA: &str = r#"{"resources": [{"name": "todos", "version": 1, "fields": [
        {"name": "done", "type": "boolean"}, {"name": "parent", "type": "string"}]}], "relations": []}"#;

    /// Calls `check` for a table of so many rows whose ids are in this order.
    fn with_table(rows: u64, id: &str, more: &str, check: impl FnOnce(&Snapshot, &RecordSource)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let application = Connection::open(&path).unwrap();
        application.pragma_update(None, "journal_mode", "WAL").unwrap();
        let sql = format!(
            "CREATE TABLE todos (id TEXT PRIMARY KEY, done INTEGER, parent TEXT);
             WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
             INSERT INTO todos SELECT {id}, n % 2, NULL FROM numbers; {more}"
        );
        application.execute_batch(&sql).unwrap();
        let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
        let schema = Schema::parse(SCHEMA).unwrap();
        let source =
            RecordSource::resolve(&snapshot, &schema, &schema.resources[0], &mut Vec::new()).unwrap();
        check(&snapshot, &source);
    }

    const SCATTERED: &str = "printf('%08x', n * 2654435761 % 4294967296)";

    #[test]
    fn both_halves_together_are_the_whole_in_the_same_order() {
        let rows = WORTH_A_THREAD + 1;
        with_table(rows, SCATTERED, "", |snapshot, source| {
            let (mut whole, mut split) = (Vec::new(), Vec::new());
            let write = |into: &mut Vec<String>, record: &Record<'_>| {
                let mut json = record.id.as_bytes().to_vec();
                record.write_fields(&mut json)?;
                into.push(String::from_utf8(json).unwrap());
                Ok(())
            };
            source.for_each(snapshot, |record| write(&mut whole, &record)).unwrap();
            let halves = Halves::of(source, snapshot, rows).unwrap();
            halves.lower(snapshot, |record| write(&mut split, &record)).unwrap();
            assert_eq!(split.len() as u64, rows / 2);
            halves.upper(|record| write(&mut split, &record)).unwrap();
            assert_eq!(split, whole);
        });
    }

    #[test]
    fn reading_can_be_broken_off_in_either_half() {
        let rows = WORTH_A_THREAD;
        with_table(rows, SCATTERED, "", |snapshot, source| {
            let interrupt = snapshot.interrupter();
            let halves = Halves::of(source, snapshot, rows).unwrap();
            let mut count = 0;
            let mut once = |_: Record<'_>| {
                count += 1;
                interrupt();
                Ok(())
            };
            let broken_off = [halves.lower(snapshot, &mut once), halves.upper(&mut once)];
            for error in broken_off.map(Result::unwrap_err) {
                assert!(matches!(&error, OfflineError::Storage { .. }), "{error}");
            }
            assert_eq!(count, 2);
        });
    }

    #[test]
    fn what_cannot_be_uploaded_is_named_by_its_place_in_the_whole() {
        let rows = WORTH_A_THREAD;
        let more = "UPDATE todos SET done = 2 WHERE id = (SELECT max(id) FROM todos)";
        with_table(rows, SCATTERED, more, |snapshot, source| {
            let halves = Halves::of(source, snapshot, rows).unwrap();
            let error = halves.upper(|record| record.write_fields(&mut Vec::new())).unwrap_err();
            let OfflineError::Data(body) = error else { panic!("{error}") };
            assert_eq!(body.path, format!("records[{}].done", rows - 1));
        });
    }

    #[test]
    fn what_is_small_or_lies_in_order_is_not_split() {
        let rows = WORTH_A_THREAD;
        with_table(rows, "printf('%08x', n)", "", |snapshot, source| {
            assert!(Halves::of(source, snapshot, rows).is_none());
        });
        with_table(rows - 1, SCATTERED, "", |snapshot, source| {
            assert!(Halves::of(source, snapshot, rows - 1).is_none());
        });
    }
}
