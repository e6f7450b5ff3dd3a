//! How much of each run a report has room for: a report of any number of runs has a bounded size.

/// Maximum number of runs that have charts and tables of their own; the others are in the table of runs.
pub(super) const MAX_DETAILED: usize = 6;

/// Maximum number of runs that have all charts.
const MAX_WITH_ALL_CHARTS: usize = 3;

/// Maximum number of runs in the table of runs.
pub(super) const MAX_RUNS: usize = 100;

/// Maximum number of bytes of a name, such as that of a resource, a code or an option, and of a reason.
pub(super) const NAME: usize = 56;

/// Maximum number of bytes of an id or a path.
pub(super) const ID: usize = 96;

/// Maximum number of bytes of a message of a rejection, and of the value of an option.
pub(super) const SENTENCE: usize = 160;

/// Maximum number of bytes of a message about the run as a whole.
pub(super) const MESSAGE: usize = 600;

/// How much of a run there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// Whether there are charts of bytes and latencies too; their numbers are in the table in any case.
    pub(super) has_all_charts: bool,
    /// Intervals of a chart.
    pub(super) intervals: usize,
    /// Changes of the limit in a chart.
    pub(super) dots: usize,
    /// Places of a chart that show their numbers.
    pub(super) places: usize,
    /// Rows of the table of the run over time.
    pub(super) moments: usize,
    /// Rows of the table of the changes of the limit.
    pub(super) limits: usize,
    /// Resources and join stores.
    pub(super) parts: usize,
    /// Errors of the run as a whole.
    pub(super) errors: usize,
}

impl Budget {
    /// That of each of so many runs.
    pub(super) fn of(runs: usize) -> Self {
        // Several runs have a table of runs and more headings besides.
        let (part, runs) = if runs == 1 { (3, 1) } else { (2, runs.min(MAX_DETAILED)) };
        let share = |of_one: usize| (of_one * part / 3).div_ceil(runs);
        Self {
            has_all_charts: runs <= MAX_WITH_ALL_CHARTS,
            intervals: share(140).max(30),
            dots: share(128),
            places: share(40).max(6),
            moments: share(24),
            limits: share(24),
            parts: share(50),
            errors: share(12),
        }
    }
}
