//! Events of a run, and the observer that gets them. The core draws and writes nothing: progress bars,
//! event files and tests are observers. What a person sees of them is decided in `crate::cli`.

use std::time::Duration;

/// Gets the events of a run. Called from the run's own task, so it must return soon.
pub trait Observer: Send + Sync {
    /// Handles an event.
    fn on(&self, event: &Event<'_>);
}

/// Ignores all events.
impl Observer for () {
    fn on(&self, _: &Event<'_>) {}
}

/// An event of a run. Names and messages are data of the database and the server: an observer
/// that shows them on a terminal must escape them.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The plan is made; sending begins.
    Planned {
        /// The parts of the plan, in upload order.
        parts: &'a [PlannedPart],
    },
    /// The next part of the plan begins.
    PartStarted {
        /// The part's index in the plan.
        part: usize,
    },
    /// The server has answered a batch.
    Answered {
        /// The index in the plan of the part it belongs to.
        part: usize,
        /// The number of rows of the part that this batch answers.
        rows: u64,
        /// The size of the batch's body in bytes, before compression, however often it was sent.
        bytes: u64,
        /// The number of requests that it took.
        requests: u64,
    },
    /// The concurrency limit has changed.
    ConcurrencyChanged {
        /// The number of requests that may be in flight from now on.
        limit: usize,
        /// Why it has changed.
        reason: &'a str,
    },
    /// The server does not answer yet, and the run waits for it before the first byte is sent.
    WaitingForServer {
        /// For how long at most, from the first request on.
        wait: Duration,
        /// The URL that is asked, without credentials or query.
        url: &'a str,
        /// Why there was no answer.
        reason: &'a str,
    },
    /// A request is sent again after a pause.
    Retrying {
        /// The number of this retry, from 1.
        retry: u32,
        /// The maximum number of retries.
        max_retries: u32,
        /// The pause before it.
        wait: Duration,
        /// The error of the last try.
        reason: &'a str,
    },
    /// Everything is uploaded; finalization begins (contract 3.1.6).
    Finalizing,
    /// A page of changes was applied.
    Pulled {
        /// The number of changes in it.
        changes: u64,
    },
    /// A warning for a person; the run goes on.
    Warning(&'a str),
    /// What the run does from now on.
    Activity(Activity),
}

/// What a run does: whether it waits for the server or is busy itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// The database is read and its rows are checked, before the first request.
    Checking,
    /// A request is in flight.
    AwaitingAnswers,
    /// No request is in flight: the rows of a part are read, put in order and encoded.
    Preparing {
        /// The part's index in the plan.
        part: usize,
    },
    /// Pulled changes are written to the database.
    WritingChanges,
    /// The database is compared with what the server has.
    Comparing,
}

/// One part of the plan, as an observer gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPart {
    /// What the part uploads.
    pub kind: PartKind,
    /// The resource or join store; `deletes` for stage C.
    pub name: String,
    /// The number of records, join rows or change log entries.
    pub rows: u64,
}

/// What a part uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum PartKind {
    /// The records of a resource (stage A).
    Records,
    /// The rows of a join store (stage B).
    JoinRows,
    /// Deletes and unrelates made offline (stage C).
    Deletes,
}
