//! The result of a run (contract 3.5): statistics, cursor and failures. The counts are made by
//! [`super::progress`]; failures are in [`super::failure`].

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::failure::{Failure, FailureKind, most_severe};
use super::stage::Stage;
use crate::protocol::Cursor;

/// The result of a run. Its JSON is what stdout carries.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Whether everything was uploaded and finalized.
    pub ok: bool,
    /// Which part of the upload it is of.
    #[serde(flatten)]
    pub stage: Stage,
    /// The highest push cursor; zero if there was none.
    pub cursor: Cursor,
    /// Counts of the whole upload.
    pub stats: Stats,
    /// Why it did not succeed, in upload order; `errors` in the JSON.
    #[serde(rename = "errors", serialize_with = "as_mutation_errors")]
    pub failures: Vec<Failure>,
}

/// Counts of the whole upload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// By resource, in upload order.
    #[serde(serialize_with = "as_map")]
    pub resources: Vec<(String, RecordStats)>,
    /// By join store, in byte order of the names.
    pub join_stores: BTreeMap<String, JoinStats>,
    /// Push requests, retries included.
    pub batches: u64,
    /// Deletes and unrelates, when there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<DeleteStats>,
    /// What of all this the run has done itself.
    #[serde(skip)]
    pub run: RunStats,
}

/// What a run has done itself, of an upload that several runs can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RunStats {
    /// Records that the server has taken.
    pub records: u64,
    /// Join rows that the server has taken.
    pub join_rows: u64,
    /// Mutations of stage C that the server has taken.
    pub deletes: u64,
    /// Rows that were rejected, sent or unsent.
    pub rejected: u64,
    /// Rows that were not sent, because the server has them already (contract 3.9); `None` without a
    /// comparison.
    pub unchanged: Option<u64>,
    /// Rows that were skipped, because an earlier run had uploaded them (contract 3.6).
    pub resumed: u64,
    /// Mutations that the server has taken.
    pub mutations: u64,
    /// Mutations among them that the server had applied before; `None` where it does not say so.
    pub repeated: Option<u64>,
    /// Push requests, retries included.
    pub requests: u64,
    /// Push requests among them that were sent again, because one had no usable answer.
    pub retries: u64,
}

impl RunStats {
    /// Adds what another run has done. Where one of the servers does not say what it had applied before,
    /// nothing is known of the sum.
    pub(crate) fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.join_rows += other.join_rows;
        self.deletes += other.deletes;
        self.rejected += other.rejected;
        self.unchanged = match (self.unchanged, other.unchanged) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
        };
        self.resumed += other.resumed;
        self.mutations += other.mutations;
        self.repeated = self.repeated.zip(other.repeated).map(|(a, b)| a + b);
        self.requests += other.requests;
        self.retries += other.retries;
    }
}

/// The counts of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct RecordStats {
    /// Records that were read from the database.
    pub records: u64,
    /// Mutations that the server answered, rejected ones too.
    pub mutations: u64,
    /// Records that were not sent, because the server has them already; `None` without a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<u64>,
    /// Mutations among them that the server had applied before, where it says so.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated: u64,
}

/// The counts of one join store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct JoinStats {
    /// Rows that were read from the database.
    pub rows: u64,
    /// Mutations that the server answered, rejected ones too.
    pub mutations: u64,
    /// Rows that were not sent, because the server has them already; `None` without a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<u64>,
    /// Mutations among them that the server had applied before, where it says so.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated: u64,
}

/// The counts of stage C, and of what was removed because only the server had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct DeleteStats {
    /// Mutations that the server answered, rejected ones too.
    pub mutations: u64,
    /// Mutations among them that the server had applied before, where it says so.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn as_map<S: Serializer>(entries: &[(String, RecordStats)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(name, stats)| (name, stats)))
}

/// Failures as a result shows them: mutation id, code, message and path.
pub(super) fn as_mutation_errors<S: Serializer>(
    failures: &[Failure],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(failures.iter().map(|failure| &failure.error))
}

impl Outcome {
    /// The result of a run that ended before anything was sent.
    #[must_use]
    pub(crate) fn failed(failures: Vec<Failure>) -> Self {
        let (stage, cursor, stats) = (Stage::All, Cursor::zero(), Stats::default());
        Self { ok: false, stage, cursor, stats, failures }
    }

    /// The same result, of this part of the upload.
    #[must_use]
    pub(crate) fn of(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    /// The kind of the most severe failure, from which the exit status follows; `None` when the
    /// run succeeded.
    #[must_use]
    pub fn failure_kind(&self) -> Option<FailureKind> {
        most_severe(&self.failures)
    }
}
