//! The last words about a run of several databases: what it has done, and which ones have failed. Those
//! about one database are in [`crate::cli::output::summary`](mod@crate::cli::output::summary).

use crate::cli::output::escape::escaped;
use crate::cli::output::numbers::{counted, grouped};
use crate::cli::output::summary::{Measured, second_line, work};
use crate::cloneup::{DatabaseOutcome, DatabasesOutcome, FailureKind};

/// Maximum number of databases that are named; the result has all of them.
const MAX_NAMED: usize = 20;

/// The lines of the summary.
pub(in crate::cli) fn databases_summary(outcome: &DatabasesOutcome, measured: &Measured) -> Vec<String> {
    let (run, total) = (outcome.run_stats(), outcome.databases.len() as u64);
    let count =
        |is: &dyn Fn(&DatabaseOutcome) -> bool| outcome.databases.iter().filter(|it| is(it)).count() as u64;
    let done = count(&|database| database.outcome.ok);
    let is_interrupted = outcome.failure_kinds().any(|kind| kind == FailureKind::Interrupted);
    let verb = if is_interrupted { "interrupted: " } else { "" };
    let databases = match (done, total) {
        (done, total) if done == total => counted(total, "database"),
        _ => format!("{} of {}", grouped(done), counted(total, "database")),
    };
    let has_deletes = outcome.databases.iter().any(|database| database.outcome.stats.deletes.is_some());
    let mut lines = vec![format!("{verb}uploaded {databases}: {}", work(&run, has_deletes, measured))];
    lines.extend(second_line(&run, measured));
    let failed: Vec<_> = outcome.databases.iter().filter(|database| has_failed(database)).collect();
    if !failed.is_empty() {
        let names = failed.iter().take(MAX_NAMED);
        let names: Vec<_> =
            names.map(|database| escaped(&database.path.to_string_lossy()).into_owned()).collect();
        let more = match failed.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {} more", grouped(more as u64)),
        };
        lines.push(format!("failed: {}{more}", names.join(", ")));
    }
    for (kind, what) in [(FailureKind::NotBegun, "not begun"), (FailureKind::Interrupted, "not finished")] {
        let number = count(&|database| database.outcome.failure_kind() == Some(kind));
        if number > 0 {
            lines.push(format!("{what}: {}", counted(number, "database")));
        }
    }
    lines
}

fn has_failed(database: &DatabaseOutcome) -> bool {
    let kind = database.outcome.failure_kind();
    !matches!(kind, None | Some(FailureKind::NotBegun | FailureKind::Interrupted))
}
