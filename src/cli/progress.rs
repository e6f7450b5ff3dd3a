//! What a person sees on stderr while a run works: bars on a terminal, a line now and then
//! elsewhere, and what they should know anywhere. The only file that knows indicatif.

use std::fmt::Write;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::escape::escaped;
use super::output;
use crate::cloneup::{Activity, Event, Observer, Outcome, PlannedPart};

/// Fits 80 columns: name, bar, count, rate, time left.
const PART: &str = "{prefix:<20!} {wide_bar} {human_pos}/{human_len} {rate:>9} {eta:>4}";

/// The same for everything, with bytes and what is being waited for.
const ALL: &str = "{prefix:<20!} {wide_bar} {percent:>3}% {msg} {rate:>9} {eta:>4}";

/// How often a line is written off a terminal at the most, and how long an answer may take
/// before that is said.
const INTERVAL: Duration = Duration::from_secs(10);

/// How often it is looked whether a line is due.
const LOOK: Duration = Duration::from_millis(500);

/// Shows a run.
pub(super) struct Progress(Arc<Shared>);

struct Shared {
    /// `None` off a terminal and when quiet.
    bars: Option<MultiProgress>,
    is_quiet: bool,
    state: Mutex<State>,
}

struct State {
    parts: Vec<PlannedPart>,
    /// The bar of everything, and that of the part whose turn it is.
    all: Option<ProgressBar>,
    part: Option<ProgressBar>,
    start: Instant,
    total: u64,
    done: u64,
    bytes: u64,
    retries: u64,
    /// How long the upload took, once it is being finalized.
    uploaded_in: Option<Duration>,
    pulled: u64,
    /// Whether requests may be in flight.
    is_running: bool,
    last_answer: Instant,
    /// What the run does, and since when.
    activity: Option<(Activity, Instant)>,
    last_line: Instant,
    has_told_silence: bool,
}

impl Progress {
    /// Bars on a terminal, unless `is_quiet`.
    pub(super) fn new(is_quiet: bool) -> Self {
        let wants_bars = !is_quiet && std::io::stderr().is_terminal();
        let now = Instant::now();
        let state = State {
            parts: Vec::new(),
            all: None,
            part: None,
            start: now,
            total: 0,
            done: 0,
            bytes: 0,
            retries: 0,
            uploaded_in: None,
            pulled: 0,
            is_running: false,
            last_answer: now,
            activity: None,
            last_line: now,
            has_told_silence: false,
        };
        let bars = wants_bars.then(MultiProgress::new);
        let shared = Arc::new(Shared { bars, is_quiet, state: Mutex::new(state) });
        if !is_quiet {
            let weak = Arc::downgrade(&shared);
            std::thread::spawn(move || watch(&weak));
        }
        Self(shared)
    }

    /// A line that does not disturb the bars.
    pub(super) fn say(&self, text: &str) {
        self.0.say(text);
    }

    /// Takes the bars away and sums the run up.
    pub(super) fn finish(&self, outcome: &Outcome) {
        let (elapsed, uploaded_in, bytes, retries) = {
            let mut state = self.0.state();
            state.clear();
            let elapsed = state.start.elapsed();
            (elapsed, state.uploaded_in.unwrap_or(elapsed), state.bytes, state.retries)
        };
        let stats = &outcome.stats;
        let records: u64 = stats.resources.iter().map(|(_, stats)| stats.records).sum();
        let rows: u64 = stats.join_stores.values().map(|stats| stats.rows).sum();
        if !outcome.ok && stats.batches == 0 {
            self.say("nothing was sent");
            return;
        }
        let verb = if outcome.ok { "uploaded" } else { "failed after" };
        let mut text = format!("{verb} {} records, {} join rows", HumanCount(records), HumanCount(rows));
        let mut add = |part: String| text.push_str(&part);
        if let Some(deletes) = stats.deletes {
            add(format!(", {} deletes", HumanCount(deletes.mutations)));
        }
        add(format!(" in {} requests", HumanCount(stats.batches)));
        if retries > 0 {
            add(format!(", {} of them retries", HumanCount(retries)));
        }
        add(format!(", {:.1} s", elapsed.as_secs_f64()));
        if bytes > 0 {
            add(format!(" ({}, {:.0} rows/s)", HumanBytes(bytes), per_second(records + rows, uploaded_in)));
        }
        self.say(&text);
    }
}

