//! How far a run is (`sync_progress`).

use std::collections::BTreeMap;

use serde::Deserialize;

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    /// The part that is being uploaded; `None` before the first one.
    pub(crate) part: Option<String>,
    /// Rows of this part that are answered or skipped.
    pub(crate) done: u64,
    /// The counts of the whole run.
    pub(crate) run: RunCounts,
    /// The requests since the event before; earlier versions do not count them.
    pub(crate) interval: Option<Interval>,
}

/// What the run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Stage {
    Upload,
    Finalize,
    Verify,
    /// One that only a later version knows.
    #[serde(other)]
    Other,
}

/// The counts of a whole run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunCounts {
    /// Rows that are answered, or skipped because an earlier run has uploaded them.
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// Bodies of the batches that are answered, before compression.
    pub(crate) bytes: u64,
    /// Push requests, retries included.
    pub(crate) requests: u64,
    /// By what failed before.
    pub(crate) retries: BTreeMap<String, u64>,
    pub(crate) rejected: u64,
    /// The same by code.
    pub(crate) rejections: BTreeMap<String, u64>,
    /// Mutations that the server had applied before.
    pub(crate) repeated: u64,
    /// Rows that are not sent, because the server has them already; `None` without a comparison.
    pub(crate) unchanged: Option<u64>,
    /// Rows among `done` that an earlier run has uploaded.
    pub(crate) resumed: u64,
    /// Changes that were pulled in this stage.
    pub(crate) pulled: u64,
    pub(crate) in_flight: u64,
    pub(crate) latency_ms: Latencies,
    /// How long sending took so far; earlier versions do not say it.
    pub(crate) sending_ms: Option<u64>,
}

impl RunCounts {
    /// Rows that the run has sent and got answered.
    pub(crate) fn sent(&self) -> u64 {
        self.done.saturating_sub(self.resumed)
    }
}

/// The requests that were answered since the event before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Interval {
    pub(crate) answered: u64,
    /// The highest number in flight.
    pub(crate) max_in_flight: u64,
    pub(crate) latency_ms: Latencies,
}

/// Latencies in milliseconds; `None` where nothing was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Latencies {
    pub(crate) p50: Option<u64>,
    pub(crate) p95: Option<u64>,
    pub(crate) max: Option<u64>,
}
