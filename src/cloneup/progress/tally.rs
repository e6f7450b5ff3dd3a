//! The one owner of the counts: takes in every delivery and makes the result of it.

use crate::cloneup::outcome::{
    DeleteStats, End, JoinStats, Outcome, RecordStats, Rejected, Stats, interrupted,
};
use crate::cloneup::plan::make::{Plan, Source};
use crate::cloneup::send::batch_sender::{Delivery, Fatal};
use crate::offline::OfflineError;
use crate::protocol::{Cursor, ErrorBody, MutationError, ROOT_PATH, code};

/// What has been answered so far.
#[derive(Debug)]
pub(crate) struct Tally<'a> {
    plan: &'a Plan,
    /// By index in the plan; `None` until the part's turn has come.
    parts: Vec<Option<Counts>>,
    batches: u64,
    cursor: Option<Cursor>,
    /// With the place in upload order of the batch they belong to.
    errors: Vec<(u64, MutationError)>,
    /// Likewise, with what they are about.
    rejected: Vec<(u64, Rejected)>,
    /// Errors that belong to no mutation, and how the run ends through them.
    fatal: Vec<(End, ErrorBody)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    rows: u64,
    mutations: u64,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let parts = vec![None; plan.parts.len()];
        Self {
            plan,
            parts,
            batches: 0,
            cursor: None,
            errors: Vec::new(),
            rejected: Vec::new(),
            fatal: Vec::new(),
        }
    }

    /// Forgets everything but the requests that were sent: the upload begins anew.
    pub(crate) fn start_over(&mut self) {
        *self = Self { batches: self.batches, ..Self::new(self.plan) };
    }

    /// Requests whose answers do not count.
    pub(crate) fn add_requests(&mut self, requests: u64) {
        self.batches += requests;
    }

    /// A part's turn has come.
    pub(crate) fn start(&mut self, part: usize) {
        self.parts[part].get_or_insert_default();
    }

    /// A batch is done.
    pub(crate) fn add(&mut self, delivery: Delivery) {
        let counts = self.parts[delivery.part].get_or_insert_default();
        counts.rows += delivery.rows;
        counts.mutations += delivery.mutations;
        self.batches += delivery.requests;
        self.cursor = self.cursor.take().max(delivery.cursor);
        self.errors.extend(delivery.errors.into_iter().map(|error| (delivery.sequence, error)));
        self.rejected.extend(delivery.rejected.into_iter().map(|rejected| (delivery.sequence, rejected)));
        match delivery.fatal {
            Some(Fatal::Remote(body)) => self.fail(End::Remote, body),
            Some(Fatal::Refused(body)) => self.fail(End::Rejected, body),
            None => {}
        }
    }

    /// A batch that an earlier run had acknowledged.
    pub(crate) fn add_skipped(&mut self, part: usize, mutations: u64, rows: u64) {
        let counts = self.parts[part].get_or_insert_default();
        counts.mutations += mutations;
        counts.rows += rows;
    }

    /// What an earlier run had come to.
    pub(crate) fn add_earlier(&mut self, requests: u64, cursor: Cursor) {
        self.batches += requests;
        self.cursor = self.cursor.take().max(Some(cursor));
    }

    /// An error that belongs to no mutation.
    pub(crate) fn fail(&mut self, end: End, body: ErrorBody) {
        self.fatal.push((end, body));
    }

    /// The offline database failed, or a row cannot be uploaded.
    pub(crate) fn fail_offline(&mut self, error: &OfflineError) {
        self.fail(end_of(error), error.report());
    }

    /// Somebody asked the run to stop.
    pub(crate) fn cancel(&mut self) {
        let (end, body) = interrupted();
        self.fail(end, body);
    }

    /// Everything that was planned must have been answered when no error says otherwise;
    /// whatever the reason, a run that cannot account for a row has not succeeded.
    pub(crate) fn check_ledger(&mut self) {
        if !self.is_ok() {
            return;
        }
        for (part, counts) in self.plan.parts.iter().zip(&self.parts) {
            let answered = counts.unwrap_or_default().rows;
            if answered != part.rows {
                let message = format!("{} rows were planned and {answered} were answered", part.rows);
                self.fatal.push((End::Storage, ErrorBody::new(code::INTERNAL, message, ROOT_PATH)));
            }
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.errors.is_empty() && self.fatal.is_empty()
    }

    /// The highest cursor in the answers.
    pub(crate) fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// The result.
    pub(crate) fn outcome(mut self) -> Outcome {
        let end = self.end();
        let stats = self.stats();
        // Batches are answered in any order; the result has the upload's.
        self.errors.sort_by_key(|(sequence, _)| *sequence);
        self.rejected.sort_by_key(|(sequence, _)| *sequence);
        let errors = self.errors.into_iter().map(|(_, error)| error);
        let fatal = self.fatal.into_iter().map(|(_, body)| MutationError::from(body));
        Outcome {
            ok: end == End::Success,
            cursor: self.cursor.unwrap_or_default(),
            stats,
            errors: errors.chain(fatal).collect(),
            rejected: self.rejected.into_iter().map(|(_, rejected)| rejected).collect(),
            end,
        }
    }

    /// The gravest end decides.
    fn end(&self) -> End {
        let gravest = [End::Interrupted, End::Storage, End::Invalid, End::Remote];
        let happened = |end: &End| self.fatal.iter().any(|(other, _)| other == end);
        match gravest.into_iter().find(happened) {
            Some(end) => end,
            None if self.is_ok() => End::Success,
            None => End::Rejected,
        }
    }

    fn stats(&self) -> Stats {
        let mut stats = Stats { batches: self.batches, ..Stats::default() };
        for (part, counts) in self.plan.parts.iter().zip(&self.parts) {
            let Some(Counts { rows, mutations }) = *counts else { continue };
            match &part.source {
                Source::Records(source) => {
                    let entry = RecordStats { records: rows, mutations };
                    stats.resources.push((source.name().to_owned(), entry));
                }
                Source::JoinRows(source) => {
                    stats.join_stores.insert(source.name().to_owned(), JoinStats { rows, mutations });
                }
                Source::Deletes => stats.deletes = Some(DeleteStats { mutations }),
            }
        }
        stats
    }
}

/// How a run ends through an error of the offline database.
pub(crate) fn end_of(error: &OfflineError) -> End {
    match error {
        OfflineError::Data { .. } => End::Invalid,
        OfflineError::Interrupted => End::Interrupted,
        OfflineError::Storage { .. } | OfflineError::Stopped => End::Storage,
    }
}
