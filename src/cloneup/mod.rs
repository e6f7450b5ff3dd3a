//! The job itself: everything of the offline database goes to the server (contract 3.1).
//!
//! Nothing here knows a terminal, a flag or SQL.

mod observer;
mod options;
mod outcome;

pub use observer::{Event, Observer, PartKind, PlannedPart};
pub use options::{MAX_CONCURRENCY, Options, RawOptions};
pub use outcome::{DeleteStats, End, JoinStats, Outcome, RecordStats, Stats};
