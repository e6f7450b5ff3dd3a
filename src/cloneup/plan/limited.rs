//! What `--limit` leaves of the records (contract 3.10): the first of each resource, by their ids, so that
//! join rows and a comparison know what is sent. Which other rows a run leaves out is decided in
//! [`super::row_filter`].

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU64;

use crate::cloneup::options::Options;
use crate::offline::{JoinSource, OfflineError, RecordSource, Snapshot};

/// The first bytes of the BLAKE3 hash of an id: ids can be long, and memory grows with them.
type IdHash = [u8; 16];

/// The ids of the records that a limited upload sends, at most the limit for each resource.
#[derive(Debug)]
pub(crate) struct LimitedRecords {
    limit: NonZeroU64,
    ids: HashMap<String, HashSet<IdHash>>,
}

impl LimitedRecords {
    pub(super) fn new(limit: NonZeroU64) -> Self {
        Self { limit, ids: HashMap::new() }
    }

    /// Adds the first records of a resource that the options select; returns how many there are.
    ///
    /// # Errors
    /// Those of [`RecordSource::for_each`].
    pub(super) fn add(
        &mut self,
        options: &Options,
        source: &RecordSource,
        snapshot: &Snapshot,
    ) -> Result<u64, OfflineError> {
        let (limit, ids) = (self.limit.get(), self.ids.entry(source.name().to_owned()).or_default());
        let mut add = |id: &str| {
            if ids.len() as u64 == limit {
                return Err(OfflineError::Stopped);
            }
            ids.insert(hash(id));
            Ok(())
        };
        let read = match options.only {
            None => source.for_each_first(snapshot, limit, |record| add(record.id)),
            Some(_) => source.for_each(snapshot, |record| {
                if options.selects(source.name(), record.id) { add(record.id) } else { Ok(()) }
            }),
        };
        match read {
            Ok(()) | Err(OfflineError::Stopped) => Ok(ids.len() as u64),
            Err(error) => Err(error),
        }
    }

    /// Whether a record is sent.
    pub(crate) fn has(&self, resource: &str, id: &str) -> bool {
        self.ids.get(resource).is_some_and(|ids| ids.contains(&hash(id)))
    }

    /// Whether a join row is sent: both of its records are.
    pub(crate) fn has_join_row(&self, source: &JoinSource, from: &str, to: &str) -> bool {
        self.has(source.resource(), from) && self.has(source.target(), to)
    }

    /// A line for a person about what a limited upload leaves out.
    pub(super) fn notice(&self) -> String {
        format!(
            "with --limit {} only a part is uploaded: no deletes, no pull, and cursors and change log stay as they are",
            self.limit
        )
    }
}

fn hash(id: &str) -> IdHash {
    let mut hash = IdHash::default();
    let length = hash.len();
    hash.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..length]);
    hash
}
