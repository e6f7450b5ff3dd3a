//! How much of each run a report has room for: a report of any number of runs has a bounded size.

/// Maximum number of runs that have charts and tables of their own; the others are in the table of runs.
pub(super) const MAX_DETAILED: usize = 8;

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
    /// Intervals of a chart.
    pub(super) intervals: usize,
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
        let share = |of_one: usize| of_one.div_ceil(runs.clamp(1, MAX_DETAILED));
        Self {
            intervals: share(140).max(40),
            places: share(40).max(10),
            moments: share(24),
            limits: share(24),
            parts: share(50),
            errors: share(12),
        }
    }
}