fn per_second(count: u64, elapsed: Duration) -> f64 {
    // A run has far fewer rows than a double can count.
    let count = u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    count / elapsed.as_secs_f64().max(0.001)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole after a panic elsewhere: every change of it is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, text: &str) {
        if self.is_quiet {
            return;
        }
        match &self.bars {
            Some(bars) => bars.suspend(|| output::line(text)),
            None => output::line(text),
        }
    }

    /// What is due: a line off a terminal, or word of a server that is silent.
    fn look(&self) {
        let mut lines = Vec::new();
        {
            let mut state = self.state();
            if let Some(line) = state.long_wait().filter(|_| !state.has_told_silence) {
                state.has_told_silence = true;
                lines.push(line);
            }
            if state.is_running && self.bars.is_none() && state.last_line.elapsed() >= INTERVAL {
                state.last_line = Instant::now();
                lines.push(state.summary());
            }
        }
        for line in lines {
            self.say(&line);
        }
    }
}

impl State {
    fn clear(&mut self) {
        self.is_running = false;
        self.activity = None;
        for bar in [self.part.take(), self.all.take()].into_iter().flatten() {
            bar.finish_and_clear();
        }
    }

    /// What the run has been waiting for longer than [`INTERVAL`]: the server, or its own work.
    fn long_wait(&self) -> Option<String> {
        let (activity, since) = self.activity?;
        let since = if activity == Activity::AwaitingAnswers { since.max(self.last_answer) } else { since };
        let seconds = INTERVAL.as_secs();
        (since.elapsed() >= INTERVAL).then(|| match activity {
            Activity::Preparing { part } => {
                let name = self.parts.get(part).map_or("the next part", |part| &part.name);
                format!("reading and sorting the rows of {} for {seconds} s; still busy", escaped(name))
            }
            Activity::Checking => format!("reading and checking the database for {seconds} s; still busy"),
            Activity::WritingChanges => format!("writing pulled changes for {seconds} s; still busy"),
            Activity::Comparing => format!("comparing the database for {seconds} s; still busy"),
            _ => format!("no answer from the server for {seconds} s; still waiting"),
        })
    }

    fn summary(&self) -> String {
        if self.uploaded_in.is_some() {
            return format!("all rows are uploaded; {} changes pulled so far", HumanCount(self.pulled));
        }
        format!(
            "{} of {} rows, {}, {:.0} rows/s",
            HumanCount(self.done),
            HumanCount(self.total),
            HumanBytes(self.bytes),
            per_second(self.done, self.start.elapsed())
        )
    }

    fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Planned { parts } => {
                self.parts = parts.to_vec();
                self.total = parts.iter().map(|part| part.rows).sum();
                self.start = Instant::now();
                self.last_answer = self.start;
                self.last_line = self.start;
                (self.done, self.bytes, self.retries, self.pulled) = (0, 0, 0, 0);
                self.uploaded_in = None;
                self.activity = None;
                self.is_running = true;
            }
            Event::Answered { rows, bytes, .. } => {
                self.done += rows;
                self.bytes += bytes;
                self.last_answer = Instant::now();
                self.has_told_silence = false;
                for bar in [&self.part, &self.all].into_iter().flatten() {
                    bar.inc(*rows);
                }
                self.tell(None);
            }
            Event::Retrying { retry, wait, .. } => {
                self.retries += 1;
                // The server has answered, if only with an error; its pause is no silence.
                self.last_answer = Instant::now() + *wait;
                self.tell(Some(&format!("retry {retry}")));
            }
            Event::Finalizing => {
                self.uploaded_in = Some(self.start.elapsed());
                self.tell(Some("finalizing"));
            }
            Event::Pulled { changes } => {
                self.last_answer = Instant::now();
                self.pulled += changes;
                self.tell(Some(&format!("pulled {}", HumanCount(self.pulled))));
            }
            Event::Activity(activity) => {
                self.activity = Some((*activity, Instant::now()));
                self.has_told_silence = false;
            }
            Event::PartStarted { .. } | Event::ConcurrencyChanged { .. } | Event::Warning(_) => {}
        }
    }

    /// What stands beside the bar of everything.
    fn tell(&self, waiting: Option<&str>) {
        if let Some(all) = &self.all {
            let bytes = HumanBytes(self.bytes).to_string();
            all.set_message(waiting.map_or(bytes, str::to_owned));
        }
    }
}

