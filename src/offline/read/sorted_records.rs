//! The records of a large resource in temporary files, in upload order: read in the order in which they
//! are stored, by two threads where the snapshot has two connections, and sorted with their JSON by an
//! external merge sort. A table that has to be sorted ([`ReadOrder::Sort`]) and is small is sorted by SQLite;
//! others are only here where that checks them ([`super::records`]).

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::BytesMut;
use rusqlite::Connection;

use crate::offline::error::OfflineError;
use crate::offline::map::size::RowSize;
use crate::offline::map::unnamed_keys::UnnamedKeys;
use crate::offline::read::check::{ALL_ROWS, count_rows};
use crate::offline::read::external_sort::{OrderedRows, SortedRow, Sorter, merge};
use crate::offline::read::partition::{MIN_ROWS_FOR_TWO_THREADS, map_partitions, most_rows};
use crate::offline::read::records::{ReadOrder, Record, RecordSource, not_unique};
use crate::offline::read::temporary_file::temporary_folders;
use crate::offline::snapshot::Snapshot;

/// The records of a resource, sorted in temporary files and ready to be read in upload order.
#[derive(Debug)]
pub struct SortedRecords {
    partitions: Vec<Partition>,
}

/// What ends a sort.
#[derive(Debug, Clone, Copy)]
pub(super) struct SortLimits {
    /// The most bytes that the values of a record take.
    pub(super) record: u64,
    /// Whether of a larger record the size is kept; otherwise it ends the sort.
    pub(super) keeps_sizes: bool,
    /// The most bytes of a temporary file, if there is a limit; there are two of them.
    pub(super) file: Option<u64>,
}

/// After how many records the size of the files is estimated.
const ESTIMATED_AFTER: u64 = 1000;

/// Is called from time to time, by either thread, with the number of records so far.
pub(crate) type Progress<'p> = &'p (dyn Fn(u64) + Sync);

/// After how many records of a thread it is called.
const RECORDS_PER_CALL: u64 = 10_000;

/// The sorted records of one part of the table.
#[derive(Debug)]
struct Partition {
    sorter: Sorter,
    /// The number of records.
    records: u64,
    /// The most bytes that a record takes.
    largest: u64,
    /// Keys of documents that the schema does not name.
    unnamed: UnnamedKeys,
}

