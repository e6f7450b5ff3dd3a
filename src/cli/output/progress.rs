//! Shows the progress of a run on stderr, for a person: as bars that are redrawn, as a line now and then,
//! or not at all; warnings and retries in any case. What is shown is decided in [`super::screen`], and
//! drawn in [`super::bars`]; the events for programs are in [`super::events`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bars::{Bars, can_redraw};
use super::counters::Counters;
use super::escape::escaped;
use super::numbers::counted;
use super::print::{self, end_drawing};
use super::retries::{Retry, RetryLines};
use super::screen;
use super::summary::Measured;
use super::ticker::{self, Tick};
use super::waiting::Waiting;
use super::width::{truncated, wrapped};
use crate::cli::args::ProgressMode;
use crate::cloneup::{Event, Observer};
use crate::remote::TransportError;

/// Default minimum time between two progress lines.
pub(in crate::cli) const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);

/// Maximum number of lines for the last retry.
const MAX_RETRY_LINES: usize = 3;

/// How a person wants to see the progress of a run.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Look {
    pub(in crate::cli) mode: ProgressMode,
    /// Minimum time between two lines.
    pub(in crate::cli) interval: Duration,
    /// Whether nothing but errors is printed.
    pub(in crate::cli) is_quiet: bool,
}

/// Shows the progress of a run.
pub(in crate::cli) struct Progress(Arc<Shared>);

struct Shared {
    look: Look,
    /// What is redrawn, if bars are.
    bars: Option<Arc<Bars>>,
    state: Mutex<State>,
}

/// What is known of the run.
struct State {
    counters: Counters,
    retry_lines: RetryLines,
    /// The last retry, until a request is answered after it.
    retry: Option<Retry>,
    waiting: Waiting,
    last_line: Instant,
    /// Whether a person is being asked something.
    is_asking: bool,
    /// Whether the run is over, so that nothing is shown any more.
    is_over: bool,
}

impl Progress {
    /// Begins to show what happens.
    pub(in crate::cli) fn new(look: Look) -> Self {
        let now = Instant::now();
        let state = State {
            counters: Counters::new(now),
            retry_lines: RetryLines::new(look.interval),
            retry: None,
            waiting: Waiting::new(now),
            last_line: now,
            is_asking: false,
            is_over: false,
        };
        let bars = look.draws_bars().then(Bars::begin);
        let shared = Arc::new(Shared { look, bars, state: Mutex::new(state) });
        if shared.is_shown() {
            ticker::start(&shared);
        }
        Self(shared)
    }

    /// Prints a line above the bars, unless the run is quiet.
    pub(in crate::cli) fn say(&self, text: &str) {
        self.0.say(text);
    }

    /// What can ask a question while the run goes on.
    pub(in crate::cli) fn asking(&self) -> Asking {
        Asking(Arc::clone(&self.0))
    }

    /// Takes away what is drawn, and returns what the summary says about the run.
    pub(in crate::cli) fn end(&self) -> Measured {
        let shared = &self.0;
        let (was_over, lines, counters) = {
            let mut state = shared.state();
            let was_over = std::mem::replace(&mut state.is_over, true);
            (was_over, state.retry_lines.finish(), state.counters.clone())
        };
        if shared.bars.is_some() && !was_over {
            end_drawing();
        }
        if shared.is_shown() {
            for line in lines {
                shared.say(&line);
            }
        }
        Measured::of(&counters)
    }
}

/// Asks a person, on the terminal.
pub(in crate::cli) struct Asking(Arc<Shared>);

impl Asking {
    /// Asks a question, and waits for the answer; only `y` and `yes` are one of consent. Nothing is drawn
    /// meanwhile.
    pub(in crate::cli) fn ask(&self, question: &str) -> bool {
        self.0.state().is_asking = true;
        if let Some(bars) = &self.0.bars {
            bars.draw(&[]);
        }
        let answer = print::ask(question);
        self.0.state().is_asking = false;
        answer.is_some_and(|answer| ["y", "yes"].contains(&&*answer.trim().to_lowercase()))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // A run that ends early must not leave bars behind.
        self.end();
    }
}

