//! The last words about a clone: what the file has, and how long this run took. Failures are printed in
//! [`super::failures`](mod@super::failures).

use super::numbers::counted;
use super::summary::Measured;
use crate::cloneup::{CloneOutcome, FailureKind};

/// The line about a clone.
pub(in crate::cli) fn clone_summary(outcome: &CloneOutcome, measured: &Measured) -> String {
    let records: u64 = outcome.stats.resources.iter().map(|(_, count)| count).sum();
    let rows: u64 = outcome.stats.join_stores.values().sum();
    if !outcome.ok && records + rows == 0 {
        return "nothing was cloned".to_owned();
    }
    let verb = match outcome.failure_kind() {
        None => "cloned",
        Some(FailureKind::Interrupted) => "interrupted after",
        Some(_) => "failed after",
    };
    let seconds = measured.elapsed.as_secs_f64();
    format!("{verb} {}, {}, {seconds:.1} s", counted(records, "record"), counted(rows, "join row"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::cloneup::{CloneStats, Failure};
    use crate::protocol::Cursor;

    #[test]
    fn the_summary_counts_what_the_file_has() {
        let measured = Measured { elapsed: Duration::from_millis(1250), ..Measured::default() };
        let line = |records, failure: Option<Failure>| {
            let stats = CloneStats {
                resources: vec![("a".to_owned(), records)],
                join_stores: BTreeMap::from([("j".to_owned(), 1)]),
            };
            let failures: Vec<_> = failure.into_iter().collect();
            let outcome = CloneOutcome { ok: failures.is_empty(), cursor: Cursor::zero(), stats, failures };
            clone_summary(&outcome, &measured)
        };
        assert_eq!(line(3100, None), "cloned 3,100 records, 1 join row, 1.2 s");
        assert_eq!(line(1, Some(Failure::interrupted())), "interrupted after 1 record, 1 join row, 1.2 s");
        assert_eq!(line(0, Some(Failure::internal("x"))), "failed after 0 records, 1 join row, 1.2 s");
        let nothing = CloneOutcome::failed(vec![Failure::internal("x")]);
        assert_eq!(clone_summary(&nothing, &measured), "nothing was cloned");
    }
}
