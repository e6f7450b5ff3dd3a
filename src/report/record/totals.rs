//! The counts of several runs together.

use std::collections::BTreeMap;

use super::run::{End, Run};

/// Maximum number of names that are counted by: more than one run has.
const MAX_NAMES: usize = 60;

/// What is over is counted under this name.
const OTHER: &str = "OTHER";

/// Sums over runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::report) struct Totals {
    pub(in crate::report) runs: u64,
    pub(in crate::report) applied: u64,
    /// Rows that are answered or skipped, and all rows.
    pub(in crate::report) done: u64,
    pub(in crate::report) total: u64,
    /// Rows among `done` that earlier runs have uploaded.
    pub(in crate::report) resumed: u64,
    pub(in crate::report) bytes: u64,
    pub(in crate::report) requests: u64,
    pub(in crate::report) rejected: u64,
    pub(in crate::report) repeated: u64,
    pub(in crate::report) unchanged: u64,
    pub(in crate::report) pulled: u64,
    pub(in crate::report) retries: BTreeMap<String, u64>,
    pub(in crate::report) rejections: BTreeMap<String, u64>,
    /// From the beginning of the first to the end of the last one, in milliseconds since the Unix epoch.
    pub(in crate::report) from: u64,
    pub(in crate::report) to: u64,
}

impl Totals {
    pub(in crate::report) fn of<'r>(runs: impl IntoIterator<Item = &'r Run>) -> Self {
        let mut totals = Self { from: u64::MAX, ..Self::default() };
        for run in runs {
            totals.add(run);
        }
        totals.from = totals.from.min(totals.to);
        totals
    }

    fn add(&mut self, run: &Run) {
        self.runs += 1;
        self.applied += u64::from(matches!(run.end, End::Applied(_)));
        (self.from, self.to) = (self.from.min(run.began()), self.to.max(run.last));
        let Some(counts) = &run.counts else { return };
        for (sum, count) in [
            (&mut self.done, counts.done),
            (&mut self.total, counts.total),
            (&mut self.resumed, counts.resumed),
            (&mut self.bytes, counts.bytes),
            (&mut self.requests, counts.requests),
            (&mut self.rejected, counts.rejected),
            (&mut self.repeated, counts.repeated),
            (&mut self.unchanged, counts.unchanged.unwrap_or(0)),
            (&mut self.pulled, counts.pulled),
        ] {
            *sum = sum.saturating_add(count);
        }
        for (sums, counts) in
            [(&mut self.retries, &counts.retries), (&mut self.rejections, &counts.rejections)]
        {
            for (name, count) in counts {
                let is_known = sums.contains_key(name) || sums.len() < MAX_NAMES;
                let sum = sums.entry(if is_known { name.as_str() } else { OTHER }.to_owned()).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
    }

    /// How many requests were sent again.
    pub(in crate::report) fn retried(&self) -> u64 {
        self.retries.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}
