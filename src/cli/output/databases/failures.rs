//! Prints the failures of several databases on stderr, each with its database. Those of one are printed in
//! [`crate::cli::output::failures`](mod@crate::cli::output::failures).

use crate::cli::output::failures::{Hints, Told, failures_of};
use crate::cloneup::{DatabasesOutcome, FailureKind};

/// Prints the failures of all databases but those that were not begun. Returns whether all are told.
pub(in crate::cli) fn databases_failures(outcome: &DatabasesOutcome, hints: Hints) -> bool {
    let told = outcome.databases.iter().flat_map(|database| {
        let failures = database.outcome.failures.iter();
        let failures = failures
            .filter(|failure| !matches!(failure.kind, FailureKind::NotBegun | FailureKind::Interrupted));
        failures.map(|failure| Told { database: Some(&database.path), failure })
    });
    failures_of(told, hints)
}
