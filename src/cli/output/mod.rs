//! Everything that is printed: the result on stdout, everything else on stderr. What happened is
//! decided elsewhere; only this folder knows a terminal.
//!
//! * [`escape`]: control characters of data and server never reach a terminal;
//! * [`print`](mod@print): lines and documents, the only place that writes to stdout and stderr;
//! * [`table`]: aligned columns; [`plan`](mod@plan): the plan of a dry run;
//! * [`hints`]: suggested fixes; [`failures`](mod@failures): errors with their hints;
//! * [`diagnostics`]: the log lines of `-v`;
//! * [`retries`]: the lines about retries, without repetitions; [`waiting`]: the lines about long waits;
//! * [`progress`], [`events`]: observers of a run, for a person and for a program.

mod diagnostics;
mod escape;
mod events;
mod failures;
mod hints;
mod plan;
mod print;
mod progress;
mod retries;
mod table;
mod waiting;

pub(super) use diagnostics::start_diagnostics;
#[cfg(feature = "serve")]
pub(super) use diagnostics::start_json_diagnostics;
pub(super) use escape::escaped;
pub(super) use events::Events;
pub(super) use failures::{Hints, failures, sentence};
pub(super) use plan::plan;
pub(super) use print::{document, error, line, result, text, unless_unwritten, warning};
pub(super) use progress::Progress;
pub(super) use table::Table;
