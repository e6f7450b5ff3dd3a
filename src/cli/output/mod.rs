//! Everything that is printed: the result on stdout, everything else on stderr. What happened is
//! decided elsewhere; only this folder knows a terminal.
//!
//! * [`escape`]: control characters of data and server never reach a terminal; [`indented`]: JSON for a
//!   terminal;
//! * [`print`](mod@print): lines and documents, the only place that writes to stdout and stderr;
//! * [`width`]: text in columns; [`table`]: aligned columns; [`plan`](mod@plan): the plan of a dry run;
//! * [`hints`]: suggested fixes; [`failures`](mod@failures): errors with their hints;
//!   [`summary`](mod@summary) and [`clone_summary`](mod@clone_summary): the last words about an upload or
//!   a clone;
//! * [`diagnostics`]: the log lines of `-v`;
//! * [`counters`]: the counters of a run, with its recent [`rate`] and a histogram of [`latency`];
//! * [`screen`]: progress as text, drawn by [`bars`]; [`retries`]: the lines about retries; [`waiting`]: those about long
//!   waits;
//! * [`progress`], [`events`]: observers of a run, for a person, at the [`ticker`]'s pace, and, as
//!   [`json_lines`], for a program;
//! * [`databases`]: all of that for a run of several databases.

mod bars;
mod clone_summary;
mod counters;
mod databases;
mod diagnostics;
mod escape;
mod events;
mod failures;
mod hints;
mod indented;
mod json_lines;
mod latency;
mod plan;
mod print;
mod progress;
mod rate;
mod retries;
mod screen;
mod summary;
mod table;
mod ticker;
mod waiting;
mod width;

// The numbers of a report look the same.
use crate::numbers;

pub(super) use clone_summary::clone_summary;
pub(super) use databases::{
    DatabasesEvents, DatabasesProgress, databases_failures, databases_plan, databases_summary,
};
pub(super) use diagnostics::start_diagnostics;
#[cfg(feature = "serve")]
pub(super) use diagnostics::start_json_diagnostics;
pub(super) use escape::escaped;
pub(super) use events::Events;
pub(super) use failures::{Hints, failures, print_hints, sentence};
pub(super) use numbers::{counted, grouped};
pub(super) use plan::plan;
pub(super) use print::{document, error, line, paragraph, result, text, unless_unwritten, warning, whole};
pub(super) use progress::{DEFAULT_INTERVAL, Look, Progress};
pub(super) use summary::summary;
pub(super) use table::Table;
pub(super) use width::wrapped;
