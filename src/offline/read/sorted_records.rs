//! The records of a large resource that SQLite would have to sort, as it must where ids are
//! random or made by a template: read as they lie in the table, by two threads where the
//! snapshot has two connections, and sorted as the JSON that is uploaded.

use rusqlite::Connection;

use crate::offline::error::OfflineError;
use crate::offline::read::external_sort::{Runs, SortedRow, merge};
use crate::offline::read::partition::{WORTH_A_THREAD, for_each_half};
use crate::offline::read::records::{Record, RecordSource, not_unique};
use crate::offline::snapshot::Snapshot;

/// Records in upload order.
#[derive(Debug)]
pub struct Sorted {
    runs: Vec<Runs>,
}

impl Sorted {
    /// Sorts the records of a resource, of which there are `rows`. `None` where
    /// [`RecordSource::for_each`] is as fast, or is needed to tell what is wrong with a record.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database fails, or there is no space to sort.
    pub fn of(source: &RecordSource, snapshot: &Snapshot, rows: u64) -> Result<Option<Self>, OfflineError> {
        if rows < WORTH_A_THREAD || !source.must_be_sorted(snapshot)? {
            return Ok(None);
        }
        let sort = |connection: &Connection, condition: &str| {
            let mut runs = Runs::new()?;
            let add = |record: Record<'_>| runs.add(record.id, |json| record.write_fields(json));
            source.for_each_unordered(connection, condition, add).map(|()| runs)
        };
        let (mut runs, mut is_whole) = (Vec::new(), true);
        for half in for_each_half(snapshot, source.table(), sort) {
            match half {
                Ok(sorted) => runs.push(sorted),
                // Its place is only known in upload order.
                Err(OfflineError::Data { .. }) => is_whole = false,
                Err(error) => return Err(error),
            }
        }
        Ok(is_whole.then_some(Self { runs }))
    }