impl SortedRecords {
    /// Sorts the records of a resource that has this number of `rows`. Of records whose values
    /// alone are larger than `max` bytes only the size is kept. `None` where
    /// [`RecordSource::for_each`] must read them: the table is small or read along an index, or
    /// a record cannot be uploaded, whose place is only known in upload order.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read, or there is no space for the
    /// temporary files; [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn sort(
        source: &RecordSource,
        snapshot: &Snapshot,
        rows: u64,
        max: u64,
    ) -> Result<Option<Self>, OfflineError> {
        if rows < MIN_ROWS_FOR_TWO_THREADS || source.read_order() == ReadOrder::Index {
            return Ok(None);
        }
        let limits = SortLimits { record: max, keeps_sizes: true, file: None };
        Self::sort_in(&temporary_folders(), source, snapshot, limits, &|_| ())
    }

    /// As [`Self::sort`], for a table of any size and order, in one of these folders. `None` also where a limit
    /// ends the sort.
    ///
    /// # Errors
    /// Those of [`Self::sort`].
    pub(super) fn sort_in(
        folders: &[PathBuf],
        source: &RecordSource,
        snapshot: &Snapshot,
        limits: SortLimits,
        progress: Progress<'_>,
    ) -> Result<Option<Self>, OfflineError> {
        let (has_ended, records) = (AtomicBool::new(false), AtomicU64::new(0));
        let sort = |connection: &Connection, condition: &str| {
            let sorter = Sorter::new(folders).map_err(SortError::from)?;
            let mut partition = Partition { sorter, records: 0, largest: 0, unnamed: source.unnamed_keys() };
            source.for_each_stored(connection, condition, |record| {
                if has_ended.load(Ordering::Relaxed) {
                    return Err(OfflineError::Stopped);
                }
                partition.add(&record, limits)?;
                if partition.records == ESTIMATED_AFTER && !partition.will_fit(source, connection, limits)? {
                    return Err(OfflineError::Stopped);
                }
                if partition.records.is_multiple_of(RECORDS_PER_CALL) {
                    progress(records.fetch_add(RECORDS_PER_CALL, Ordering::Relaxed) + RECORDS_PER_CALL);
                }
                Ok(())
            })?;
            partition.sorter.finish().map_err(SortError::from)?;
            Ok(partition)
        };
        // What ends one thread ends the other.
        let sort = |connection: &Connection, condition: &str| {
            sort(connection, condition).inspect_err(|_| has_ended.store(true, Ordering::Relaxed))
        };
        let (mut partitions, mut is_whole) = (Vec::new(), true);
        for partition in map_partitions(snapshot, source.table(), sort) {
            match partition {
                Ok(partition) => partitions.push(partition),
                Err(OfflineError::Data { .. } | OfflineError::Stopped) => is_whole = false,
                Err(error) => return Err(error),
            }
        }
        Ok(is_whole.then_some(Self { partitions }))
    }

    /// The number of records.
    #[must_use]
    pub(crate) fn records(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.records).sum()
    }

    /// The size of the temporary files, in bytes.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.sorter.bytes()).sum()
    }

    /// Whether no record takes more than `max` bytes.
    #[must_use]
    pub(crate) fn is_within(&self, max: u64) -> bool {
        self.partitions.iter().all(|partition| partition.largest <= max)
    }

    /// Takes the keys of documents that the schema does not name.
    pub(super) fn take_unnamed_keys(&mut self) -> UnnamedKeys {
        let mut all = UnnamedKeys::default();
        self.partitions.iter_mut().for_each(|partition| all.add(std::mem::take(&mut partition.unnamed)));
        all
    }

    /// The records, if they are in upload order in the files, no id occurs twice, and none takes more than
    /// `max` bytes.
    pub(crate) fn in_order(&self, max: u64) -> Option<OrderedRecords> {
        let rows = OrderedRows::of(self.partitions.iter().map(|partition| &partition.sorter))?;
        self.is_within(max).then_some(OrderedRecords { rows, index: 0 })
    }

    /// Reads every record in upload order; they are those of this resource in this snapshot.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Data`] for an id that occurs twice;
    /// [`OfflineError::Storage`] when a temporary file cannot be read.
    pub fn for_each(
        self,
        source: &RecordSource,
        snapshot: &Snapshot,
        mut consume: impl FnMut(SortedRecord<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let sorters = self.partitions.into_iter().map(|partition| partition.sorter).collect();
        let (mut index, mut previous) = (0, None::<String>);
        let merged = merge(sorters, |row| {
            if previous.as_deref() == Some(row.id) {
                let error = not_unique(index);
                return Err(SortError(source.located(snapshot.connection(), error, row.id)));
            }
            row.id.clone_into(previous.get_or_insert_default());
            index += 1;
            let index = index - 1;
            consume(SortedRecord { id: row.id, index, row }).map_err(SortError)
        });
        merged.map_err(OfflineError::from)
    }
}

impl Partition {
    /// Adds a record with its finished draft, or with its size alone.
    fn add(&mut self, record: &Record<'_>, limits: SortLimits) -> Result<(), OfflineError> {
        let Self { sorter, records, largest, unnamed } = self;
        let write = |draft: &mut BytesMut| {
            let start = draft.len();
            let size = record.write_finished(draft, limits.record, unnamed).map_err(SortError)?;
            let bytes = match size {
                RowSize::Fits => (draft.len() - start) as u64,
                RowSize::TooLarge { bytes } if limits.keeps_sizes => {
                    draft.extend_from_slice(&bytes.to_le_bytes());
                    bytes
                }
                RowSize::TooLarge { .. } => return Err(SortError(OfflineError::Stopped)),
            };
            *largest = bytes.max(*largest);
            Ok::<_, SortError>(())
        };
        sorter.add(record.id, write)?;
        *records += 1;
        if limits.file.is_some_and(|most| sorter.bytes() > most) {
            Err(OfflineError::Stopped)
        } else {
            Ok(())
        }
    }

    /// Whether the file will be within the limit, if all records are like those so far and half of them are here.
    fn will_fit(
        &self,
        source: &RecordSource,
        connection: &Connection,
        limits: SortLimits,
    ) -> Result<bool, OfflineError> {
        let Some(most) = limits.file else { return Ok(true) };
        let (table, bytes) = (source.table(), self.sorter.bytes() / self.records);
        let fits = |rows: u64| bytes.saturating_mul(rows / 2) <= most;
        // The rows are only counted where their ids do not show it.
        Ok(fits(most_rows(connection, table)) || fits(count_rows(connection, table, ALL_ROWS)?))
    }
}

/// Records that are in upload order in the temporary files.
#[derive(Debug)]
pub(crate) struct OrderedRecords {
    rows: OrderedRows,
    /// The place of the next record in upload order.
    index: u64,
}

impl OrderedRecords {
    /// Fills a block with the next records, and calls `record` for each with its id, its place in upload order
    /// from 0, and the place of its draft in the block. Returns `false` after the last record.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when a temporary file cannot be read.
    pub(crate) fn read(
        &mut self,
        block: &mut BytesMut,
        mut record: impl FnMut(&str, u64, Range<usize>),
    ) -> Result<bool, OfflineError> {
        let Self { rows, index } = self;
        let read = rows.read(block, |id, draft| {
            record(id, *index, draft);
            *index += 1;
        });
        Ok(read.map_err(SortError::from)?)
    }
}

