//! The last words about an upload: what this run has done, in one or two lines. What an earlier run has
//! done is told apart. Failures are printed in [`super::failures`](mod@super::failures).

use std::borrow::Cow;
use std::time::Duration;

use super::counters::Counters;
use super::numbers::{bytes, counted, grouped, per_second, rounded};
use crate::cloneup::{FailureKind, Outcome, RunStats, Stage};

/// What is known of a run beside its outcome.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Measured {
    /// The time since sending began, and how much of it sending took.
    pub(super) elapsed: Duration,
    pub(super) uploaded_in: Duration,
    /// Changes that were pulled.
    pub(super) pulled: u64,
    /// Bytes of all answered batches, before compression.
    pub(super) bytes: u64,
    /// The names of the errors after which requests were sent again.
    pub(super) retries: Vec<Cow<'static, str>>,
}

impl Measured {
    pub(super) fn of(counters: &Counters) -> Self {
        let elapsed = counters.start.elapsed();
        let uploaded_in = counters.uploaded_in.unwrap_or(elapsed);
        let retries = counters.retries.keys().cloned().collect();
        Self { elapsed, uploaded_in, pulled: counters.pulled, bytes: counters.bytes, retries }
    }
}

/// The lines of the summary.
pub(in crate::cli) fn summary(outcome: &Outcome, measured: &Measured) -> Vec<String> {
    let run = &outcome.stats.run;
    if outcome.stage == Stage::Finalize {
        return vec![of_finalization(outcome, measured)];
    }
    if !outcome.ok && run.requests == 0 {
        return vec!["nothing was sent".to_owned()];
    }
    let mut lines = vec![first_line(outcome, measured)];
    lines.extend(second_line(run, measured));
    lines
}

/// What there is to say about the mutations and the requests, if anything.
pub(super) fn second_line(run: &RunStats, measured: &Measured) -> Option<String> {
    let mut more = Vec::new();
    if let Some(unchanged) = run.unchanged {
        let sent = grouped(run.records + run.join_rows);
        more.push(format!("{sent} sent, {} unchanged", grouped(unchanged)));
    }
    more.extend(new_and_repeated(run));
    if run.resumed > 0 {
        more.push(format!("{} skipped, which an earlier run uploaded", counted(run.resumed, "row")));
    }
    if !measured.retries.is_empty() {
        more.push(format!("retries after: {}", measured.retries.join(", ")));
    }
    (!more.is_empty()).then(|| more.join("; "))
}

/// The one line about a run that only finalizes.
fn of_finalization(outcome: &Outcome, measured: &Measured) -> String {
    let verb = if outcome.ok { "finalized" } else { "not finalized" };
    let seconds = measured.elapsed.as_secs_f64();
    format!("{verb}, {} pulled, {seconds:.1} s", counted(measured.pulled, "change"))
}

fn first_line(outcome: &Outcome, measured: &Measured) -> String {
    let run = &outcome.stats.run;
    let verb = match outcome.failure_kind() {
        None => "uploaded",
        Some(FailureKind::Interrupted) => "interrupted after",
        Some(_) => "failed after",
    };
    format!("{verb} {}", work(run, outcome.stats.deletes.is_some(), measured))
}

/// What a run has done, in how many requests and in which time.
pub(super) fn work(run: &RunStats, has_deletes: bool, measured: &Measured) -> String {
    let mut counts = vec![counted(run.records, "record"), counted(run.join_rows, "join row")];
    if has_deletes {
        counts.push(counted(run.deletes, "delete"));
    }
    if run.rejected > 0 {
        counts.push(format!("{} rejected", grouped(run.rejected)));
    }
    let mut text = format!("{} in {}", counts.join(", "), counted(run.requests, "request"));
    match run.retries {
        0 => {}
        1 => text.push_str(", 1 of them a retry"),
        retries => text.extend([", ", &grouped(retries), " of them retries"]),
    }
    text.extend([format!(", {:.1} s", measured.elapsed.as_secs_f64())]);
    if measured.bytes > 0 {
        let rows = run.records + run.join_rows + run.deletes;
        let rate = grouped(rounded(per_second(rows, measured.uploaded_in)));
        text.extend([format!(" ({}, {rate} rows/s)", bytes(measured.bytes))]);
    }
    text
}

