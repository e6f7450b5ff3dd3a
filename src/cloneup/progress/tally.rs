//! The tally: the one owner of the counts and failures of a run. It gets the result of every batch, in
//! any order, and makes the outcome. The checkpoint is written by [`super::checkpoint_writer`].

use crate::cloneup::failure::Failure;
use crate::cloneup::outcome::{JoinStats, Outcome, RecordStats, RunStats, Stats};
use crate::cloneup::plan::{Plan, Source};
use crate::cloneup::progress::checkpoint::Checkpoint;
use crate::cloneup::send::delivered::Delivered;
use crate::cloneup::stage::Stage;
use crate::protocol::Cursor;

/// The place in the outcome of failures that belong to no batch: after all others.
const AT_THE_END: u64 = u64::MAX;

/// What has been answered so far.
#[derive(Debug)]
pub(crate) struct Tally<'a> {
    plan: &'a Plan,
    /// By index in the plan; `None` until the part has begun.
    parts: Vec<Option<Counts>>,
    requests: u64,
    retries: u64,
    /// The requests of an earlier run.
    earlier_requests: u64,
    cursor: Option<Cursor>,
    /// Failures, each with the number of the batch it belongs to.
    failures: Vec<(u64, Failure)>,
}

/// The counts of a part.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    /// What this run and an earlier one have done.
    whole: Answered,
    /// What of it an earlier run has done.
    earlier: Answered,
    /// Rows that were not sent, because the application has changed them since.
    left_out: u64,
    /// Rows and mutations that this run has found rejected.
    rejected_rows: u64,
    rejected_mutations: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Answered {
    rows: u64,
    mutations: u64,
    repeated: u64,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let parts = vec![None; plan.parts.len()];
        Self { plan, parts, requests: 0, retries: 0, earlier_requests: 0, cursor: None, failures: Vec::new() }
    }

    /// Starts over: forgets everything but the number of requests that were sent.
    pub(crate) fn start_over(&mut self) {
        *self = Self { requests: self.requests, retries: self.retries, ..Self::new(self.plan) };
    }

    /// Counts requests whose answers do not count.
    pub(crate) fn add_requests(&mut self, requests: u64) {
        self.requests += requests;
    }

    /// A part begins.
    pub(crate) fn start(&mut self, part: usize) {
        self.parts[part].get_or_insert_default();
    }

    /// Adds the result of a batch.
    pub(crate) fn add(&mut self, delivered: Delivered) {
        let of_this_run = delivered.failures.iter().filter(|failure| failure.subject.is_some());
        let rejected_mutations = of_this_run.count() as u64;
        let counts = self.count(delivered.part, delivered.mutations, delivered.rows);
        counts.rejected_rows += delivered.rejected;
        counts.rejected_mutations += rejected_mutations;
        counts.whole.repeated += delivered.repeated;
        self.requests += delivered.requests;
        self.retries += delivered.retries;
        self.cursor = self.cursor.take().max(delivered.cursor);
        let sequence = delivered.sequence;
        self.failures.extend(delivered.failures.into_iter().map(|failure| (sequence, failure)));
        // Requests in flight side by side all meet the error that ends the run: it is one failure.
        let fatal = delivered.fatal.filter(|fatal| !self.has(fatal));
        self.failures.extend(fatal.map(|failure| (AT_THE_END, failure)));
    }

    /// Adds a batch that the server has acknowledged in an earlier run.
    pub(crate) fn add_skipped(&mut self, part: usize, mutations: u64, rows: u64) {
        self.count(part, mutations, rows);
        self.count_earlier(part, mutations, rows);
    }

    /// Adds the requests and the cursor of an earlier run, and the probe, which is the last batch that
    /// it has sent. Returns the number of rows that it has uploaded.
    pub(crate) fn resume(&mut self, earlier: &Checkpoint, probe: Delivered) -> u64 {
        self.requests += earlier.requests;
        self.earlier_requests = earlier.requests;
        self.cursor = self.cursor.take().max(Some(earlier.cursor.clone()));
        for (part, repeated) in &earlier.repeated {
            if let Some(Some(counts)) = self.parts.get_mut(*part) {
                counts.whole.repeated += repeated;
                counts.earlier.repeated += repeated;
            }
        }
        self.count_earlier(probe.part, probe.mutations, probe.rows);
        self.add(probe);
        self.parts.iter().flatten().map(|counts| counts.earlier.rows).sum()
    }

    fn has(&self, failure: &Failure) -> bool {
        self.failures.iter().any(|(_, known)| known.is_same_as(failure))
    }

    /// Adds a row that was rejected without being sent; `sequence` is the number of the batch that
    /// it would have been in.
    pub(crate) fn add_oversized(&mut self, part: usize, sequence: u64, failure: Failure) {
        self.count(part, 0, 1).rejected_rows += 1;
        self.failures.push((sequence, failure));
    }

    /// Adds rows that were not sent, because the application has changed them since.
    pub(crate) fn add_left_out(&mut self, part: usize, rows: u64) {
        self.count(part, 0, rows).left_out += rows;
    }

    /// The number of rows that were not sent, because the application has changed them since.
    pub(crate) fn left_out(&self) -> u64 {
        self.parts.iter().flatten().map(|counts| counts.left_out).sum()
    }

    fn count(&mut self, part: usize, mutations: u64, rows: u64) -> &mut Counts {
        let counts = self.parts[part].get_or_insert_default();
        counts.whole.mutations += mutations;
        counts.whole.rows += rows;
        counts
    }

    fn count_earlier(&mut self, part: usize, mutations: u64, rows: u64) {
        let earlier = &mut self.parts[part].get_or_insert_default().earlier;
        earlier.mutations += mutations;
        earlier.rows += rows;
    }

    /// Adds the highest cursor in the answers to other parts of the upload.
    pub(crate) fn add_cursor(&mut self, cursor: Option<Cursor>) {
        self.cursor = self.cursor.take().max(cursor);
    }

    /// Adds a failure that belongs to no batch.
    pub(crate) fn fail(&mut self, failure: impl Into<Failure>) {
        self.failures.push((AT_THE_END, failure.into()));
    }

    /// Without another failure, every planned row must have been answered: a run that cannot
    /// account for a row has not succeeded.
    pub(crate) fn check_all_answered(&mut self) {
        if !self.is_ok() {
            return;
        }
        for (part, counts) in self.plan.parts.iter().zip(&self.parts) {
            let answered = counts.map_or(0, |counts| counts.whole.rows);
            if answered != part.rows {
                let message = format!("{} rows were planned and {answered} were answered", part.rows);
                self.failures.push((AT_THE_END, Failure::internal(message)));
            }
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.failures.is_empty()
    }

    /// The highest cursor in the answers.
    pub(crate) fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// The outcome; its failures are in upload order, although batches are answered in any order.
    pub(crate) fn outcome(mut self) -> Outcome {
        let stats = self.stats();
        self.failures.sort_by_cached_key(|(sequence, _)| *sequence);
        Outcome {
            ok: self.failures.is_empty(),
            stage: Stage::All,
            cursor: self.cursor.unwrap_or_else(Cursor::zero),
            stats,
            failures: self.failures.into_iter().map(|(_, failure)| failure).collect(),
        }
    }

    fn stats(&self) -> Stats {
        let requests = self.requests - self.earlier_requests;
        let run = RunStats { requests, retries: self.retries, repeated: Some(0), ..RunStats::default() };
        let mut stats = Stats { batches: self.requests, run, ..Stats::default() };
        for (part, counts) in self.plan.parts.iter().zip(&self.parts) {
            let Some(counts) = *counts else { continue };
            let Answered { rows, mutations, repeated } = counts.whole;
            let taken = rows - counts.rejected_rows - counts.earlier.rows - counts.left_out;
            let unchanged = part.unchanged;
            let all = rows + unchanged.unwrap_or(0);
            stats.run.unchanged = match (stats.run.unchanged, unchanged) {
                (None, None) => None,
                (sum, more) => Some(sum.unwrap_or(0) + more.unwrap_or(0)),
            };
            let taken_mutations = mutations - counts.rejected_mutations - counts.earlier.mutations;
            match &part.source {
                Source::Records(source) => {
                    stats.run.records += taken;
                    let entry = RecordStats { records: all, mutations, unchanged, repeated };
                    stats.resources.push((source.name().to_owned(), entry));
                }
                Source::JoinRows(source) => {
                    stats.run.join_rows += taken;
                    let entry = JoinStats { rows: all, mutations, unchanged, repeated };
                    stats.join_stores.insert(source.name().to_owned(), entry);
                }
                Source::Deletes | Source::Extra => {
                    stats.run.deletes += taken_mutations;
                    let deletes = stats.deletes.get_or_insert_default();
                    deletes.mutations += mutations;
                    deletes.repeated += repeated;
                }
            }
            stats.run.rejected += counts.rejected_rows;
            stats.run.resumed += counts.earlier.rows;
            stats.run.mutations += taken_mutations;
            let repeated = repeated - counts.earlier.repeated;
            stats.run.repeated = stats.run.repeated.map(|sum| sum + repeated);
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::FailureKind;
    use crate::cloneup::encode::batch::Position;
    use crate::cloneup::outcome::DeleteStats;
    use crate::cloneup::plan::Part;
    use crate::protocol::{ErrorBody, MutationError};

    fn plan(rows: u64) -> Plan {
        Plan { parts: vec![Part::new(Source::Deletes, rows)], ..Plan::empty() }
    }

    fn rejected(id: &str) -> Failure {
        let error = MutationError { mutation_id: id.to_owned(), body: ErrorBody::new("X", "no", "id") };
        Failure::rejected(error, None)
    }

    fn delivered(sequence: u64, cursor: u64, failures: Vec<Failure>) -> Delivered {
        let position = Position { mutations: 0, digest: blake3::hash(b"") };
        let mut delivered = Delivered::answered(sequence, position, 2, 3);
        delivered.cursor = Some(Cursor::from(cursor));
        delivered.failures = failures;
        delivered
    }

    #[test]
    fn counts_are_sums_and_the_cursor_is_the_highest() {
        let plan = plan(6);
        let mut tally = Tally::new(&plan);
        tally.add(delivered(1, 9, Vec::new()));
        tally.add(delivered(0, 4, Vec::new()));
        tally.check_all_answered();
        let outcome = tally.outcome();
        assert!(outcome.ok, "{:?}", outcome.failures);
        assert_eq!((outcome.cursor, outcome.stats.batches), (Cursor::from(9), 2));
        assert_eq!(outcome.stats.deletes, Some(DeleteStats { mutations: 4, ..DeleteStats::default() }));
    }

    #[test]
    fn failures_are_in_upload_order_with_those_of_the_run_last() {
        let plan = plan(6);
        let mut tally = Tally::new(&plan);
        tally.fail(Failure::interrupted());
        tally.add(delivered(1, 9, vec![rejected("c")]));
        tally.add(delivered(0, 4, vec![rejected("a"), rejected("b")]));
        let outcome = tally.outcome();
        let ids: Vec<_> = outcome.failures.iter().map(|failure| &*failure.error.mutation_id).collect();
        assert_eq!(ids, ["a", "b", "c", ""]);
        assert_eq!(outcome.failure_kind(), Some(FailureKind::Interrupted));
    }

    #[test]
    fn the_error_that_ends_the_run_is_one_failure_however_many_requests_meet_it() {
        let plan = plan(6);
        let mut tally = Tally::new(&plan);
        let fatal = |message: &str, path: &str| Failure::refused(ErrorBody::new("X", message, path));
        for (sequence, failure) in [fatal("no", "a"), fatal("no", "a"), fatal("no", "b"), fatal("never", "a")]
            .into_iter()
            .enumerate()
        {
            let mut delivered = delivered(sequence as u64, 1, vec![rejected("same"), rejected("same")]);
            delivered.fatal = Some(failure);
            tally.add(delivered);
        }
        assert_eq!(tally.outcome().failures.len(), 8 + 3, "rejected mutations are never merged");
    }

    #[test]
    fn a_row_that_was_not_sent_counts_as_rejected() {
        let plan = plan(1);
        let mut tally = Tally::new(&plan);
        tally.add_oversized(0, 0, rejected(""));
        let stats = tally.outcome().stats;
        assert_eq!((stats.deletes, stats.run.rejected), (Some(DeleteStats::default()), 1));
    }

    #[test]
    fn a_planned_row_without_an_answer_is_a_failure() {
        let plan = plan(7);
        let mut tally = Tally::new(&plan);
        tally.add(delivered(0, 4, Vec::new()));
        tally.check_all_answered();
        assert_eq!(tally.outcome().failure_kind(), Some(FailureKind::Storage));
    }

    #[test]
    fn starting_over_keeps_only_the_number_of_requests() {
        let plan = plan(6);
        let mut tally = Tally::new(&plan);
        tally.add(delivered(0, 4, vec![rejected("a")]));
        tally.start_over();
        assert!(tally.is_ok() && tally.cursor().is_none());
        assert_eq!(tally.outcome().stats.batches, 1);
    }
}
