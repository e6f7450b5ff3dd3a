//! The options of a run (contract 3), each validated by its type. Reading them from texts is the command
//! line's part. The settings of the server are in [`crate::remote`].

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

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
    /// What the server does with a record that it already has; `None` is [`RecordOperation::Merge`], and
    /// with `overwrite` [`RecordOperation::Replace`], so that fields that only the server has go too.
    pub record_operation: Option<RecordOperation>,
    /// The maximum number of mutations in one request.
    pub batch_size: NonZeroUsize,
    /// The maximum size of one request's body in bytes, before compression. A mutation that is
    /// larger alone is sent alone.
    pub batch_bytes: NonZeroUsize,
    /// How often a request that failed with a transport error is sent again.
    pub max_retries: u32,
    /// Whether the first rejected mutation ends the run.
    pub fail_fast: bool,
    /// How many rejected mutations end the run where `fail_fast` is off; `None` is any number.
    pub max_errors: Option<MaxErrors>,
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
    /// How long the run waits for the server to answer before it sends the first byte.
    pub wait: Duration,
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
    /// Upload at most this number of records of each resource, the first in upload order, and the join
    /// rows between them. Such a run sends no deletes and finalizes nothing.
    pub limit: Option<NonZeroU64>,
    /// Compare both sides first, and upload only what the server lacks or has otherwise (contract 3.9).
    pub only_changed: bool,
    /// The same, under mutation ids of their own, so that the database's content replaces what others have
    /// changed on the server.
    pub overwrite: bool,
    /// With `overwrite`: remove what only the server has.
    pub delete_extra: bool,
    /// The most records and join rows that `delete_extra` may remove; a run that would remove more sends
    /// nothing. `None` is any number.
    pub max_delete: Option<u64>,
}

/// How many rejected mutations are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxErrors {
    /// More than this number.
    Count(u64),
    /// More than this part of those that were answered, once 100 were.
    Percent {
        /// The percentage in hundredths: 250 is 2.5 %.
        hundredths: u32,
    },
}

/// The number of answered mutations from which on a percentage is judged (contract 3.10): of a few, one
/// is a large part.
const JUDGED_FROM: u64 = 100;

impl MaxErrors {
    /// Whether more mutations than that were rejected, of those that were answered.
    #[must_use]
    pub(crate) fn is_exceeded(self, rejected: u64, answered: u64) -> bool {
        match self {
            Self::Count(max) => rejected > max,
            Self::Percent { hundredths } => {
                answered >= JUDGED_FROM
                    && u128::from(rejected) * 10_000 > u128::from(hundredths) * u128::from(answered)
            }
        }
    }
}

impl fmt::Display for MaxErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(max) => write!(f, "{max}"),
            Self::Percent { hundredths } if hundredths % 100 == 0 => write!(f, "{}%", hundredths / 100),
            Self::Percent { hundredths } => write!(f, "{}.{:02}%", hundredths / 100, hundredths % 100),
        }
    }
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
            record_operation: None,
            batch_size: DEFAULT_BATCH_SIZE,
            batch_bytes: DEFAULT_BATCH_BYTES,
            max_retries: 3,
            fail_fast: true,
            max_errors: None,
            clear_changelog_on_success: true,
            set_global_cursor_on_success: true,
            pull_after: true,
            mutation_id_prefix: "cloneup".to_owned(),
            include_deletes: true,
            client_id: None,
            concurrency: Concurrency::Auto,
            wait: Duration::ZERO,
            pull_limit: DEFAULT_PULL_LIMIT,
            resume: true,
            verify: false,
            only: None,
            stage: Stage::All,
            limit: None,
            only_changed: false,
            overwrite: false,
            delete_extra: false,
            max_delete: None,
        }
    }
}

impl Options {
    /// Whether everything in the stage is uploaded: neither a selection of it, nor a limited number of
    /// records.
    #[must_use]
    pub(crate) fn is_whole(&self) -> bool {
        self.only.is_none() && self.limit.is_none()
    }

    /// Whether success is followed by the finalization (contract 3.1.6). A part of an upload finalizes
    /// nothing: the change log may be about what it leaves out.
    #[must_use]
    pub(crate) fn finalizes(&self) -> bool {
        self.stage.finalizes() && self.is_whole()
    }

    /// Whether an interrupted run of this kind leaves a checkpoint: one of a selection does not, and one
    /// that only finalizes has nothing to continue. One that compares finds out by that what is left.
    #[must_use]
    pub(crate) fn is_resumable(&self) -> bool {
        self.only.is_none() && self.stage != Stage::Finalize && !self.compares()
    }

    /// Whether both sides are compared before anything is uploaded.
    #[must_use]
    pub(crate) fn compares(&self) -> bool {
        (self.only_changed || self.overwrite) && self.stage != Stage::Finalize
    }

    /// What the server does with a record that it already has. `has_all_fields` says whether the database
    /// has a column for each field: what it has none for is not replaced.
    #[must_use]
    pub(crate) fn operation(&self, has_all_fields: bool) -> RecordOperation {
        let by_default =
            if self.overwrite && has_all_fields { RecordOperation::Replace } else { RecordOperation::Merge };
        self.record_operation.unwrap_or(by_default)
    }

    /// Whether a record (by id) or a join row (by `from:to`) is selected.
    #[must_use]
    pub(crate) fn selects(&self, resource: &str, id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.get(resource).is_some_and(|ids| ids.contains(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_errors_is_exceeded_by_one_more_and_a_percentage_from_100_answers_on() {
        let (ten, percent) = (MaxErrors::Count(10), MaxErrors::Percent { hundredths: 250 });
        for (max, rejected, answered, expected) in [
            (ten, 10, 10, false),
            (ten, 11, 11, true),
            (MaxErrors::Count(0), 0, 5, false),
            (MaxErrors::Count(0), 1, 5, true),
            (percent, 99, 99, false),
            (percent, 3, 100, true),
            (percent, 5, 200, false),
            (percent, 6, 200, true),
            (MaxErrors::Percent { hundredths: 10_000 }, u64::MAX, u64::MAX, false),
        ] {
            assert_eq!(max.is_exceeded(rejected, answered), expected, "{max} {rejected} of {answered}");
        }
        assert_eq!((ten.to_string(), percent.to_string()), ("10".to_owned(), "2.50%".to_owned()));
    }
}