/// How many of the mutations that the server has taken are new to it, if it says so.
fn new_and_repeated(run: &RunStats) -> Option<String> {
    let repeated = run.repeated?;
    let new = run.mutations.saturating_sub(repeated);
    match (new, repeated) {
        (0, 0) => None,
        (_, 0) => Some("all new".to_owned()),
        (0, _) => Some("all already there".to_owned()),
        _ => Some(format!("{} new, {} already there", grouped(new), grouped(repeated))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::{DeleteStats, Failure, Stats};
    use crate::protocol::Cursor;

    fn lines(
        run: RunStats,
        deletes: Option<DeleteStats>,
        failure: Option<Failure>,
        measured: &Measured,
    ) -> String {
        let failures: Vec<_> = failure.into_iter().collect();
        let stats = Stats { deletes, run, ..Stats::default() };
        let outcome =
            Outcome { ok: failures.is_empty(), stage: Stage::All, cursor: Cursor::zero(), stats, failures };
        summary(&outcome, measured).join("\n")
    }

    #[test]
    fn the_summary_counts_what_this_run_did() {
        let measured = Measured {
            elapsed: Duration::from_secs(4),
            uploaded_in: Duration::from_secs(2),
            pulled: 0,
            bytes: 2_663_383,
            retries: vec!["503".into(), "timeout".into()],
        };
        let run =
            RunStats { records: 3100, join_rows: 1, mutations: 3101, requests: 17, ..RunStats::default() };
        let all_new = RunStats { repeated: Some(0), ..run };
        let all_repeated = RunStats { repeated: Some(3101), ..run };
        let resumed =
            RunStats { repeated: Some(101), resumed: 12_000, rejected: 3, retries: 3, deletes: 1, ..run };
        let unchanged = RunStats { records: 12, join_rows: 0, unchanged: Some(2988), ..all_new };
        let nothing = RunStats { repeated: Some(0), ..RunStats::default() };
        let none = Measured { retries: Vec::new(), ..measured.clone() };
        insta::assert_snapshot!(
            [
                lines(run, None, None, &none),
                lines(all_new, None, None, &none),
                lines(all_repeated, None, None, &none),
                lines(unchanged, None, None, &none),
                lines(resumed, Some(DeleteStats::default()), None, &measured),
                lines(RunStats { retries: 1, ..run }, None, Some(Failure::interrupted()), &none),
                lines(run, None, Some(Failure::internal("x")), &Measured::default()),
                lines(nothing, None, Some(Failure::internal("x")), &none),
                lines(nothing, None, None, &Measured::default()),
            ]
            .join("\n\n"),
            @r"
            uploaded 3,100 records, 1 join row in 17 requests, 4.0 s (2.5 MiB, 1,551 rows/s)

            uploaded 3,100 records, 1 join row in 17 requests, 4.0 s (2.5 MiB, 1,551 rows/s)
            all new

            uploaded 3,100 records, 1 join row in 17 requests, 4.0 s (2.5 MiB, 1,551 rows/s)
            all already there

            uploaded 12 records, 0 join rows in 17 requests, 4.0 s (2.5 MiB, 6 rows/s)
            12 sent, 2,988 unchanged; all new

            uploaded 3,100 records, 1 join row, 1 delete, 3 rejected in 17 requests, 3 of them retries, 4.0 s (2.5 MiB, 1,551 rows/s)
            3,000 new, 101 already there; 12,000 rows skipped, which an earlier run uploaded; retries after: 503, timeout

            interrupted after 3,100 records, 1 join row in 17 requests, 1 of them a retry, 4.0 s (2.5 MiB, 1,551 rows/s)

            failed after 3,100 records, 1 join row in 17 requests, 0.0 s

            nothing was sent

            uploaded 0 records, 0 join rows in 0 requests, 0.0 s
            "
        );
    }

    #[test]
    fn a_finalization_is_told_by_what_it_pulled() {
        let measured = Measured { pulled: 1, elapsed: Duration::from_millis(340), ..Measured::default() };
        let of = |failures| Outcome::failed(failures).of(Stage::Finalize);
        let done = Outcome { ok: true, ..of(Vec::new()) };
        assert_eq!(summary(&done, &measured), ["finalized, 1 change pulled, 0.3 s"]);
        let failed = of(vec![Failure::internal("x")]);
        assert_eq!(summary(&failed, &measured), ["not finalized, 1 change pulled, 0.3 s"]);
    }
}