fn bar(bars: &MultiProgress, template: &str, name: &str, length: u64) -> ProgressBar {
    // A template that is wrong would fail every test that shows a bar.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(length)
        .with_style(style.progress_chars("=> ").with_key("rate", rate))
        .with_prefix(escaped(name).into_owned());
    let bar = bars.add(bar);
    bar.enable_steady_tick(LOOK);
    bar
}

/// Looks now and then until the run is over.
fn watch(shared: &Weak<Shared>) {
    while let Some(shared) = shared.upgrade() {
        shared.look();
        drop(shared);
        std::thread::sleep(LOOK);
    }
}

fn rate(state: &ProgressState, out: &mut dyn Write) {
    // What cannot be written is not shown.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
        let shared = &self.0;
        {
            let mut state = shared.state();
            state.note(event);
            if let Some(bars) = &shared.bars {
                match event {
                    Event::Planned { .. } => {
                        state.all = Some(bar(bars, ALL, "everything", state.total));
                    }
                    Event::PartStarted { part } => {
                        if let Some(before) = state.part.take() {
                            before.finish_and_clear();
                        }
                        let next = state.parts.get(*part).cloned();
                        state.part = next.map(|part| bar(bars, PART, &part.name, part.rows));
                    }
                    _ => {}
                }
            }
        }
        match event {
            Event::Warning(message) => self.say(&format!("warning: {}", escaped(message))),
            Event::Retrying { retry, max_retries, wait, reason } => self.say(&format!(
                "retry {retry} of {max_retries} in {:.1} s: {}",
                wait.as_secs_f64(),
                escaped(reason)
            )),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::PartKind;

    #[test]
    fn a_long_wait_is_reported_as_the_servers_only_while_a_request_is_in_flight() {
        let progress = Progress::new(true);
        let part = PlannedPart { kind: PartKind::Records, name: "nodes".to_owned(), rows: 9 };
        progress.on(&Event::Planned { parts: &[part] });
        let mut state = progress.0.state();
        assert_eq!(state.long_wait(), None);
        let before = Instant::now().checked_sub(INTERVAL).unwrap();
        state.last_answer = before;
        for (activity, expected) in [
            (Activity::AwaitingAnswers, "no answer from the server for 10 s; still waiting"),
            (Activity::Preparing { part: 0 }, "reading and sorting the rows of nodes for 10 s; still busy"),
            (Activity::Checking, "reading and checking the database for 10 s; still busy"),
            (Activity::WritingChanges, "writing pulled changes for 10 s; still busy"),
            (Activity::Comparing, "comparing the database for 10 s; still busy"),
        ] {
            state.activity = Some((activity, Instant::now()));
            assert_eq!(state.long_wait(), None, "{activity:?} has just begun");
            state.activity = Some((activity, before));
            assert_eq!(state.long_wait().as_deref(), Some(expected));
        }
        // An answer, or the pause before a retry, is no silence.
        state.activity = Some((Activity::AwaitingAnswers, before));
        state.last_answer = Instant::now();
        assert_eq!(state.long_wait(), None);
    }
}