/// A record, read back from a temporary file.
pub struct SortedRecord<'a> {
    /// The record's id.
    pub id: &'a str,
    /// The record's place in upload order, from 0.
    pub index: u64,
    row: SortedRow<'a>,
}

impl SortedRecord<'_> {
    /// Appends the draft of the record, which [`RecordSource::finish`] finishes; nothing for a record that
    /// is too large.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the temporary file cannot be read.
    pub fn write_draft(self, out: &mut BytesMut) -> Result<RowSize, OfflineError> {
        let start = out.len();
        self.row.write_content(out).map_err(SortError::from)?;
        // Every draft is longer than the size alone.
        let Ok(bytes) = out[start..].try_into() else { return Ok(RowSize::Fits) };
        let bytes = u64::from_le_bytes(bytes);
        out.truncate(start);
        Ok(RowSize::TooLarge { bytes })
    }
}

/// Gives errors of the temporary files their message, and passes on all other errors.
struct SortError(OfflineError);

impl From<io::Error> for SortError {
    fn from(error: io::Error) -> Self {
        Self(OfflineError::storage(format!(
            "cannot sort in a temporary file, in /var/tmp or where TMPDIR says: {error}"
        )))
    }
}

impl From<SortError> for OfflineError {
    fn from(SortError(error): SortError) -> Self {
        error
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::offline::database::Database;
    use crate::schema::Schema;

    const ROWS: u64 = MIN_ROWS_FOR_TWO_THREADS;
    pub(crate) const SCATTERED: &str = "printf('%08x', n * 2654435761 % 4294967296)";
    pub(crate) const TEXT_IDS: &str = r#"{"id": "id"}"#;

    /// Calls `check` with a database that `sql` makes.
    pub(crate) fn with_database(storage: &str, sql: &str, check: impl FnOnce(&Snapshot, &RecordSource)) {
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

    /// The SQL for a table with this many rows.
    pub(crate) fn table(rows: u64, id_type: &str, id: &str, options: &str) -> String {
        format!(
            "CREATE TABLE todos (id {id_type}, done INTEGER, title TEXT) {options};
             WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
             INSERT INTO todos SELECT {id}, n % 2, 'Zürich ' || n FROM numbers"
        )
    }

    #[test]
    fn gives_the_same_order_and_content_as_sqlite() {
        let scattered = table(ROWS, "TEXT PRIMARY KEY", SCATTERED, "");
        for (why, storage, sql) in [
            ("random ids", TEXT_IDS, scattered.clone()),
            ("no index", TEXT_IDS, table(ROWS, "TEXT", SCATTERED, "")),
            (
                "a template",
                r#"{"id": "id", "idFormat": "t-{}"}"#,
                table(ROWS, "INTEGER PRIMARY KEY", "n", ""),
            ),
            (
                "marked rows",
                r#"{"deletedWhen": {"column": "done", "values": [1]}}"#,
                table(ROWS, "TEXT PRIMARY KEY", SCATTERED, ""),
            ),
            ("UTF-16", TEXT_IDS, format!("PRAGMA encoding = 'UTF-16le'; {scattered}")),
            (
                "a key of several columns",
                r#"{"id": ["id", "title"]}"#,
                table(ROWS, "INTEGER", "n * 2654435761 % 7", ""),
            ),
            (
                "BLOBs",
                r#"{"id": "id", "idFormat": "t-{}"}"#,
                table(ROWS, "BLOB PRIMARY KEY", &format!("CAST({SCATTERED} AS BLOB)"), "WITHOUT ROWID"),
            ),
            ("row ids", r#"{"id": "rowid", "idFormat": "t-{}"}"#, table(ROWS, "TEXT", "7", "")),
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
                        let mut json = BytesMut::new();
                        record.write_fields(&mut json)?;
                        expected.push((record.id.to_owned(), json));
                        Ok(())
                    })
                    .unwrap();
                let sorted = SortedRecords::sort(source, snapshot, ROWS, u64::MAX)
                    .unwrap()
                    .unwrap_or_else(|| panic!("{why}"));
                assert_eq!(sorted.records(), expected.len() as u64, "{why}");
                sorted
                    .for_each(source, snapshot, |record| {
                        let (id, mut draft, mut json) =
                            (record.id.to_owned(), BytesMut::new(), BytesMut::new());
                        record.write_draft(&mut draft)?;
                        source.finish(&mut json, &draft).unwrap();
                        given.push((id, json));
                        Ok(())
                    })
                    .unwrap();
                assert!(given == expected, "{why}");
            });
        }
    }

    #[test]
    fn does_not_sort_a_small_table_or_one_stored_in_order() {
        for (why, rows, sql) in [
            ("it is small", ROWS - 1, table(ROWS - 1, "TEXT PRIMARY KEY", SCATTERED, "")),
            ("it is stored in order", ROWS, table(ROWS, "TEXT PRIMARY KEY", "printf('%08x', n)", "")),
        ] {
            with_database(TEXT_IDS, &sql, |snapshot, source| {
                assert!(SortedRecords::sort(source, snapshot, rows, u64::MAX).unwrap().is_none(), "{why}");
            });
        }
    }

    #[test]
    fn does_not_sort_a_table_with_a_record_that_cannot_be_uploaded() {
        for bad in ["id = NULL", "title = CAST(x'ff' AS TEXT)", "done = 2"] {
            let sql = table(ROWS, "TEXT PRIMARY KEY", SCATTERED, "");
            let sql = format!("{sql}; UPDATE todos SET {bad} WHERE id = (SELECT max(id) FROM todos)");
            with_database(TEXT_IDS, &sql, |snapshot, source| {
                assert!(SortedRecords::sort(source, snapshot, ROWS, u64::MAX).unwrap().is_none(), "{bad}");
            });
        }
    }

    #[test]
    fn an_id_that_occurs_twice_is_an_error_with_its_place() {
        let duplicate = format!("UPDATE todos SET id = '{:08x}' WHERE rowid IN (7, {ROWS})", 0);
        let sql = format!("{}; {duplicate}", table(ROWS, "TEXT", SCATTERED, ""));
        with_database(TEXT_IDS, &sql, |snapshot, source| {
            let sorted = SortedRecords::sort(source, snapshot, ROWS, u64::MAX).unwrap().unwrap();
            let error = sorted.for_each(source, snapshot, |_| Ok(())).unwrap_err();
            let OfflineError::Data { path, .. } = error else { panic!("{error}") };
            assert_eq!(path, "records[1].id");
        });
    }

    #[test]
    fn sorting_can_be_interrupted() {
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
                let sorted = SortedRecords::sort(source, snapshot, 8 * ROWS, u64::MAX);
                sender.send(()).unwrap();
                sorted.unwrap_err()
            });
            assert!(matches!(&error, OfflineError::Interrupted), "{error}");
        });
    }

    #[test]
    fn the_error_of_a_missing_folder_says_where_temporary_files_go() {
        with_database(TEXT_IDS, &table(1, "TEXT PRIMARY KEY", SCATTERED, ""), |snapshot, source| {
            let folders = [PathBuf::from("/no such folder")];
            let limits = SortLimits { record: u64::MAX, keeps_sizes: true, file: None };
            let error = SortedRecords::sort_in(&folders, source, snapshot, limits, &|_| ()).unwrap_err();
            let start =
                "offline database: cannot sort in a temporary file, in /var/tmp or where TMPDIR says: ";
            assert!(error.to_string().starts_with(start), "{error}");
        });
    }

    #[test]
    fn the_order_is_decided_by_indexes_and_by_where_rows_are_stored() {
        let (key, plain) = ("TEXT PRIMARY KEY", "TEXT");
        let (in_order, template) = ("printf('%08x', n)", r#"{"id": "id", "idFormat": "t-{}"}"#);
        for (why, storage, sql, expected) in [
            ("random ids", TEXT_IDS, table(1000, key, SCATTERED, ""), ReadOrder::Sort),
            ("too few to be sampled", TEXT_IDS, table(999, key, SCATTERED, ""), ReadOrder::Index),
            ("stored in order", TEXT_IDS, table(1000, key, in_order, ""), ReadOrder::Index),
            ("no row ids", TEXT_IDS, table(1000, key, SCATTERED, "WITHOUT ROWID"), ReadOrder::Index),
            ("no index", TEXT_IDS, table(10, plain, in_order, ""), ReadOrder::Sort),
            ("another collation", TEXT_IDS, table(10, "TEXT COLLATE NOCASE PRIMARY KEY", in_order, ""), {
                ReadOrder::Sort
            }),
            ("a template", template, table(10, "INTEGER PRIMARY KEY", "n", ""), ReadOrder::Sort),
            (
                "an index over the template",
                template,
                format!(
                    "{}; CREATE INDEX i ON todos (('t-' || id || ''))",
                    table(10, "INTEGER PRIMARY KEY", "n", "")
                ),
                ReadOrder::Index,
            ),
        ] {
            with_database(storage, &sql, |_, source| assert_eq!(source.read_order(), expected, "{why}"));
        }
    }
}
