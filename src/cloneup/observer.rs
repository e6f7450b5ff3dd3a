//! What a run tells while it works. The core draws and writes nothing: progress bars,
//! event files and tests are observers.

use std::time::Duration;

/// Somebody who watches a run. Called from the run's own task, so it must be quick.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on(&self, event: &Event<'_>);
}

/// Nobody watches.
impl Observer for () {
    fn on(&self, _: &Event<'_>) {}
}

/// What can happen. Names and messages are data of the database and the server: whoever
/// shows them on a terminal escapes them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// The plan stands; sending is about to begin.
    Planned {
        /// In upload order.
        parts: &'a [PlannedPart],
    },
    /// The next part's turn has come.
    PartStarted {
        /// Its index in the plan.
        part: usize,
    },
    /// The server has answered a batch.
    Answered {
        /// The index in the plan of the part it belongs to.
        part: usize,
        /// RowChunk of the part that are now dealt with, in addition to those before.
        rows: u64,
        /// The size of the batch's body in bytes, however often it was sent.
        bytes: u64,
        /// How many requests it took.
        requests: u64,
    },
    /// More or fewer requests may be in flight from now on.
    Level {
        /// How many.
        level: usize,
        /// Why it is not as many as before.
        why: &'a str,
    },
    /// A request is sent again after a pause.
    Retrying {
        /// Which retry this is, from 1.
        retry: u32,
        /// How many there may be.
        max_retries: u32,
        /// The pause before it.
        wait: Duration,
        /// Why.
        reason: &'a str,
    },
    /// Everything is uploaded; the run is being finalized.
    Finalizing,
    /// A page of changes was applied.
    Pulled {
        /// How many changes were in it.
        changes: u64,
    },
    /// Something that a person should know and that does not stop the run.
    Warning(&'a str),
}

/// One part of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPart {
    /// What it uploads.
    pub kind: PartKind,
    /// The resource or join store; `deletes` for stage C.
    pub name: String,
    /// How many records, join rows or change log entries.
    pub rows: u64,
}

/// What a part uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PartKind {
    /// The records of a resource (stage A).
    Records,
    /// The rows of a join store (stage B).
    JoinRows,
    /// Deletes and unrelates made offline (stage C).
    Deletes,
}