    /// Gives every record in upload order; its content is the canonical JSON object of its fields.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Data`] for an id that is there twice;
    /// [`OfflineError::Storage`] when what was sorted cannot be read.
    pub fn for_each(
        self,
        mut consume: impl FnMut(SortedRow<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let (mut index, mut previous) = (0, None::<String>);
        merge(self.runs, |row| {
            if previous.as_deref() == Some(row.id) {
                return Err(not_unique(index));
            }
            row.id.clone_into(previous.get_or_insert_default());
            index += 1;
            consume(row)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::database::Database;
    use crate::schema::Schema;

    const ROWS: u64 = WORTH_A_THREAD;
    const SCATTERED: &str = "printf('%08x', n * 2654435761 % 4294967296)";
    const TEXT_IDS: &str = r#"{"id": "id"}"#;

    /// Calls `check` for what SQL has made.
    fn with_database(storage: &str, sql: &str, check: impl FnOnce(&Snapshot, &RecordSource)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let application = Connection::open(&path).unwrap();
        application.execute_batch(&format!("{sql}; PRAGMA journal_mode = WAL")).unwrap();
        let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
        let schema = Schema::parse(&format!(
            r#"{{"resources": [{{"name": "todos", "version": 1, "storage": {storage}, "fields": [
                {{"name": "done", "type": "boolean"}}, {{"name": "title", "type": "string"}}]}}], "relations": []}}"#
        ))
        .unwrap();
        let source =
            RecordSource::resolve(&snapshot, &schema, &schema.resources[0], &mut Vec::new()).unwrap();
        check(&snapshot, &source);
    }

    /// Makes so many rows.
    fn table(rows: u64, id_type: &str, id: &str, options: &str) -> String {
        format!(
            "CREATE TABLE todos (id {id_type}, done INTEGER, title TEXT) {options};
             WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
             INSERT INTO todos SELECT {id}, n % 2, 'Zürich ' || n FROM numbers"
        )
    }

    #[test]
    fn records_come_in_the_order_and_with_the_content_that_sqlite_gives() {
        let scattered = table(ROWS, "TEXT PRIMARY KEY", SCATTERED, "");
        for (why, storage, sql) in [
            ("random ids", TEXT_IDS, scattered.clone()),
            ("no index", TEXT_IDS, table(ROWS, "TEXT", SCATTERED, "")),
            (
                "a template",
                r#"{"id": "id", "idFormat": "t-{}"}"#,
                table(ROWS, "INTEGER PRIMARY KEY", "n", ""),
            ),
            ("another order", TEXT_IDS, format!("PRAGMA encoding = 'UTF-16le'; {scattered}")),
            (
                "no row ids",
                TEXT_IDS,
                table(ROWS, "TEXT COLLATE NOCASE PRIMARY KEY", SCATTERED, "WITHOUT ROWID"),
            ),
        ] {
            with_database(storage, &sql, |snapshot, source| {
                let (mut expected, mut given) = (Vec::new(), Vec::new());
                source
                    .for_each(snapshot, |record| {
                        let mut json = Vec::new();
                        record.write_fields(&mut json)?;
                        expected.push((record.id.to_owned(), json));
                        Ok(())
                    })
                    .unwrap();
                let sorted = Sorted::of(source, snapshot, ROWS).unwrap().unwrap_or_else(|| panic!("{why}"));
                sorted
                    .for_each(|record| {
                        let (id, mut json) = (record.id.to_owned(), Vec::new());
                        record.write_content(&mut json)?;
                        given.push((id, json));
                        Ok(())
                    })
                    .unwrap();
                assert!(given == expected, "{why}");
            });
        }
    }

    #[test]
    fn what_is_small_or_lies_in_order_is_read_by_sqlite() {
        for (why, rows, sql) in [
            ("it is small", ROWS - 1, table(ROWS - 1, "TEXT PRIMARY KEY", SCATTERED, "")),
            ("it lies in order", ROWS, table(ROWS, "TEXT PRIMARY KEY", "printf('%08x', n)", "")),
        ] {
            with_database(TEXT_IDS, &sql, |snapshot, source| {
                assert!(Sorted::of(source, snapshot, rows).unwrap().is_none(), "{why}");
            });
        }
    }

    #[test]
    fn a_record_that_cannot_be_uploaded_is_left_to_the_one_who_knows_its_place() {
        let bad = "UPDATE todos SET title = CAST(x'ff' AS TEXT) WHERE id = (SELECT max(id) FROM todos)";
        let sql = format!("{}; {bad}", table(ROWS, "TEXT PRIMARY KEY", SCATTERED, ""));
        with_database(TEXT_IDS, &sql, |snapshot, source| {
            assert!(Sorted::of(source, snapshot, ROWS).unwrap().is_none());
        });
    }

    #[test]
    fn an_id_that_is_there_twice_is_named_by_its_place() {
        let twice = format!("UPDATE todos SET id = '{:08x}' WHERE rowid IN (7, {ROWS})", 0);
        let sql = format!("{}; {twice}", table(ROWS, "TEXT", SCATTERED, ""));
        with_database(TEXT_IDS, &sql, |snapshot, source| {
            let sorted = Sorted::of(source, snapshot, ROWS).unwrap().unwrap();
            let error = sorted.for_each(|_| Ok(())).unwrap_err();
            let OfflineError::Data { path, .. } = error else { panic!("{error}") };
            assert_eq!(path, "records[1].id");
        });
    }

    #[test]
    fn sorting_can_be_broken_off() {
        let sql = table(8 * ROWS, "TEXT PRIMARY KEY", SCATTERED, "");
        with_database(TEXT_IDS, &sql, |snapshot, source| {
            let interrupt = snapshot.interrupter();
            let error = std::thread::scope(|scope| {
                let (sender, is_over) = std::sync::mpsc::channel::<()>();
                scope.spawn(move || {
                    while is_over.recv_timeout(std::time::Duration::from_millis(1)).is_err() {
                        interrupt();
                    }
                });
                let sorted = Sorted::of(source, snapshot, 8 * ROWS);
                sender.send(()).unwrap();
                sorted.unwrap_err()
            });
            assert!(matches!(&error, OfflineError::Interrupted), "{error}");
        });
    }
}
