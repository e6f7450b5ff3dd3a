//! What a run comes to: the result of contract 3.5, and how it ended.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::protocol::{Cursor, ErrorBody, MutationError, ROOT_PATH, code};

/// The result of a run. Its JSON is what stdout carries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether everything was uploaded and finalized.
    pub ok: bool,
    /// The highest push cursor; zero if there was none.
    pub cursor: Cursor,
    /// What was sent.
    pub stats: Stats,
    /// What went wrong, in upload order.
    pub errors: Vec<MutationError>,
    /// The rejected mutations among the errors, with what they are about.
    #[serde(skip)]
    pub rejected: Vec<Rejected>,
    /// How it ended, from which the exit status follows.
    #[serde(skip)]
    pub end: End,
}

/// A mutation that was rejected, and what it is about: a line of `--error-file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The resource, or the join store.
    pub resource: String,
    /// The record's id, or `from:to` of a join row.
    pub id: String,
    /// Why.
    #[serde(flatten)]
    pub error: MutationError,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything was uploaded.
    Success,
    /// The server rejected mutations.
    Rejected,
    /// Options, schema or data cannot be uploaded as they are.
    Invalid,
    /// The offline database failed.
    Storage,
    /// The server could not be position, refused the credentials or broke the protocol.
    Remote,
    /// Somebody asked the run to stop.
    Interrupted,
}

/// Counts, of the whole upload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// By resource, in upload order.
    #[serde(serialize_with = "as_map")]
    pub resources: Vec<(String, RecordStats)>,
    /// By join store, in byte order.
    pub join_stores: BTreeMap<String, JoinStats>,
    /// Push requests, retries included.
    pub batches: u64,
    /// Stage C, when it sent any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<DeleteStats>,
}

/// The counts of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RecordStats {
    /// Records that were read.
    pub records: u64,
    /// Mutations that the server answered.
    pub mutations: u64,
}

/// The counts of one join store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct JoinStats {
    /// RowChunk that were read.
    pub rows: u64,
    /// Mutations that the server answered.
    pub mutations: u64,
}

/// The counts of stage C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DeleteStats {
    /// Mutations that the server answered.
    pub mutations: u64,
}

fn as_map<S: Serializer>(entries: &[(String, RecordStats)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(name, stats)| (name, stats)))
}

impl Outcome {
    /// The result of a run that ended before anything was sent.
    #[must_use]
    pub fn failed(end: End, errors: impl IntoIterator<Item = ErrorBody>) -> Self {
        let errors = errors.into_iter().map(MutationError::from).collect();
        Self { ok: false, cursor: Cursor::zero(), stats: Stats::default(), errors, rejected: Vec::new(), end }
    }
}

/// Somebody asked a run to stop: how it ends, and what the result says.
#[must_use]
pub fn interrupted() -> (End, ErrorBody) {
    let message = "the run was interrupted; the same command finishes it";
    (End::Interrupted, ErrorBody::new(code::CANCELLED, message, ROOT_PATH))
}
