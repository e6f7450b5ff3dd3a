//! Checking the records of a large resource while they are sorted, or copied in their order, into temporary
//! files, from which they are then sent: the table is read once, by two threads, and every record is encoded
//! once. Other tables are checked in SQL, in [`super::check_in_sql`].

use crate::offline::error::OfflineError;
use crate::offline::read::check::has_rows;
use crate::offline::read::records::read_order::ReadOrder;
use crate::offline::read::records::source::RecordSource;
use crate::offline::read::sorted_records::{Progress, SortLimits, SortedRecords};
use crate::offline::read::temporary_file::temporary_folders;
use crate::offline::snapshot::Snapshot;

/// The number of rows from which a table is checked by sorting. A smaller one takes a hundredth of a second
/// anyway, and less memory.
const MIN_ROWS: u64 = 10_000;

/// The largest record of a table that is checked by sorting, in bytes. The limit of the server, which is not
/// known yet, may be lower or higher.
const MAX_RECORD_BYTES: u64 = 1024 * 1024;

impl RecordSource {
    /// Whether the records are checked by sorting: the table is large, and its rows have to be sorted before they
    /// are sent, or read to be checked.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read; [`OfflineError::Interrupted`].
    pub(crate) fn is_checked_by_sorting(&self, snapshot: &Snapshot) -> Result<bool, OfflineError> {
        let table = &self.table;
        let is_read = || {
            table.document.is_some()
                || table.fields.iter().any(|field| field.invalid_value_condition().is_some())
        };
        // A check of a shard reads all shards; an upload order by depth is not that of the ids; to count the rows
        // of a view can take as long as to read them.
        let is_other = table.shard.is_some() || table.has_parents() || !table.is_ordinary;
        if is_other || !(self.order == ReadOrder::Sort || is_read()) {
            return Ok(false);
        }
        has_rows(snapshot.connection(), &table.name, MIN_ROWS)
    }

