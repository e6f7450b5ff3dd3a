//! Records that the check of a resource has sorted, kept until they are sent. How they are checked and sorted is
//! decided in [`crate::offline`].

use std::sync::{Arc, Mutex, PoisonError};

use crate::cloneup::options::Options;
use crate::offline::{OfflineError, RecordSource, Snapshot, SortedRecords};

/// Once so many bytes are kept, further resources are sorted when they are sent: temporary files then take the
/// space of one resource at a time.
const MAX_KEPT_BYTES: u64 = 1024 * 1024 * 1024;

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

/// Checks records by sorting them, as long as there is space.
#[derive(Debug)]
pub(crate) struct Keeper {
    free_bytes: u64,
}

impl Keeper {
    /// Keeps nothing: for a plan whose rows are not read.
    pub(crate) fn none() -> Self {
        Self { free_bytes: 0 }
    }

    /// For an upload with these options.
    pub(crate) fn of(options: &Options) -> Self {
        let is_part = options.limit.is_some() || options.only.is_some() || options.stage.shard().is_some();
        let free_bytes = if is_part || options.compares() { 0 } else { MAX_KEPT_BYTES };
        Self { free_bytes }
    }

    /// Checks the records of a resource by sorting them. `None` where they have to be checked in another way.
    ///
    /// # Errors
    /// Those of [`RecordSource::check_by_sorting`].
    pub(super) fn check(
        &mut self,
        source: &RecordSource,
        snapshot: &Snapshot,
        warnings: &mut Vec<String>,
    ) -> Result<Option<SortedRecords>, OfflineError> {
        if self.free_bytes == 0 {
            return Ok(None);
        }
        let sorted = source.check_by_sorting(snapshot, warnings)?;
        let bytes = sorted.as_ref().map_or(0, SortedRecords::bytes);
        self.free_bytes = self.free_bytes.saturating_sub(bytes);
        Ok(sorted)
    }
}
