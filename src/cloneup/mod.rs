//! The job itself: everything of the offline database goes to the server (contract 3.1).

mod blocking;
mod encode;
mod finish;
mod inspect;
mod observer;
mod options;
mod outcome;
mod plan;
mod preview;
mod progress;
mod run;
mod send;
mod stop;
mod upload;
mod verify;

pub use inspect::{InspectedPart, Inspection, inspect};
pub use observer::{Event, Observer, PartKind, PlannedPart};
pub use options::{MAX_CONCURRENCY, Options, RawOptions, Selection};
pub use outcome::{DeleteStats, End, JoinStats, Outcome, RecordStats, Rejected, Stats, interrupted};
pub use preview::{Finalization, Preview, PreviewPart, ServerState, preview};
pub use progress::checkpoint::Unfinished;
pub use run::run;
pub use send::concurrency::Concurrency;
pub use stop::{Stop, StopHandle, stop_channel};
pub use verify::{Difference, DifferenceKind, TableCounts, Verification, verify};
