//! The options of a run (contract 3), each validated by its type. Reading them from texts is the command
//! line's part. The settings of the server are in [`crate::remote`].

use std::collections::{HashMap, HashSet};
use std::num::{NonZeroU64, NonZeroUsize};

use super::stage::Stage;
use crate::mutation::RecordOperation;

/// The options of an upload. [`Default`] has the contract's defaults, and is the one place that
/// states them.
///
/// ```
/// use synctool::cloneup::Options;
///
/// let options = Options { fail_fast: false, pull_after: false, ..Options::default() };
/// assert_eq!(options.batch_size.get(), 100);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's options are independent switches")]
pub struct Options {
    /// The resources to upload, in this order; `None` is all that are not remote-only.
    pub resources: Option<Vec<String>>,
    /// Whether join rows are uploaded.
    pub include_many_many: bool,
    /// What the server does with a record that it already has.
    pub record_operation: RecordOperation,
    /// The maximum number of mutations in one request.
    pub batch_size: NonZeroUsize,
    /// The maximum size of one request's body in bytes, before compression. A mutation that is
    /// larger alone is sent alone.
    pub batch_bytes: NonZeroUsize,
    /// How often a request that failed with a transport error is sent again.
    pub max_retries: u32,
    /// Whether the first rejected mutation ends the run.
    pub fail_fast: bool,
    /// Whether success removes what was uploaded from the change log.
    pub clear_changelog_on_success: bool,
    /// Whether success moves the global cursor to the highest push cursor.
    pub set_global_cursor_on_success: bool,
    /// Whether success is followed by a pull.
    pub pull_after: bool,
    /// The first part of every mutation id.
    pub mutation_id_prefix: String,
    /// Whether deletes and unrelates made offline are pushed (contract 3.1, stage C).
    pub include_deletes: bool,
    /// The client id; `None` is the one that the database stores.
    pub client_id: Option<String>,
    /// How many requests may be in flight.
    pub concurrency: Concurrency,
    /// The maximum number of changes in one page of a pull.
    pub pull_limit: NonZeroU64,
    /// Whether an interrupted upload is continued (contract 3.6).
    pub resume: bool,
    /// Whether success is followed by a comparison of both sides.
    pub verify: bool,
    /// Upload only these records and join rows. Such a run finalizes nothing.
    pub only: Option<Selection>,
    /// Which part of the upload the run is.
    pub stage: Stage,
}

/// How many requests may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Concurrency {
    /// Between 1 and 16, found while running (AIMD).
    #[default]
    Auto,
    /// A fixed number; more than [`MAX_CONCURRENCY`] count as that.
    Fixed(NonZeroUsize),
}

/// The maximum number of requests in flight: each takes a connection and a batch in memory.
pub const MAX_CONCURRENCY: usize = 1024;

/// A selection of records and join rows: by resource or join store, ids or `from:to`.
pub type Selection = HashMap<String, HashSet<String>>;

const DEFAULT_BATCH_SIZE: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");
const DEFAULT_BATCH_BYTES: NonZeroUsize = NonZeroUsize::new(1024 * 1024).expect("not zero");
const DEFAULT_PULL_LIMIT: NonZeroU64 = NonZeroU64::new(1000).expect("not zero");

impl Default for Options {
    fn default() -> Self {
        Self {
            resources: None,
            include_many_many: true,
            record_operation: RecordOperation::Merge,
            batch_size: DEFAULT_BATCH_SIZE,
            batch_bytes: DEFAULT_BATCH_BYTES,
            max_retries: 3,
            fail_fast: true,
            clear_changelog_on_success: true,
            set_global_cursor_on_success: true,
            pull_after: true,
            mutation_id_prefix: "cloneup".to_owned(),
            include_deletes: true,
            client_id: None,
            concurrency: Concurrency::Auto,
            pull_limit: DEFAULT_PULL_LIMIT,
            resume: true,
            verify: false,
            only: None,
            stage: Stage::All,
        }
    }
}

impl Options {
    /// Whether success is followed by finalization (contract 3.1.6).
    #[must_use]
    pub fn finalizes(&self) -> bool {
        // The change log may be about what a selection leaves out.
        self.stage.finalizes() && self.only.is_none()
    }

    /// Whether an interrupted run of this kind can be continued: one of a selection cannot, and one that
    /// only finalizes has nothing to continue.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.only.is_none() && self.stage != Stage::Finalize
    }

    /// Whether a record (by id) or a join row (by `from:to`) is selected.
    #[must_use]
    pub fn selects(&self, resource: &str, id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.get(resource).is_some_and(|ids| ids.contains(id)))
    }
}
