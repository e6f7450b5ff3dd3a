//! The counters of a run, kept up to date by its events. How they are shown is decided in
//! [`super::screen`] for a person and in [`super::events`] for a program.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::latency::Latencies;
use super::rate::RecentRate;
use crate::cloneup::{Event, PlannedPart};
use crate::protocol::Cursor;

/// Maximum number of codes that rejected mutations are counted by: a server can send a new one each time.
const MAX_CODES: usize = 50;

/// Rejected mutations with a code that is one too many are counted under this one.
pub(super) const OTHER_CODES: &str = "OTHER";

/// What a run is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing that can be shown.
    Starting,
    /// Rows are checked, table by table.
    Checking { name: String, checked: usize, tables: usize, rows: u64 },
    /// The plan is executed.
    Uploading,
    /// All rows are uploaded; changes are pulled.
    Finalizing,
    /// The server's feed is pulled, to compare it.
    Pulling,
    /// Everything is pulled into a new database: from which place in the server's sequence on, up to
    /// which one, and where its end is, if the server says so.
    Cloning { from: u64, at: u64, end: Option<u64> },
    /// Rows are compared with what was pulled.
    Comparing { rows: u64, total: u64 },
}

/// What is known of a run.
#[derive(Debug, Clone)]
pub(super) struct Counters {
    pub(super) stage: Stage,
    /// The parts of the plan; empty until it is made.
    pub(super) parts: Vec<PlannedPart>,
    /// The index of the part that is being uploaded, once one is.
    pub(super) part: Option<usize>,
    /// Rows of this part that are answered or skipped.
    pub(super) part_done: u64,
    /// The number of rows in the plan.
    pub(super) total: u64,
    /// Rows that are not sent, because the server has them already; `None` without a comparison.
    pub(super) unchanged: Option<u64>,
    /// Whether the plan is made: before that there is nothing to count.
    pub(super) is_planned: bool,
    /// Rows that are answered or skipped.
    pub(super) done: u64,
    /// Rows among them that an earlier run has uploaded.
    pub(super) resumed: u64,
    /// Bytes of all answered batches, before compression.
    pub(super) bytes: u64,
    /// Push requests that were sent, retries included.
    pub(super) requests: u64,
    /// Push requests that are being answered.
    pub(super) in_flight: u64,
    /// The limit on requests in flight and the reason for its last change, once there is one.
    pub(super) limit: Option<(usize, String)>,
    /// Requests that are sent again, pulls too, by the error of the try before.
    pub(super) retries: BTreeMap<Cow<'static, str>, u64>,
    /// Rejected mutations, by code.
    pub(super) rejections: BTreeMap<String, u64>,
    /// Mutations that the server had applied before.
    pub(super) repeated: u64,
    /// When finalization, the pull or the comparison of rows began.
    pub(super) stage_start: Instant,
    /// Changes that were pulled since then.
    pub(super) pulled: u64,
    /// Latencies of answered push requests.
    pub(super) latencies: Latencies,
    /// When sending began.
    pub(super) start: Instant,
    /// How long sending took, once finalization has begun.
    pub(super) uploaded_in: Option<Duration>,
    rate: RecentRate,
}

