//! Shows the progress of a run of several databases on stderr, for a person: as bars that are redrawn, as a
//! line now and then, or not at all. What is shown is decided in [`super::screen`], and drawn in
//! [`crate::cli::output::bars`]; the events for programs are in [`super::events`].

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::counters::DatabasesCounters;
use super::screen;
use super::warnings::Warnings;
use crate::cli::output::bars::Bars;
use crate::cli::output::escape::escaped;
use crate::cli::output::numbers::counted;
use crate::cli::output::print::{self, end_drawing};
use crate::cli::output::progress::Look;
use crate::cli::output::retries::{Retry, RetryLines};
use crate::cli::output::summary::Measured;
use crate::cli::output::ticker::{self, Tick};
use crate::cli::output::width::truncated;
use crate::cloneup::{Event, Observer, Outcome};
use crate::remote::TransportError;

/// Shows the progress of the run.
pub(in crate::cli) struct DatabasesProgress(Arc<Shared>);

struct Shared {
    look: Look,
    paths: Vec<PathBuf>,
    /// What is redrawn, if bars are.
    bars: Option<Arc<Bars>>,
    state: Mutex<State>,
}

/// What is known of the run.
struct State {
    counters: DatabasesCounters,
    warnings: Warnings,
    retry_lines: RetryLines,
    /// The last retry, until a request is answered after it.
    retry: Option<Retry>,
    last_line: Instant,
    /// Whether the run is over, so that nothing is shown any more.
    is_over: bool,
}

/// The observer of one database.
struct OfDatabase<'p> {
    shared: &'p Shared,
    index: usize,
}

impl DatabasesProgress {
    /// Begins to show what happens to the databases at these paths.
    pub(in crate::cli) fn new(look: Look, paths: Vec<PathBuf>) -> Self {
        let now = Instant::now();
        let state = State {
            counters: DatabasesCounters::new(paths.len(), now),
            warnings: Warnings::default(),
            retry_lines: RetryLines::new(look.interval),
            retry: None,
            last_line: now,
            is_over: false,
        };
        let bars = look.draws_bars().then(Bars::begin);
        let shared = Arc::new(Shared { look, paths, bars, state: Mutex::new(state) });
        if look.is_shown() {
            ticker::start(&shared);
        }
        Self(shared)
    }

    /// The upload of a database begins.
    pub(in crate::cli) fn begin(&self, index: usize) -> Box<dyn Observer + '_> {
        self.0.state().counters.begin(index, Instant::now());
        Box::new(OfDatabase { shared: &self.0, index })
    }

    /// The upload of a database has ended.
    pub(in crate::cli) fn end(&self, index: usize, outcome: &Outcome) {
        self.0.state().counters.end(index, outcome, Instant::now());
    }

    /// Prints a line above the bars, unless the run is quiet.
    pub(in crate::cli) fn say(&self, text: &str) {
        self.0.say(text);
    }

    /// Takes away what is drawn, and returns what the summary says about the run.
    pub(in crate::cli) fn finish(&self) -> Measured {
        let shared = &self.0;
        let (was_over, retries, warnings, measured) = {
            let mut state = shared.state();
            let was_over = std::mem::replace(&mut state.is_over, true);
            let measured = state.counters.measured();
            (was_over, state.retry_lines.finish(), state.warnings.finish(), measured)
        };
        if shared.bars.is_some() && !was_over {
            end_drawing();
        }
        if shared.look.is_shown() {
            for line in retries {
                shared.say(&line);
            }
        }
        if !shared.look.is_quiet {
            for text in warnings {
                print::warning(&text);
            }
        }
        measured
    }
}

impl Drop for DatabasesProgress {
    fn drop(&mut self) {
        // A run that ends early must not leave bars behind.
        self.finish();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held leaves counts that are only shown.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, text: &str) {
        if !self.look.is_quiet {
            print::line(text);
        }
    }

    /// A request is sent again after a pause: bars have a live line about it, a log a line now and then.
    fn retrying(&self, retry: Retry, error: &TransportError, now: Instant) {
        let line = {
            let mut state = self.state();
            if self.bars.is_some() {
                state.retry = Some(retry);
                return;
            }
            state.retry_lines.note(&retry, error, now)
        };
        if let Some(line) = line.filter(|_| self.look.is_shown()) {
            self.say(&line);
        }
    }

    /// A warning about a database.
    fn warn(&self, path: &str, text: &str) {
        let line = self.state().warnings.note(path, text);
        if let Some(line) = line.filter(|_| !self.look.is_quiet) {
            print::warning(&line);
        }
    }
}

impl Tick for Shared {
    fn tick(&self) {
        let mut lines = Vec::new();
        {
            let (now, mut state) = (Instant::now(), self.state());
            if state.is_over {
                return;
            }
            match &self.bars {
                Some(bars) => {
                    let width = Bars::width();
                    let mut drawn = screen::bars(&state.counters, &self.paths, now, width);
                    drawn.extend(state.retry.as_ref().map(|retry| truncated(&retry.line(now), width)));
                    bars.draw(&drawn);
                }
                None => {
                    if now.saturating_duration_since(state.last_line) >= self.look.interval {
                        state.last_line = now;
                        lines.push(screen::line(&state.counters, now));
                    }
                    lines.extend(state.retry_lines.due(now));
                }
            }
        }
        for line in lines {
            self.say(&line);
        }
    }
}

impl Observer for OfDatabase<'_> {
    fn on(&self, event: &Event<'_>) {
        let (shared, now) = (self.shared, Instant::now());
        {
            let mut state = shared.state();
            state.counters.note(self.index, event, now);
            if let Event::Answered { .. } | Event::Pulled { .. } = event {
                state.retry.take_if(|retry| retry.at() <= now);
            }
        }
        let path = shared.paths[self.index].to_string_lossy();
        match event {
            Event::Warning(message) => shared.warn(&path, message),
            Event::WaitingForServer { wait, url, reason } => {
                let seconds = wait.as_secs_f64();
                shared.say(&format!("waiting up to {seconds} s for {}: {}", escaped(url), escaped(reason)));
            }
            Event::Retrying { retry, max_retries, wait, error } => {
                shared.retrying(Retry::new((*retry, *max_retries), *wait, error, now), error, now);
            }
            Event::Resumed { rows, .. } => shared.say(&format!(
                "{}: resuming: an earlier run uploaded {}",
                escaped(&path),
                counted(*rows, "row")
            )),
            Event::StartedOver => shared.say(&format!(
                "{}: starting over: the data or the server has changed since an earlier run was interrupted",
                escaped(&path)
            )),
            _ => {}
        }
    }
}
