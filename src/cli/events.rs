//! `--events`: one JSON object a line, to a file or to stderr (contract 3.5). Events never
//! carry the content of records.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::escape::escaped_json;
use super::output;
use crate::cloneup::{Event, Observer, Outcome, PlannedPart};

/// How often progress is told at the most.
const INTERVAL: Duration = Duration::from_secs(1);

/// The name of the job in every event.
const PHASE: &str = "cloneup";

/// Writes events.
pub(super) struct Events(Mutex<State>);

struct State {
    /// `None` after a write has failed.
    target: Option<Box<dyn Write + Send>>,
    last: Option<Instant>,
    parts: Vec<PlannedPart>,
    part: usize,
    done: u64,
    bytes: u64,
    batches: u64,
    /// How many requests may be in flight, and why, once that has changed.
    level: Option<(usize, String)>,
}

impl Events {
    /// Opens and truncates the file at once, so that a bad path fails before the work; `-`
    /// is stderr.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let target: Box<dyn Write + Send> =
            if path.as_os_str() == "-" { Box::new(io::stderr()) } else { Box::new(File::create(path)?) };
        Ok(Self(Mutex::new(State {
            target: Some(target),
            last: None,
            parts: Vec::new(),
            part: 0,
            done: 0,
            bytes: 0,
            batches: 0,
            level: None,
        })))
    }

    /// The one event at the end.
    pub(super) fn finish(&self, outcome: &Outcome) {
        let (name, context) = if outcome.ok {
            let context = json!({"phase": PHASE, "cursor": outcome.cursor, "stats": outcome.stats});
            ("sync_applied", context)
        } else {
            let errors: Vec<_> = outcome.failures.iter().map(|failure| &failure.error).collect();
            ("sync_failed", json!({"phase": PHASE, "error": {"errors": errors}}))
        };
        self.state().write(name, &context);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is whole after a panic elsewhere: every change of it is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(&mut self, name: &str, context: &Value) {
        let Some(target) = &mut self.target else { return };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let line = json!({"type": name, "timestampMs": timestamp, "context": context});
        let line = escaped_json(line.to_string());
        if let Err(error) = writeln!(target, "{line}").and_then(|()| target.flush()) {
            // The upload matters more than its events.
            output::line(&format!("warning: events can no longer be written: {error}"));
            self.target = None;
        }
    }

    fn progress(&mut self) {
        if self.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return;
        }
        self.last = Some(Instant::now());
        let Some(part) = self.parts.get(self.part) else { return };
        let mut context = json!({
            "phase": PHASE,
            "part": part.name,
            "done": self.done,
            "total": part.rows,
            "bytes": self.bytes,
            "batches": self.batches,
        });
        if let Some((level, why)) = &self.level {
            context["concurrency"] = json!({"level": level, "why": why});
        }
        self.write("sync_progress", &context);
    }
}

impl Observer for Events {
    fn on(&self, event: &Event<'_>) {
        let mut state = self.state();
        match event {
            Event::Planned { parts } => state.parts = parts.to_vec(),
            Event::PartStarted { part } => {
                state.part = *part;
                state.done = 0;
            }
            Event::Answered { rows, bytes, requests, .. } => {
                state.done += rows;
                state.bytes += bytes;
                state.batches += requests;
                state.progress();
            }
            Event::ConcurrencyChanged { limit, reason } => state.level = Some((*limit, (*reason).to_owned())),
            Event::Retrying { .. }
            | Event::Finalizing
            | Event::Pulled { .. }
            | Event::Warning(_)
            | Event::Activity(_) => {}
        }
    }
}
