//! The result of many uploads (contract 3.7): that of each database. The result of one is
//! [`crate::cloneup::Outcome`].

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::cloneup::failure::FailureKind;
use crate::cloneup::outcome::{Outcome, RunStats};

/// The results of many databases. Its JSON is what stdout carries.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DatabasesOutcome {
    /// Whether all of them were uploaded.
    pub ok: bool,
    /// In the order in which they were given.
    pub databases: Vec<DatabaseOutcome>,
}

/// The result of a database.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DatabaseOutcome {
    /// The path of the database, as it was given.
    #[serde(rename = "db", serialize_with = "as_text")]
    pub path: PathBuf,
    /// Its result.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A path in a result; what is not UTF-8 in it is replaced.
pub(super) fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

impl DatabasesOutcome {
    pub(super) fn new(databases: Vec<DatabaseOutcome>) -> Self {
        Self { ok: databases.iter().all(|database| database.outcome.ok), databases }
    }

    /// The kinds of failures that databases have, from which the exit status follows; empty when all
    /// succeeded.
    pub fn failure_kinds(&self) -> impl Iterator<Item = FailureKind> {
        self.databases.iter().filter_map(|database| database.outcome.failure_kind())
    }

    /// What the uploads have done together.
    #[must_use]
    pub fn run_stats(&self) -> RunStats {
        let mut sum = RunStats { repeated: Some(0), ..RunStats::default() };
        // An upload that sent nothing has had no answer that could say what was there before.
        let runs = self.databases.iter().map(|database| &database.outcome.stats.run);
        runs.filter(|run| run.requests > 0 || run.unchanged.is_some()).for_each(|run| sum.add(run));
        sum
    }
}
