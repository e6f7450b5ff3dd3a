//! The counters of a run of several databases, kept up to date by the events of each. How they are shown is
//! decided in [`super::screen`] for a person and in [`super::events`] for a program.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::cli::output::counters::Counters;
use crate::cli::output::rate::RecentRate;
use crate::cli::output::summary::Measured;
use crate::cloneup::{Event, Outcome};

/// What is known of the run.
#[derive(Debug)]
pub(super) struct DatabasesCounters {
    /// The number of databases.
    pub(super) total: u64,
    /// Those that were uploaded.
    pub(super) done: u64,
    /// Those whose upload has failed.
    pub(super) failed: u64,
    /// Those under way, by their place among all.
    pub(super) under_way: BTreeMap<usize, Counters>,
    /// The sums of those that have ended.
    ended: Sums,
    start: Instant,
    /// Rows and bytes.
    rate: RecentRate,
    /// Databases that have ended.
    database_rate: RecentRate,
}

/// Counts over several databases.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// Rows that were sent and answered.
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) retries: u64,
    pub(super) rejected: u64,
    pulled: u64,
    /// The names of the errors after which requests were sent again.
    retried_after: BTreeSet<Cow<'static, str>>,
}

impl Sums {
    fn add(&mut self, counters: &Counters) {
        self.rows += counters.sent();
        self.bytes += counters.bytes;
        self.retries += counters.retried();
        self.rejected += counters.rejected_mutations();
        self.pulled += counters.pulled;
        self.retried_after.extend(counters.retries.keys().cloned());
    }
}

impl DatabasesCounters {
    pub(super) fn new(total: usize, now: Instant) -> Self {
        Self {
            total: total as u64,
            done: 0,
            failed: 0,
            under_way: BTreeMap::new(),
            ended: Sums::default(),
            start: now,
            rate: RecentRate::begin(now),
            database_rate: RecentRate::begin(now),
        }
    }

    pub(super) fn begin(&mut self, index: usize, now: Instant) {
        self.under_way.insert(index, Counters::new(now));
    }

    /// Counts an event of a database.
    pub(super) fn note(&mut self, index: usize, event: &Event<'_>, now: Instant) {
        if let Some(counters) = self.under_way.get_mut(&index) {
            counters.note(event, now);
        }
        if let Event::Answered { .. } = event {
            let sums = self.sums();
            self.rate.record(now, sums.rows, sums.bytes);
        }
    }

    /// The upload of a database has ended, or was not begun: then it is neither done nor failed.
    pub(super) fn end(&mut self, index: usize, outcome: &Outcome, now: Instant) {
        let Some(counters) = self.under_way.remove(&index) else { return };
        self.ended.add(&counters);
        if outcome.ok {
            self.done += 1;
        } else {
            self.failed += 1;
        }
        self.database_rate.record(now, self.done + self.failed, 0);
    }

    /// The sums of all databases, those under way too.
    pub(super) fn sums(&self) -> Sums {
        let mut sums = self.ended.clone();
        self.under_way.values().for_each(|counters| sums.add(counters));
        sums
    }

    /// Rows and bytes a second, of the last seconds; `None` when it is too early to say.
    pub(super) fn per_second(&self, sums: &Sums, now: Instant) -> Option<(f64, f64)> {
        self.rate.per_second(now, sums.rows, sums.bytes)
    }

    /// The time until all databases have ended, at the rate of the last seconds; `None` when it is too
    /// early to say, or none ends.
    pub(super) fn time_left(&self, now: Instant) -> Option<Duration> {
        let ended = self.done + self.failed;
        let (databases, _) = self.database_rate.per_second(now, ended, 0)?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate needs few digits")]
        Duration::try_from_secs_f64(self.total.saturating_sub(ended) as f64 / databases).ok()
    }

    /// What the summary says beside the results.
    pub(super) fn measured(&self) -> Measured {
        let Sums { bytes, pulled, retried_after, .. } = self.sums();
        let elapsed = self.start.elapsed();
        Measured {
            elapsed,
            uploaded_in: elapsed,
            pulled,
            bytes,
            retries: retried_after.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::{Failure, PartKind, PlannedPart};

    #[test]
    fn databases_are_done_failed_or_under_way_and_their_rows_are_added_up() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut counters = DatabasesCounters::new(10, start);
        let parts =
            [PlannedPart { kind: PartKind::Records, name: "todos".to_owned(), rows: 100, unchanged: None }];
        for index in [0, 1, 2] {
            counters.begin(index, start);
            counters.note(index, &Event::Planned { parts: &parts }, start);
            let answered = Event::Answered { part: 0, rows: 50, bytes: 500, requests: 1, repeated: 0 };
            counters.note(index, &answered, at(1));
        }
        let done = Outcome { ok: true, ..Outcome::failed(Vec::new()) };
        counters.end(0, &done, at(2));
        counters.end(1, &Outcome::failed(vec![Failure::internal("x")]), at(2));
        // Not begun.
        counters.end(9, &Outcome::failed(vec![Failure::not_begun()]), at(2));
        assert_eq!((counters.done, counters.failed, counters.under_way.len()), (1, 1, 1));
        let sums = counters.sums();
        assert_eq!((sums.rows, sums.bytes), (150, 1500));
        assert_eq!(counters.per_second(&sums, at(2)), Some((75.0, 750.0)));
        assert_eq!(counters.time_left(at(2)), Some(Duration::from_secs(8)));
        assert_eq!(counters.time_left(start), None);
    }
}
