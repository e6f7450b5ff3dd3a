//! Records that the check of a resource has sorted, kept until they are sent. How they are checked and sorted is
//! decided in [`crate::offline`].

use std::sync::{Arc, Mutex, PoisonError};

use crate::cloneup::options::Options;
use crate::offline::{OfflineError, Progress, ReadOrder, RecordSource, Snapshot, SortedRecords};

/// The most bytes that are kept, besides the first resource that has to be sorted: that takes no more space than
/// when it is sorted later, and is sent before another one is sorted.
const MAX_KEPT_BYTES: u64 = 1024 * 1024 * 1024;

/// The most resources that are kept: each has two files open.
const MAX_KEPT_RESOURCES: usize = 16;

/// The sorted records of a part, if its check has sorted them.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptRecords(Arc<Mutex<Option<SortedRecords>>>);

impl KeptRecords {
    pub(super) fn new(sorted: Option<SortedRecords>) -> Self {
        Self(Arc::new(Mutex::new(sorted)))
    }

    /// Takes the records, unless one of them takes more than `max` bytes. They can be taken once.
    pub(crate) fn take(&self, max: u64) -> Option<SortedRecords> {
        let sorted = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        sorted.filter(|sorted| sorted.is_within(max))
    }
}

/// Checks records by sorting them, as long as they may be kept.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// How many resources may still be kept.
    resources: usize,
    /// How many bytes may still be kept.
    bytes: u64,
    /// Whether one of the resources so far has to be sorted.
    has_sorted: bool,
}

impl Keeper {
    /// Keeps nothing.
    pub(crate) fn none() -> Self {
        Self { resources: 0, bytes: 0, has_sorted: true }
    }

    /// For an upload with these options.
    pub(crate) fn of(options: &Options) -> Self {
        let is_part = options.limit.is_some() || options.only.is_some() || options.stage.shard().is_some();
        if is_part || options.compares() {
            return Self::none();
        }
        Self { resources: MAX_KEPT_RESOURCES, bytes: MAX_KEPT_BYTES, has_sorted: false }
    }

    /// Checks the records of a resource by sorting them. `None` where they have to be checked in another way.
    ///
    /// # Errors
    /// [`OfflineError::Interrupted`]; [`OfflineError::Storage`] when the database cannot be read.
    pub(super) fn check(
        &mut self,
        source: &RecordSource,
        snapshot: &Snapshot,
        warnings: &mut Vec<String>,
        progress: Progress<'_>,
    ) -> Result<Option<SortedRecords>, OfflineError> {
        if self.resources == 0 || !source.is_checked_by_sorting(snapshot)? {
            return Ok(None);
        }
        let is_sorted_anyway = source.read_order() == ReadOrder::Sort;
        let is_first = is_sorted_anyway && !self.has_sorted;
        self.has_sorted |= is_sorted_anyway;
        let max = (!is_first).then_some(self.bytes);
        let sorted = match source.check_by_sorting(snapshot, max, warnings, progress) {
            // Of a database that cannot be read, the other check finds the same.
            Err(error @ OfflineError::Storage { .. }) => {
                tracing::debug!(resource = source.name(), %error, "records are not kept");
                *self = Self::none();
                return Ok(None);
            }
            sorted => sorted?,
        };
        if let Some(sorted) = &sorted {
            self.resources -= 1;
            self.bytes -= if is_first { 0 } else { sorted.bytes().min(self.bytes) };
        }
        Ok(sorted)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::cloneup::stage::Stage;
    use crate::offline::Database;
    use crate::schema::Schema;

    #[test]
    fn no_more_is_kept_than_the_limits_allow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let sql = "CREATE TABLE todos (id TEXT PRIMARY KEY, done INTEGER);
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
            INSERT INTO todos SELECT printf('%08x', n), 1 FROM numbers";
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
        let schema = r#"{"resources": [{"name": "todos", "version": 1, "fields": [
            {"name": "done", "type": "boolean"}]}], "relations": []}"#;
        let schema = Schema::parse(schema).unwrap();
        let source =
            RecordSource::resolve(&snapshot, &schema, &schema.resources[0], &mut Vec::new()).unwrap();
        let keeper = |resources, bytes| Keeper { resources, bytes, has_sorted: false };
        let kept = |mut keeper: Keeper| {
            let is_kept =
                |_: &usize| keeper.check(&source, &snapshot, &mut Vec::new(), &|_| ()).unwrap().is_some();
            (0..3).take_while(is_kept).count()
        };
        assert_eq!(kept(Keeper::of(&Options::default())), 3);
        let mut all = keeper(MAX_KEPT_RESOURCES, MAX_KEPT_BYTES);
        let one = all.check(&source, &snapshot, &mut Vec::new(), &|_| ());
        let bytes = one.unwrap().unwrap().bytes();
        assert_eq!(kept(keeper(2, MAX_KEPT_BYTES)), 2);
        assert_eq!(kept(keeper(3, bytes * 5 / 2)), 2);
        assert_eq!(kept(keeper(3, bytes / 2)), 0);
        assert_eq!(kept(Keeper::none()), 0);
        let shard = Stage::Shard(crate::mutation::Shard::new(1, 2).unwrap());
        for options in [
            Options { only_changed: true, ..Options::default() },
            Options { limit: Some(std::num::NonZeroU64::MIN), ..Options::default() },
            Options { stage: shard, ..Options::default() },
        ] {
            assert_eq!(kept(Keeper::of(&options)), 0);
        }
    }
}
