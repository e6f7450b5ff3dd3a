//! What is printed about a run of several databases (contract 3.7). Of a run of one, the same is one level
//! up, and what both have in common too.
//!
//! * [`counters`]: how many databases are done, failed and under way, and the sums of all;
//! * [`screen`]: progress as text; [`progress`], [`events`]: the observers, for a person and for a program;
//! * [`warnings`]: each warning once, however many databases it is about;
//! * [`failures`], [`summary`], [`plan`]: the words at the end.

mod counters;
mod events;
mod failures;
mod plan;
mod progress;
mod screen;
mod summary;
mod warnings;

pub(in crate::cli) use events::DatabasesEvents;
pub(in crate::cli) use failures::databases_failures;
pub(in crate::cli) use plan::databases_plan;
pub(in crate::cli) use progress::DatabasesProgress;
pub(in crate::cli) use summary::databases_summary;