impl Counters {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            stage: Stage::Starting,
            parts: Vec::new(),
            part: None,
            part_done: 0,
            total: 0,
            unchanged: None,
            is_planned: false,
            done: 0,
            resumed: 0,
            bytes: 0,
            requests: 0,
            in_flight: 0,
            limit: None,
            retries: BTreeMap::new(),
            rejections: BTreeMap::new(),
            repeated: 0,
            stage_start: now,
            pulled: 0,
            latencies: Latencies::new(),
            start: now,
            uploaded_in: None,
            rate: RecentRate::begin(now),
        }
    }

    /// Counts an event.
    pub(super) fn note(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::Checking { name, checked, tables, rows } => {
                let (name, checked, tables, rows) = ((*name).to_owned(), *checked, *tables, *rows);
                self.stage = Stage::Checking { name, checked, tables, rows };
            }
            Event::Planned { parts } => {
                *self = Self::new(now);
                self.stage = Stage::Uploading;
                self.parts = parts.to_vec();
                self.is_planned = true;
                self.total = parts.iter().map(|part| part.rows).sum();
                let unchanged = parts.iter().filter_map(|part| part.unchanged);
                self.unchanged = unchanged.reduce(|sum, more| sum + more);
            }
            Event::PartStarted { part } => (self.part, self.part_done) = (Some(*part), 0),
            Event::Skipped { rows, .. } => {
                self.done(*rows);
                self.resumed += rows;
            }
            Event::Resumed { rows, .. } => self.resumed = *rows,
            Event::StartedOver => {
                (self.part, self.part_done, self.done, self.resumed) = (None, 0, 0, 0);
            }
            Event::RequestSent => {
                self.requests += 1;
                self.in_flight += 1;
            }
            Event::RequestEnded { elapsed, is_answered } => {
                self.in_flight = self.in_flight.saturating_sub(1);
                if *is_answered {
                    self.latencies.record(*elapsed);
                }
            }
            Event::Rejected { error, .. } => self.rejected(&error.body.code),
            Event::Answered { rows, bytes, repeated, .. } => {
                self.done(*rows);
                self.bytes += bytes;
                self.repeated += repeated;
                self.rate.record(now, self.done - self.resumed.min(self.done), self.bytes);
            }
            Event::ConcurrencyChanged { limit, reason } => self.limit = Some((*limit, (*reason).to_owned())),
            Event::Retrying { error, .. } => *self.retries.entry(error.name()).or_default() += 1,
            Event::Finalizing => {
                self.uploaded_in = Some(now.saturating_duration_since(self.start));
                self.begin(Stage::Finalizing, now);
            }
            Event::Verifying => self.begin(Stage::Pulling, now),
            Event::Pulled { changes, cursor } => {
                self.pulled += changes;
                if let (Stage::Cloning { at, .. }, Some(place)) = (&mut self.stage, cursor.and_then(place)) {
                    *at = place;
                }
            }
            Event::CloneStarted { sequence, resumed_at } => {
                let from = resumed_at.and_then(place).unwrap_or(0);
                self.begin(Stage::Cloning { from, at: from, end: sequence.and_then(place) }, now);
            }
            Event::Compared { rows, total } => {
                if !matches!(self.stage, Stage::Comparing { .. }) {
                    self.stage_start = now;
                }
                self.stage = Stage::Comparing { rows: *rows, total: *total };
            }
            Event::WaitingForServer { .. } | Event::Warning(_) | Event::Activity(_) => {}
        }
    }

    fn begin(&mut self, stage: Stage, now: Instant) {
        (self.stage, self.stage_start, self.pulled) = (stage, now, 0);
    }

    fn done(&mut self, rows: u64) {
        self.done += rows;
        self.part_done += rows;
    }

    fn rejected(&mut self, code: &str) {
        let is_known = self.rejections.contains_key(code) || self.rejections.len() < MAX_CODES;
        *self.rejections.entry(if is_known { code } else { OTHER_CODES }.to_owned()).or_default() += 1;
    }

    /// The part that is being uploaded.
    pub(super) fn current_part(&self) -> Option<&PlannedPart> {
        self.parts.get(self.part?)
    }

    /// The number of retries.
    pub(super) fn retried(&self) -> u64 {
        self.retries.values().sum()
    }

    /// The number of rejected mutations.
    pub(super) fn rejected_mutations(&self) -> u64 {
        self.rejections.values().sum()
    }

    /// Rows and bytes a second, of the last seconds; `None` when it is too early to say.
    pub(super) fn per_second(&self, now: Instant) -> Option<(f64, f64)> {
        self.rate.per_second(now, self.sent(), self.bytes)
    }

    /// The time until all rows are answered, at the rate of the last seconds; `None` when it is too early
    /// to say, or nothing moves.
    pub(super) fn time_left(&self, now: Instant) -> Option<Duration> {
        let left = self.total.saturating_sub(self.done);
        if left == 0 {
            return Some(Duration::ZERO);
        }
        if self.stage != Stage::Uploading {
            return None;
        }
        let (rows, _) = self.per_second(now)?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate needs few digits")]
        Duration::try_from_secs_f64(left as f64 / rows).ok()
    }

    /// Rows that this run has sent and got answered.
    pub(super) fn sent(&self) -> u64 {
        self.done.saturating_sub(self.resumed)
    }
}

