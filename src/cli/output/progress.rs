//! Progress of a run on stderr, for a person: bars on a terminal, a line every 10 seconds elsewhere;
//! warnings and retries in both cases. The only file that knows indicatif. The events for programs are
//! in [`super::events`].

use std::fmt::Write;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::escape::escaped;
use super::print::line;
use super::retries::RetryLines;
use super::waiting::Waiting;
use crate::cloneup::{Event, Observer, Outcome, PlannedPart, Stage, Stats};

/// Fits 80 columns: name, bar, count, rate, time left.
const PART: &str = "{prefix:<20!} {wide_bar} {human_pos}/{human_len} {rate:>9} {eta:>4}";

/// The same for the whole upload, with its bytes, or what the run does now.
const ALL: &str = "{prefix:<20!} {wide_bar} {percent:>3}% {msg} {rate:>9} {eta:>4}";

/// Minimum time between two progress lines outside of a terminal, and the time without an answer after
/// which that is reported.
const INTERVAL: Duration = Duration::from_secs(10);

/// How often the watching thread checks whether a line is due.
const TICK: Duration = Duration::from_millis(500);

/// Shows the progress of a run.
pub(in crate::cli) struct Progress(Arc<Shared>);

struct Shared {
    /// `None` outside of a terminal and with `--quiet`.
    bars: Option<MultiProgress>,
    is_quiet: bool,
    run: Mutex<Run>,
}

/// What is known of the run.
struct Run {
    parts: Vec<PlannedPart>,
    /// The bar of the whole upload.
    all: Option<ProgressBar>,
    /// The bar of the part that is being uploaded.
    part: Option<ProgressBar>,
    start: Instant,
    total: u64,
    done: u64,
    bytes: u64,
    retry_lines: RetryLines,
    /// How long the upload took, once its finalization has begun.
    uploaded_in: Option<Duration>,
    pulled: u64,
    /// Whether requests can be in flight.
    is_running: bool,
    waiting: Waiting,
    last_line: Instant,
}

impl Progress {
    /// Bars on a terminal, lines elsewhere, nothing if `is_quiet`.
    pub(in crate::cli) fn new(is_quiet: bool) -> Self {
        let wants_bars = !is_quiet && std::io::stderr().is_terminal();
        let now = Instant::now();
        let run = Run {
            parts: Vec::new(),
            all: None,
            part: None,
            start: now,
            total: 0,
            done: 0,
            bytes: 0,
            retry_lines: RetryLines::default(),
            uploaded_in: None,
            pulled: 0,
            is_running: false,
            waiting: Waiting::new(now),
            last_line: now,
        };
        let bars = wants_bars.then(MultiProgress::new);
        let shared = Arc::new(Shared { bars, is_quiet, run: Mutex::new(run) });
        if !is_quiet {
            let weak = Arc::downgrade(&shared);
            std::thread::spawn(move || watch(&weak));
        }
        Self(shared)
    }

    /// Prints a line above the bars, unless the run is quiet.
    pub(in crate::cli) fn say(&self, text: &str) {
        self.0.say(text);
    }

    /// Removes the bars and prints a summary of the run.
    pub(in crate::cli) fn finish(&self, outcome: &Outcome) {
        let (elapsed, uploaded_in, bytes, pulled) = {
            let mut run = self.0.run();
            run.clear();
            for line in run.retry_lines.finish() {
                self.0.say(&line);
            }
            let elapsed = run.start.elapsed();
            (elapsed, run.uploaded_in.unwrap_or(elapsed), run.bytes, run.pulled)
        };
        let stats = &outcome.stats;
        let records: u64 = stats.resources.iter().map(|(_, stats)| stats.records).sum();
        let rows: u64 = stats.join_stores.values().map(|stats| stats.rows).sum();
        if outcome.stage == Stage::Finalize {
            let verb = if outcome.ok { "finalized" } else { "not finalized" };
            self.say(&format!(
                "{verb}, {} pulled, {:.1} s",
                counted(pulled, "change"),
                elapsed.as_secs_f64()
            ));
            return;
        }
        if !outcome.ok && stats.batches == 0 {
            self.say("nothing was sent");
            return;
        }
        let verb = if outcome.ok { "uploaded" } else { "failed after" };
        let [no_record, no_row, no_delete] = rejected(stats);
        let mut text = format!(
            "{verb} {}, {}",
            counted(records - no_record, "record"),
            counted(rows - no_row, "join row")
        );
        let mut add = |part: String| text.push_str(&part);
        if let Some(deletes) = stats.deletes {
            add(format!(", {}", counted(deletes.mutations - no_delete, "delete")));
        }
        let rejected = no_record + no_row + no_delete;
        if rejected > 0 {
            add(format!(", {} rejected", HumanCount(rejected)));
        }
        add(format!(" in {}", counted(stats.batches, "request")));
        match stats.retries {
            0 => {}
            1 => add(", 1 of them a retry".to_owned()),
            _ => add(format!(", {} of them retries", HumanCount(stats.retries))),
        }
        add(format!(", {:.1} s", elapsed.as_secs_f64()));
        if bytes > 0 {
            add(format!(" ({}, {:.0} rows/s)", HumanBytes(bytes), per_second(records + rows, uploaded_in)));
        }
        self.say(&text);
    }
}

