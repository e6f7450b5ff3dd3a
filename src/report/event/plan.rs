//! Events at the beginning of a run and on its way. The counts are in [`super::counts`].

use std::collections::BTreeMap;

use serde::Deserialize;

/// The plan is made; sending begins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Started {
    /// When the command began, in milliseconds since the Unix epoch; earlier versions do not say it.
    #[serde(rename = "startedMs")]
    pub(crate) began: Option<u64>,
    /// Of synctool and SQLite.
    pub(crate) versions: BTreeMap<String, String>,
    /// The options that differ from their defaults, by the names of their flags, without secrets.
    pub(crate) options: BTreeMap<String, String>,
    /// In upload order.
    pub(crate) parts: Vec<Part>,
    /// The rows of all parts.
    pub(crate) total: u64,
}

/// A part of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    /// The resource or join store.
    pub(crate) name: String,
    /// Rows that are sent.
    pub(crate) rows: u64,
    /// Rows that are not sent, because the server has them already; `None` without a comparison.
    pub(crate) unchanged: Option<u64>,
}

/// What a part uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PartKind {
    Records,
    JoinRows,
    Deletes,
    /// What only the server has, which is removed.
    Extra,
    /// One that only a later version knows.
    #[serde(other)]
    Other,
}

/// The run continues an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Resumed {
    /// Rows that the earlier run has uploaded.
    pub(crate) rows: u64,
    /// Push requests that they took.
    pub(crate) requests: u64,
}

/// The limit on requests in flight has changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct LimitChange {
    pub(crate) level: u64,
    pub(crate) why: String,
}

/// A mutation was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rejected {
    /// The resource or join store; `None` where the mutation is not one of the run.
    pub(crate) resource: Option<String>,
    pub(crate) id: Option<String>,
    /// Empty for a row that was too large to be sent.
    pub(crate) mutation_id: String,
    pub(crate) code: String,
    pub(crate) path: String,
}
