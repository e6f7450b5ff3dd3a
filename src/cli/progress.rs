//! What a person sees on stderr while a run works: bars on a terminal, and lines for what
//! they should know anywhere. The only file that knows indicatif.

use std::fmt::Write;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::escape::escaped;
use super::output;
use crate::cloneup::{Event, Observer, Outcome, PlannedPart};

/// Fits 80 columns: name, bar, count, rate, time left.
const TEMPLATE: &str = "{prefix:<20!} {wide_bar} {human_pos}/{human_len} {rate:>10} {msg:>8!} {eta:>4}";

/// Shows a run.
pub(super) struct Progress {
    /// `None` off a terminal and when quiet.
    bars: Option<Bars>,
    is_quiet: bool,
    start: Instant,
}

struct Bars {
    all: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    parts: Vec<PlannedPart>,
    /// The bar of the part whose turn it is.
    current: Option<ProgressBar>,
}

impl Progress {
    /// Bars on a terminal, unless `is_quiet`.
    pub(super) fn new(is_quiet: bool) -> Self {
        let wants_bars = !is_quiet && std::io::stderr().is_terminal();
        let bars =
            wants_bars.then(|| Bars { all: MultiProgress::new(), state: Mutex::new(State::default()) });
        Self { bars, is_quiet, start: Instant::now() }
    }

    /// A line that does not disturb the bars.
    pub(super) fn say(&self, text: &str) {
        if self.is_quiet {
            return;
        }
        match &self.bars {
            Some(bars) => bars.all.suspend(|| output::line(text)),
            None => output::line(text),
        }
    }

    /// Takes the bars' last state and sums the run up.
    pub(super) fn finish(&self, outcome: &Outcome) {
        if let Some(bars) = &self.bars {
            bars.finish_current();
        }
        let stats = &outcome.stats;
        let records: u64 = stats.resources.iter().map(|(_, stats)| stats.records).sum();
        let rows: u64 = stats.join_stores.values().map(|stats| stats.rows).sum();
        let verb = if outcome.ok { "uploaded" } else { "failed after" };
        let deletes = stats.deletes.map_or(0, |stats| stats.mutations);
        let deletes = if deletes > 0 { format!(", {} deletes", HumanCount(deletes)) } else { String::new() };
        self.say(&format!(
            "{verb} {} records, {} join rows{deletes} in {} requests, {:.1} s",
            HumanCount(records),
            HumanCount(rows),
            HumanCount(stats.batches),
            self.start.elapsed().as_secs_f64()
        ));
    }
}

impl Bars {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is whole after a panic elsewhere: every change of it is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish_current(&self) {
        if let Some(bar) = self.state().current.take() {
            bar.set_message("");
            bar.abandon();
        }
    }

    fn start(&self, part: usize) {
        self.finish_current();
        let mut state = self.state();
        let Some(part) = state.parts.get(part) else { return };
        // A template that is wrong would fail every test that shows a bar.
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(part.rows)
            .with_style(style.progress_chars("=> ").with_key("rate", rate))
            .with_prefix(escaped(&part.name).into_owned());
        state.current = Some(self.all.add(bar));
    }

    fn show(&self, event: &Event<'_>) {
        match event {
            Event::Planned { parts } => self.state().parts = parts.to_vec(),
            Event::PartStarted { part } => self.start(*part),
            Event::Answered { rows, .. } => {
                if let Some(bar) = &self.state().current {
                    bar.set_message("");
                    bar.inc(*rows);
                }
            }
            Event::Retrying { .. } => {
                if let Some(bar) = &self.state().current {
                    bar.set_message("retrying");
                }
            }
            Event::Finalizing => self.finish_current(),
            Event::Pulled { .. } | Event::Warning(_) => {}
        }
    }
}

fn rate(state: &ProgressState, out: &mut dyn Write) {
    // What cannot be written is not shown.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
        if let Some(bars) = &self.bars {
            bars.show(event);
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