/// A place in the server's sequence, unless it is too large to be shown.
fn place(cursor: &Cursor) -> Option<u64> {
    cursor.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::PartKind;
    use crate::protocol::{ErrorBody, MutationError};

    fn answered(rows: u64) -> Event<'static> {
        Event::Answered { part: 0, rows, bytes: 10 * rows, requests: 1, repeated: 1 }
    }

    fn planned(rows: u64, now: Instant) -> Counters {
        let parts =
            [PlannedPart { kind: PartKind::Records, name: "todos".to_owned(), rows, unchanged: None }];
        let mut counters = Counters::new(now);
        counters.note(&Event::Planned { parts: &parts }, now);
        counters.note(&Event::PartStarted { part: 0 }, now);
        counters
    }

    #[test]
    fn a_resumed_run_measures_its_rate_by_what_it_sends_itself() {
        let start = Instant::now();
        let mut counters = planned(10_000, start);
        counters.note(&Event::Skipped { part: 0, rows: 5000 }, start);
        counters.note(&answered(100), start);
        counters.note(&Event::Resumed { rows: 5100, requests: 51 }, start);
        let later = start + Duration::from_secs(10);
        counters.note(&answered(1000), later);
        assert_eq!((counters.done, counters.part_done, counters.resumed), (6100, 6100, 5100));
        assert_eq!(counters.per_second(later).map(|(rows, _)| rows), Some(100.0));
        assert_eq!(counters.time_left(later), Some(Duration::from_secs(39)));
        counters.note(&Event::StartedOver, later);
        assert_eq!((counters.done, counters.resumed, counters.total, counters.repeated), (0, 0, 10_000, 2));
    }

    #[test]
    fn the_time_left_is_unknown_while_nothing_moves_and_zero_at_the_end() {
        let start = Instant::now();
        let mut counters = planned(100, start);
        assert_eq!(counters.time_left(start + Duration::from_mins(1)), None);
        counters.note(&answered(100), start + Duration::from_secs(1));
        assert_eq!(counters.time_left(start + Duration::from_secs(1)), Some(Duration::ZERO));
    }

    #[test]
    fn the_number_of_codes_is_bounded() {
        let mut counters = planned(1, Instant::now());
        for number in 0..100 {
            let body = ErrorBody::new(&format!("CODE_{number}"), "no", "$");
            counters
                .note(&Event::Rejected { subject: None, error: &MutationError::from(body) }, counters.start);
        }
        assert_eq!((counters.rejections.len(), counters.rejected_mutations()), (MAX_CODES + 1, 100));
        assert_eq!(counters.rejections[OTHER_CODES], 100 - MAX_CODES as u64);
    }

    #[test]
    fn requests_in_flight_are_those_that_have_not_ended() {
        let mut counters = planned(1, Instant::now());
        let start = counters.start;
        let ended = |is_answered| Event::RequestEnded { elapsed: Duration::from_millis(20), is_answered };
        for event in [Event::RequestSent, Event::RequestSent, ended(false), Event::RequestSent, ended(true)] {
            counters.note(&event, start);
        }
        assert_eq!((counters.requests, counters.in_flight), (3, 1));
        assert_eq!(counters.latencies.max(), Some(Duration::from_millis(20)));
    }
}
