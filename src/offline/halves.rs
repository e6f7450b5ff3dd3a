//! The records of a large resource whose ids lie anywhere in its table, as random ones do, in
//! two halves. Nothing can be sent of such a table before it is sorted, so each of a
//! snapshot's two connections sorts one half, on a thread of its own.

use std::sync::Mutex;

use rusqlite::Connection;

use super::error::OfflineError;
use super::keys::WORTH_A_THREAD;
use super::records::{Record, RecordSource};
use super::snapshot::{Snapshot, hold};

/// One of the halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Lower,
    Upper,
}

/// Two halves, in upload order. They go from thread to thread, and the snapshot does not: it
/// stays with the one who reads the lower half.
#[derive(Debug)]
pub struct Halves<'a> {
    source: &'a RecordSource,
    twin: &'a Mutex<Connection>,
    /// The first id of the upper one.
    middle: String,
    /// How many records are in the lower one, all of whose ids are others.
    below: u64,
}

impl<'a> Halves<'a> {
    /// Splits the records of a resource, of which there are `rows`; `None` where one thread
    /// reads them as fast.
    #[must_use]
    pub fn of(source: &'a RecordSource, snapshot: &'a Snapshot, rows: u64) -> Option<Self> {
        let twin = snapshot.twin()?;
        let is_worth_it = rows >= WORTH_A_THREAD
            && source.is_sorted_by_id_alone()
            && snapshot.byte_order() == "BINARY"
            && source.is_scattered(snapshot);
        let below = rows / 2;
        let middle = is_worth_it.then(|| source.id_behind(snapshot, below))??;
        Some(Self { source, twin, middle, below })
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
        self.source.for_each_half(snapshot.connection(), Half::Lower, &self.middle, 0, consume)
    }

    /// Reads the upper half, which may be on another thread.
    ///
    /// # Errors
    /// As those of the lower one.
    pub fn upper(
        &self,
        consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        self.source.for_each_half(&hold(self.twin), Half::Upper, &self.middle, self.below, consume)
    }
}

#[cfg(test)]
mod tests {
    use super::super::database::Database;
    use super::*;
    use crate::schema::Schema;

    const SCHEMA: &str = r#"{"resources": [{"name": "todos", "version": 1, "fields": [
        {"name": "done", "type": "boolean"}]}], "relations": []}"#;

    /// Calls `check` for what SQL has made.
    fn with_database(sql: &str, check: impl FnOnce(&Snapshot, &RecordSource)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let application = Connection::open(&path).unwrap();
        application.execute_batch(&format!("{sql}; PRAGMA journal_mode = WAL")).unwrap();
        let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
        let schema = Schema::parse(SCHEMA).unwrap();
        let source =
            RecordSource::resolve(&snapshot, &schema, &schema.resources[0], &mut Vec::new()).unwrap();
        check(&snapshot, &source);
    }

    /// Makes so many rows.
    fn table(rows: u64, key: &str, id: &str) -> String {
        format!(
            "CREATE TABLE todos (id TEXT {key}, done INTEGER);
             WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
             INSERT INTO todos SELECT {id}, n % 2 FROM numbers"
        )
    }

    const KEY: &str = "PRIMARY KEY";
    const SCATTERED: &str = "printf('%08x', n * 2654435761 % 4294967296)";

    #[test]
    fn both_halves_together_are_the_whole_in_the_same_order() {
        let rows = WORTH_A_THREAD + 1;
        with_database(&table(rows, KEY, SCATTERED), |snapshot, source| {
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
        with_database(&table(rows, KEY, SCATTERED), |snapshot, source| {
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
        let bad = "UPDATE todos SET done = 2 WHERE id = (SELECT max(id) FROM todos)";
        with_database(&format!("{}; {bad}", table(rows, KEY, SCATTERED)), |snapshot, source| {
            let halves = Halves::of(source, snapshot, rows).unwrap();
            let error = halves.upper(|record| record.write_fields(&mut Vec::new())).unwrap_err();
            let OfflineError::Data(body) = error else { panic!("{error}") };
            assert_eq!(body.path, format!("records[{}].done", rows - 1));
        });
    }

    #[test]
    fn one_thread_reads_what_gains_nothing_or_cannot_be_split() {
        let rows = WORTH_A_THREAD;
        let index = "CREATE INDEX ids ON todos (id)";
        let twice = format!(
            "UPDATE todos SET id = (SELECT id FROM todos ORDER BY id LIMIT 1 OFFSET {})
             WHERE id = (SELECT id FROM todos ORDER BY id LIMIT 1 OFFSET {})",
            rows / 2 - 1,
            rows / 2,
        );
        for (why, rows, sql, is_split) in [
            ("it has an index", rows, format!("{}; {index}", table(rows, "", SCATTERED)), true),
            ("it has no index", rows, table(rows, "", SCATTERED), false),
            ("it is small", rows - 1, table(rows - 1, KEY, SCATTERED), false),
            ("it lies in order", rows, table(rows, KEY, "printf('%08x', n)"), false),
            (
                "SQLite orders it otherwise",
                rows,
                format!("PRAGMA encoding = 'UTF-16le'; {}", table(rows, KEY, SCATTERED)),
                false,
            ),
            (
                "the middle is there twice",
                rows,
                format!("{}; {index}; {twice}", table(rows, "", SCATTERED)),
                false,
            ),
        ] {
            with_database(&sql, |snapshot, source| {
                assert_eq!(Halves::of(source, snapshot, rows).is_some(), is_split, "{why}");
            });
        }
    }
}