/// How many records, join rows and deletes the server rejected.
fn rejected(stats: &Stats) -> [u64; 3] {
    [
        stats.resources.iter().map(|(_, stats)| stats.rejected).sum(),
        stats.join_stores.values().map(|stats| stats.rejected).sum(),
        stats.deletes.map_or(0, |stats| stats.rejected),
    ]
}

/// A number of things: `1 record`, `2,000 records`.
fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", HumanCount(count), if count == 1 { "" } else { "s" })
}

fn per_second(count: u64, elapsed: Duration) -> f64 {
    // Above that the rate is a lower bound, which is precise enough for a summary.
    let count = u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    count / elapsed.as_secs_f64().max(0.001)
}

impl Shared {
    fn run(&self) -> MutexGuard<'_, Run> {
        // A panic while the lock is held leaves counts that are only shown.
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, text: &str) {
        if self.is_quiet {
            return;
        }
        match &self.bars {
            Some(bars) => bars.suspend(|| line(text)),
            None => line(text),
        }
    }

    /// Prints what is due: a progress line outside of a terminal, or that the server does not answer.
    fn tick(&self) {
        let mut lines = Vec::new();
        {
            let mut run = self.run();
            let Run { waiting, parts, .. } = &mut *run;
            lines.extend(waiting.due(parts, Instant::now()));
            if run.is_running && self.bars.is_none() && run.last_line.elapsed() >= INTERVAL {
                run.last_line = Instant::now();
                lines.push(run.summary());
            }
            lines.extend(run.retry_lines.due(Instant::now()));
        }
        for line in lines {
            self.say(&line);
        }
    }
}

impl Run {
    fn clear(&mut self) {
        self.is_running = false;
        self.waiting.end();
        for bar in [self.part.take(), self.all.take()].into_iter().flatten() {
            bar.finish_and_clear();
        }
    }

    fn summary(&self) -> String {
        if self.uploaded_in.is_some() {
            return format!("all rows are uploaded; {} pulled so far", counted(self.pulled, "change"));
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
                self.waiting.end();
                self.last_line = self.start;
                (self.done, self.bytes, self.pulled) = (0, 0, 0);
                self.uploaded_in = None;
                self.is_running = true;
            }
            Event::Answered { rows, bytes, .. } => {
                self.done += rows;
                self.bytes += bytes;
                self.waiting.answered(Instant::now());
                for bar in [&self.part, &self.all].into_iter().flatten() {
                    bar.inc(*rows);
                }
                self.show(None);
            }
            Event::Retrying { retry, wait, .. } => {
                // The pause before the retry does not count as time without an answer.
                self.waiting.answered(Instant::now() + *wait);
                self.show(Some(&format!("retry {retry}")));
            }
            Event::Finalizing => {
                self.uploaded_in = Some(self.start.elapsed());
                self.show(Some("finalizing"));
            }
            Event::Pulled { changes } => {
                self.waiting.answered(Instant::now());
                self.pulled += changes;
                self.show(Some(&format!("pulled {}", HumanCount(self.pulled))));
            }
            Event::Activity(activity) => self.waiting.begin(*activity, Instant::now()),
            Event::PartStarted { .. }
            | Event::ConcurrencyChanged { .. }
            | Event::WaitingForServer { .. }
            | Event::Warning(_) => {}
        }
    }

    /// Shows what the run does now beside the bar of the whole upload; without it, the bytes.
    fn show(&self, activity: Option<&str>) {
        if let Some(all) = &self.all {
            let bytes = HumanBytes(self.bytes).to_string();
            all.set_message(activity.map_or(bytes, str::to_owned));
        }
    }
}

fn bar(bars: &MultiProgress, template: &str, name: &str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("both templates are valid");
    let bar = ProgressBar::new(length)
        .with_style(style.progress_chars("=> ").with_key("rate", rate))
        .with_prefix(escaped(name).into_owned());
    let bar = bars.add(bar);
    bar.enable_steady_tick(TICK);
    bar
}

/// Ticks until the run has been dropped.
fn watch(shared: &Weak<Shared>) {
    while let Some(shared) = shared.upgrade() {
        shared.tick();
        drop(shared);
        std::thread::sleep(TICK);
    }
}

fn rate(state: &ProgressState, out: &mut dyn Write) {
    // Writing to indicatif's buffer cannot fail.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
        let shared = &self.0;
        {
            let mut run = shared.run();
            run.note(event);
            if let Some(bars) = &shared.bars {
                match event {
                    Event::Planned { .. } => {
                        run.all = Some(bar(bars, ALL, "everything", run.total));
                    }
                    Event::PartStarted { part } => {
                        if let Some(before) = run.part.take() {
                            before.finish_and_clear();
                        }
                        let next = run.parts.get(*part).cloned();
                        run.part = next.map(|part| bar(bars, PART, &part.name, part.rows));
                    }
                    _ => {}
                }
            }
        }
        match event {
            Event::Warning(message) => self.say(&format!("warning: {}", escaped(message))),
            Event::WaitingForServer { wait, url, reason } => {
                let seconds = wait.as_secs_f64();
                self.say(&format!("waiting up to {seconds} s for {}: {}", escaped(url), escaped(reason)));
            }
            Event::Retrying { retry, max_retries, wait, reason } => {
                let number = (*retry, *max_retries);
                let lines = shared.run().retry_lines.note(Instant::now(), number, *wait, &escaped(reason));
                for line in lines {
                    self.say(&line);
                }
            }
            _ => {}
        }
    }
}
