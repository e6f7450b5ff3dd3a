//! A run, made of its events one by one: the same whether they come from a file or from the run itself.

use super::limits::Limits;
use super::series::{Interval, Series};
use crate::mutation::Shard;
use crate::report::event::{
    Applied, Errors, Event, Part, Progress, Rejected, Resumed, RunCounts, Stage, Started, What,
};

/// Maximum number of rejected mutations that are kept; all of them are counted.
pub(crate) const MAX_REJECTED: usize = 50;

/// What is known of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    /// The shard that it uploads, if it is one.
    pub(crate) shard: Option<Shard>,
    /// The database, where it is one of several.
    pub(crate) database: Option<String>,
    /// The time of the first and of the last event, in milliseconds since the Unix epoch.
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) started: Option<Started>,
    /// When sending began.
    pub(crate) sending_since: Option<u64>,
    pub(crate) resumed: Option<Resumed>,
    /// Whether an earlier run could not be continued.
    pub(crate) is_restarted: bool,
    /// The last counts.
    pub(crate) counts: Option<RunCounts>,
    /// When everything was uploaded and something else began, as the counts say it.
    pub(crate) uploaded_at: Option<u64>,
    pub(in crate::report) limits: Limits,
    /// The first ones.
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) end: End,
    /// The index of the part that is being uploaded, and its rows that are answered.
    part: Option<(usize, u64)>,
    series: Series,
}

/// How a run has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// It has not, as far as its events go.
    Missing {
        /// Whether the last line is cut off.
        is_cut: bool,
    },
    Applied(Applied),
    Failed(Errors),
}

/// How far a part of the plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) struct PartState<'r> {
    pub(in crate::report) part: &'r Part,
    /// Rows that are answered or skipped.
    pub(in crate::report) done: u64,
}

impl Run {
    /// A run that begins with this event.
    pub(crate) fn new(event: &Event) -> Self {
        let mut run = Self {
            shard: event.shard,
            database: event.database.clone(),
            first: event.timestamp_ms,
            last: event.timestamp_ms,
            started: None,
            sending_since: None,
            resumed: None,
            is_restarted: false,
            counts: None,
            uploaded_at: None,
            limits: Limits::default(),
            rejected: Vec::new(),
            end: End::Missing { is_cut: false },
            part: None,
            series: Series::new(),
        };
        run.add(event);
        run
    }

    /// Adds the next event.
    pub(crate) fn add(&mut self, event: &Event) {
        let at = event.timestamp_ms;
        self.last = self.last.max(at);
        match &event.what {
            What::Started(started) => {
                (self.started, self.sending_since) = (Some(started.clone()), Some(at));
            }
            What::Resumed(resumed) => self.resumed = Some(*resumed),
            What::Restarted => (self.is_restarted, self.resumed) = (true, None),
            What::Concurrency(change) => self.limits.add(at, change),
            What::Rejected(rejected) if self.rejected.len() < MAX_REJECTED => {
                self.rejected.push(rejected.clone());
            }
            What::Progress(progress) => self.progress(at, progress),
            What::Applied(applied) => self.end = End::Applied(applied.clone()),
            What::Failed(errors) => self.end = End::Failed(errors.clone()),
            What::Rejected(_) | What::Other => {}
        }
    }

    fn progress(&mut self, at: u64, progress: &Progress) {
        self.series.add(at, progress);
        if self.uploaded_at.is_none() && progress.stage != Stage::Upload {
            self.uploaded_at = Some(at);
        }
        self.part = progress.part.as_deref().and_then(|name| Some((self.part_named(name)?, progress.done)));
        self.counts = Some(progress.run.clone());
    }

    /// The index of a part. After a new beginning, the search begins anew.
    fn part_named(&self, name: &str) -> Option<usize> {
        let parts = self.started.as_ref()?.parts.as_slice();
        let from = self.part.map_or(0, |(index, _)| index);
        let find = |from: usize| parts[from..].iter().position(|part| part.name == name).map(|at| from + at);
        find(from.min(parts.len())).or_else(|| find(0))
    }

    /// Whether it has an event at its end.
    pub(crate) fn has_ended(&self) -> bool {
        !matches!(self.end, End::Missing { .. })
    }

    /// The last line of its file is cut off.
    pub(super) fn cut(&mut self) {
        if let End::Missing { is_cut } = &mut self.end {
            *is_cut = true;
        }
    }

    /// The parts of the plan, with what is answered of each.
    pub(in crate::report) fn parts(&self) -> Vec<PartState<'_>> {
        let is_all = matches!(self.end, End::Applied(_));
        let parts = self.started.iter().flat_map(|started| &started.parts).enumerate();
        let state = |(index, part): (usize, &'_ Part)| match self.part {
            _ if is_all => part.rows,
            Some((current, _)) if index < current => part.rows,
            Some((current, done)) if index == current => done,
            _ => 0,
        };
        parts.map(|(index, part)| PartState { part, done: state((index, part)) }).collect()
    }

    /// What happened over time, in at most `max` intervals.
    pub(in crate::report) fn intervals(&self, max: usize) -> Vec<Interval> {
        self.series.intervals(max)
    }

    /// When the command began, in milliseconds since the Unix epoch, and how long it took.
    pub(crate) fn began(&self) -> u64 {
        self.started.as_ref().and_then(|started| started.began).unwrap_or(self.first).min(self.first)
    }

    /// How long it took, in milliseconds.
    pub(crate) fn took(&self) -> u64 {
        self.last.saturating_sub(self.began())
    }

    /// How long sending took, in milliseconds.
    pub(crate) fn sending_took(&self) -> u64 {
        let since = self.sending_since.unwrap_or(self.first);
        let sending = self.counts.as_ref().and_then(|counts| counts.sending_ms);
        sending.unwrap_or_else(|| self.uploaded_at.unwrap_or(self.last).saturating_sub(since))
    }
}