impl Look {
    pub(super) fn draws_bars(self) -> bool {
        let is_asked_for = match self.mode {
            ProgressMode::Auto => can_redraw(),
            ProgressMode::Bar => true,
            ProgressMode::Plain | ProgressMode::None => false,
        };
        is_asked_for && !self.is_quiet
    }

    /// Whether there is any progress.
    pub(super) fn is_shown(self) -> bool {
        !self.is_quiet && self.mode != ProgressMode::None
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held leaves counts that are only shown.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_shown(&self) -> bool {
        self.look.is_shown()
    }

    fn say(&self, text: &str) {
        if !self.look.is_quiet {
            print::line(text);
        }
    }

    /// A request is sent again after a pause: bars have a live line about it, a log a line now and then.
    fn retrying(&self, retry: Retry, error: &TransportError, now: Instant) {
        let mut state = self.state();
        if self.bars.is_some() {
            state.retry = Some(retry);
        } else if let Some(line) = state.retry_lines.note(&retry, error, now).filter(|_| self.is_shown()) {
            drop(state);
            self.say(&line);
        }
    }
}

impl Tick for Shared {
    fn tick(&self) {
        let mut lines = Vec::new();
        {
            let (now, mut state) = (Instant::now(), self.state());
            if state.is_over || state.is_asking {
                return;
            }
            let State { counters, waiting, .. } = &mut *state;
            lines.extend(waiting.due(&counters.parts, now));
            match &self.bars {
                Some(bars) => bars.draw(&state.lines(now, Bars::width())),
                None => {
                    if now.saturating_duration_since(state.last_line) >= self.look.interval {
                        state.last_line = now;
                        lines.extend(screen::line(&state.counters, now));
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

impl State {
    /// The lines to draw.
    fn lines(&self, now: Instant, width: usize) -> Vec<String> {
        let mut lines = screen::bars(&self.counters, now, width);
        if let Some(retry) = &self.retry {
            let retry = wrapped(&retry.line(now), width).into_iter().take(MAX_RETRY_LINES);
            lines.extend(retry.map(|line| truncated(&line, width)));
        }
        lines
    }

    fn note(&mut self, event: &Event<'_>, now: Instant) {
        self.counters.note(event, now);
        match event {
            Event::Planned { .. } => {
                self.waiting.end();
                self.last_line = now;
            }
            Event::Answered { .. } | Event::Pulled { .. } => {
                self.waiting.answered(now);
                self.retry.take_if(|retry| retry.at() <= now);
            }
            // The pause before the retry does not count as time without an answer.
            Event::Retrying { wait, .. } => self.waiting.answered(now.checked_add(*wait).unwrap_or(now)),
            Event::Activity(activity) => self.waiting.begin(*activity, now),
            _ => {}
        }
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
        let (shared, now) = (&self.0, Instant::now());
        shared.state().note(event, now);
        match event {
            Event::Warning(message) if !shared.look.is_quiet => print::warning(message),
            Event::WaitingForServer { wait, url, reason } => {
                let seconds = wait.as_secs_f64();
                shared.say(&format!("waiting up to {seconds} s for {}: {}", escaped(url), escaped(reason)));
            }
            Event::Retrying { retry, max_retries, wait, error } => {
                shared.retrying(Retry::new((*retry, *max_retries), *wait, error, now), error, now);
            }
            Event::Resumed { rows, requests } => shared.say(&format!(
                "resuming: an earlier run uploaded {} in {}",
                counted(*rows, "row"),
                counted(*requests, "request")
            )),
            Event::CloneStarted { resumed_at: Some(cursor), .. } => shared.say(&format!(
                "resuming: an earlier run cloned everything up to cursor {}",
                escaped(cursor.as_str())
            )),
            Event::StartedOver => shared.say(
                "starting over: the data or the server has changed since an earlier run was interrupted",
            ),
            _ => {}
        }
    }
}
