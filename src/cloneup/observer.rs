//! Events of a run, and the observer that gets them. The core draws and writes nothing: progress bars,
//! event files and tests are observers. What a person sees of them is decided in `crate::cli`.

use std::time::Duration;

use super::failure::Subject;
use crate::protocol::{Cursor, MutationError};
use crate::remote::TransportError;

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
    /// The rows of a table are checked, before the first request: when that begins and, with a large table,
    /// meanwhile.
    #[non_exhaustive]
    Checking {
        /// The resource or join store.
        name: &'a str,
        /// The number of tables that are checked.
        checked: usize,
        /// The number of tables to check.
        tables: usize,
        /// The number of rows that are checked.
        rows: u64,
    },
    /// The plan is made; sending begins.
    #[non_exhaustive]
    Planned {
        /// The parts of the plan, in upload order.
        parts: &'a [PlannedPart],
    },
    /// The next part of the plan begins.
    #[non_exhaustive]
    PartStarted {
        /// The part's index in the plan.
        part: usize,
    },
    /// A batch is skipped: an earlier run has uploaded it, if the server still has it.
    #[non_exhaustive]
    Skipped {
        /// The index in the plan of the part it belongs to.
        part: usize,
        /// The number of its rows.
        rows: u64,
    },
    /// The server still has what an earlier run has uploaded: the run continues after it (contract
    /// 3.6).
    #[non_exhaustive]
    Resumed {
        /// The number of rows that were there already, those of the skipped batches among them.
        rows: u64,
        /// The number of push requests that they took.
        requests: u64,
    },
    /// The data or the server has changed since an earlier run was interrupted: what was skipped is
    /// sent after all, from the beginning.
    StartedOver,
    /// A push request is sent.
    RequestSent,
    /// A push request has ended.
    #[non_exhaustive]
    RequestEnded {
        /// The time since it was sent.
        elapsed: Duration,
        /// Whether there is an answer, and not a transport error.
        is_answered: bool,
    },
    /// A mutation is rejected: by the server, or unsent because no request can carry it. The event of
    /// its batch follows.
    #[non_exhaustive]
    Rejected {
        /// The record or join row; `None` where the mutation is not one of this run.
        subject: Option<&'a Subject>,
        /// Mutation id, code, message and path.
        error: &'a MutationError,
    },
    /// The server has answered a batch.
    #[non_exhaustive]
    Answered {
        /// The index in the plan of the part it belongs to.
        part: usize,
        /// The number of rows of the part that this batch answers.
        rows: u64,
        /// The size of the batch's body in bytes, before compression, however often it was sent.
        bytes: u64,
        /// The number of requests that it took.
        requests: u64,
        /// The number of mutations in it that the server had applied before, where it says so.
        repeated: u64,
    },
    /// The concurrency limit has changed.
    #[non_exhaustive]
    ConcurrencyChanged {
        /// The number of requests that may be in flight from now on.
        limit: usize,
        /// Why it has changed.
        reason: &'a str,
    },
    /// The server does not answer yet, and the run waits for it before the first byte is sent.
    #[non_exhaustive]
    WaitingForServer {
        /// For how long at most, from the first request on.
        wait: Duration,
        /// The URL that is asked, without credentials or query.
        url: &'a str,
        /// Why there was no answer.
        reason: &'a str,
    },
    /// A request is sent again after a pause.
    #[non_exhaustive]
    Retrying {
        /// The number of this retry, from 1.
        retry: u32,
        /// The maximum number of retries.
        max_retries: u32,
        /// The pause before it.
        wait: Duration,
        /// The error of the last try.
        error: &'a TransportError,
    },
    /// Everything is uploaded; finalization begins (contract 3.1.6).
    Finalizing,
    /// The comparison of both sides begins: first the server's feed is pulled.
    Verifying,
    /// Rows of the database were compared with what was pulled.
    #[non_exhaustive]
    Compared {
        /// The number of rows that are compared.
        rows: u64,
        /// The number of rows in the database.
        total: u64,
    },
    /// A page of changes was applied.
    #[non_exhaustive]
    Pulled {
        /// The number of changes in it.
        changes: u64,
        /// The place in the server's sequence up to which changes are pulled, of a server with one feed.
        cursor: Option<&'a Cursor>,
    },
    /// A clone begins to pull.
    #[non_exhaustive]
    CloneStarted {
        /// The server's sequence, where it says it: the clone ends there, or later.
        sequence: Option<&'a Cursor>,
        /// The place in it where a clone that was interrupted goes on.
        resumed_at: Option<&'a Cursor>,
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
#[non_exhaustive]
pub struct PlannedPart {
    /// What the part uploads.
    pub kind: PartKind,
    /// The resource or join store; `deletes` for stage C.
    pub name: String,
    /// The number of records, join rows or change log entries that are sent.
    pub rows: u64,
    /// The number of rows that are not sent, because the server has them already; `None` without a
    /// comparison.
    pub unchanged: Option<u64>,
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
    /// What only the server has, which is removed.
    Extra,
}