    /// Checks every record by sorting them all, with a warning for a person as
    /// [`Self::check_and_warn`] gives it. `None` where that one has to check them: one of the records cannot be
    /// uploaded or is very large, or all of them take more than `max` bytes, if that is a limit.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read, or there is no space for the temporary
    /// files; [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub(crate) fn check_by_sorting(
        &self,
        snapshot: &Snapshot,
        max: Option<u64>,
        warnings: &mut Vec<String>,
        progress: Progress<'_>,
    ) -> Result<Option<SortedRecords>, OfflineError> {
        let limits =
            SortLimits { record: MAX_RECORD_BYTES, keeps_sizes: false, file: max.map(|max| max / 2) };
        let mut sorted = SortedRecords::sort_in(&temporary_folders(), self, snapshot, limits, progress)?;
        let unnamed = sorted.as_mut().map(SortedRecords::take_unnamed_keys);
        warnings.extend(unnamed.and_then(|unnamed| unnamed.warning(self.name())));
        Ok(sorted)
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::offline::read::sorted_records::tests::{SCATTERED, TEXT_IDS, table, with_database};

    const IN_ORDER: &str = "printf('%08x', n)";

    /// The records, if they are checked by sorting within this number of bytes.
    fn sorted(source: &RecordSource, snapshot: &Snapshot, max: u64) -> Option<SortedRecords> {
        let is_sorted = source.is_checked_by_sorting(snapshot).unwrap();
        is_sorted.then(|| source.check_by_sorting(snapshot, Some(max), &mut Vec::new(), &|_| ()).unwrap())?
    }

    #[test]
    fn large_tables_are_checked_by_sorting_unless_a_record_needs_the_other_check() {
        let rows = |rows, id| table(rows, "TEXT PRIMARY KEY", id, "");
        let with = |sql: &str| format!("{}; {sql}", rows(MIN_ROWS, SCATTERED));
        let constrained =
            rows(MIN_ROWS, IN_ORDER).replace("done INTEGER", "done INTEGER CHECK (done IN (0, 1))");
        for (why, sql, is_sorted) in [
            ("scattered ids", rows(MIN_ROWS, SCATTERED), true),
            ("ids in order, and a column that has to be checked", rows(MIN_ROWS, IN_ORDER), true),
            ("ids in order, and nothing to check", constrained, false),
            ("a small table", rows(MIN_ROWS - 1, SCATTERED), false),
            ("a value that cannot be uploaded", with("UPDATE todos SET done = 2 WHERE rowid = 7"), false),
            ("no id", with("UPDATE todos SET id = '' WHERE rowid = 7"), false),
            ("a large record", with("UPDATE todos SET title = hex(zeroblob(600000)) WHERE rowid = 7"), false),
        ] {
            with_database(TEXT_IDS, &sql, |snapshot, source| {
                let sorted = sorted(source, snapshot, u64::MAX).map(|sorted| sorted.records());
                assert_eq!(sorted, is_sorted.then_some(MIN_ROWS), "{why}");
            });
        }
    }

    #[test]
    fn documents_are_checked_as_they_are_in_sql() {
        let sql = format!(
            "CREATE TABLE todos (id TEXT PRIMARY KEY, doc TEXT);
             WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MIN_ROWS})
             INSERT INTO todos SELECT {SCATTERED},
                 '{{\"title\": \"Zürich\", \"' || (CASE n % 1000 WHEN 0 THEN 'x' || n ELSE 'done' END) || '\": false}}'
                 FROM numbers"
        );
        let storage = r#"{"id": "id", "document": "doc"}"#;
        with_database(storage, &sql, |snapshot, source| {
            let (mut expected, mut warnings) = (Vec::new(), Vec::new());
            source.check_and_warn(snapshot, &mut expected).unwrap();
            let checked = source.check_by_sorting(snapshot, None, &mut warnings, &|_| ());
            let sorted = checked.unwrap().unwrap();
            assert_eq!((warnings, expected.len()), (expected, 1));
            let mut json = BytesMut::new();
            sorted
                .for_each(source, snapshot, |record| {
                    let mut draft = BytesMut::new();
                    record.write_draft(&mut draft)?;
                    source.finish(&mut json, &draft).unwrap();
                    Ok(())
                })
                .unwrap();
            let text = String::from_utf8(json.into()).unwrap();
            assert_eq!(
                text.matches(r#"{"done":false,"title":"Zürich"}"#).count() as u64,
                MIN_ROWS - MIN_ROWS / 1000
            );
            assert_eq!(text.matches(r#"{"title":"Zürich"}"#).count() as u64, MIN_ROWS / 1000);
        });
        with_database(
            storage,
            &format!("{sql}; UPDATE todos SET doc = '[]' WHERE rowid = 7"),
            |snapshot, source| {
                assert!(sorted(source, snapshot, u64::MAX).is_none());
            },
        );
    }

    #[test]
    fn the_records_that_both_threads_have_checked_are_counted() {
        with_database(TEXT_IDS, &table(30_000, "TEXT PRIMARY KEY", SCATTERED, ""), |snapshot, source| {
            let counts = std::sync::Mutex::new(Vec::new());
            let progress = |records| counts.lock().unwrap().push(records);
            let sorted = source.check_by_sorting(snapshot, None, &mut Vec::new(), &progress);
            assert_eq!(sorted.unwrap().unwrap().records(), 30_000);
            let mut counts = counts.into_inner().unwrap();
            counts.sort_unstable();
            assert_eq!(counts, [10_000, 20_000]);
        });
    }

    #[test]
    fn no_more_bytes_are_written_than_may_be() {
        let mut rows = table(MIN_ROWS, "TEXT PRIMARY KEY", IN_ORDER, "");
        with_database(TEXT_IDS, &rows, |snapshot, source| {
            let bytes = sorted(source, snapshot, u64::MAX).unwrap().bytes();
            assert!(sorted(source, snapshot, bytes + bytes / 10).is_some());
            assert!(sorted(source, snapshot, bytes - bytes / 10).is_none());
        });
        // Row ids with gaps do not say how many rows there are.
        let gaps = format!("{rows}; UPDATE todos SET rowid = rowid * 1000000");
        with_database(TEXT_IDS, &gaps, |snapshot, source| {
            let bytes = sorted(source, snapshot, u64::MAX).unwrap().bytes();
            assert!(sorted(source, snapshot, bytes + bytes / 10).is_some());
            assert!(sorted(source, snapshot, bytes - bytes / 10).is_none());
        });
        // The first rows do not show it.
        rows.push_str("; UPDATE todos SET title = hex(zeroblob(5000)) WHERE rowid % 5000 > 4000");
        with_database(TEXT_IDS, &rows, |snapshot, source| {
            assert!(sorted(source, snapshot, u64::MAX).is_some());
            assert!(sorted(source, snapshot, 4_000_000).is_none());
        });
    }
}
