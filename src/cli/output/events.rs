//! `--events`: one JSON object per line, to a file or to stderr (contract 3.5). Events never contain
//! the content of records. What a person sees is in [`super::progress`].

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};

use super::escape::escaped_json;
use super::print::warning;
use crate::cloneup::{Event, Observer, Outcome, PlannedPart, Stage};

/// Minimum time between two `sync_progress` events.
const INTERVAL: Duration = Duration::from_secs(1);

/// The name of the job in every event.
const PHASE: &str = "cloneup";

/// The context of an event, with the stage and the shard that it is of.
#[derive(Serialize)]
struct InStage<'c> {
    #[serde(flatten)]
    context: &'c Value,
    #[serde(flatten)]
    stage: Stage,
}

/// Writes the events of a run.
pub(in crate::cli) struct Events(Mutex<Writer>);

struct Writer {
    /// Which part of the upload the events are of.
    stage: Stage,
    /// `None` after a write has failed.
    target: Option<Box<dyn Write + Send>>,
    /// Whether a write has failed. A reader that has closed a pipe wants no more.
    has_failed: bool,
    /// When the last `sync_progress` was written.
    last: Option<Instant>,
    parts: Vec<PlannedPart>,
    /// The index of the part that is being uploaded.
    part: usize,
    /// Answered rows of this part.
    done: u64,
    /// Bytes of all answered batches, before compression.
    bytes: u64,
    /// Requests of all answered batches.
    batches: u64,
    /// The concurrency limit and the reason for its last change, once it has changed.
    level: Option<(usize, String)>,
}

impl Events {
    /// Opens and truncates the file before the upload, so that a bad path is reported at once; `-` is
    /// stderr. The context of every event says of which stage and shard it is.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be created.
    pub(in crate::cli) fn open(path: &Path, stage: Stage) -> io::Result<Self> {
        let target: Box<dyn Write + Send> =
            if path.as_os_str() == "-" { Box::new(io::stderr()) } else { Box::new(File::create(path)?) };
        Ok(Self(Mutex::new(Writer {
            stage,
            target: Some(target),
            has_failed: false,
            last: None,
            parts: Vec::new(),
            part: 0,
            done: 0,
            bytes: 0,
            batches: 0,
            level: None,
        })))
    }

    /// Writes the one event at the end; returns whether all events could be written.
    pub(in crate::cli) fn finish(&self, outcome: &Outcome) -> bool {
        let (name, context) = if outcome.ok {
            let context = json!({"phase": PHASE, "cursor": outcome.cursor, "stats": outcome.stats});
            ("sync_applied", context)
        } else {
            let errors: Vec<_> = outcome.failures.iter().map(|failure| &failure.error).collect();
            ("sync_failed", json!({"phase": PHASE, "error": {"errors": errors}}))
        };
        let mut writer = self.writer();
        writer.write(name, &context);
        !writer.has_failed
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, Writer> {
        // A panic while the lock is held leaves counts that are still valid.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn write(&mut self, name: &str, context: &Value) {
        let Some(target) = &mut self.target else { return };
        // A clock before 1970 is reported as 0.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let timestamp = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let context = InStage { context, stage: self.stage };
        let line = json!({"type": name, "timestampMs": timestamp, "context": context});
        let line = escaped_json(line.to_string());
        if let Err(error) = writeln!(target, "{line}").and_then(|()| target.flush()) {
            // The upload goes on: it matters more than its events.
            warning(&format!("events can no longer be written: {error}"));
            self.target = None;
            self.has_failed = error.kind() != io::ErrorKind::BrokenPipe;
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
        let mut writer = self.writer();
        match event {
            Event::Planned { parts } => writer.parts = parts.to_vec(),
            Event::PartStarted { part } => {
                writer.part = *part;
                writer.done = 0;
            }
            Event::Answered { rows, bytes, requests, .. } => {
                writer.done += rows;
                writer.bytes += bytes;
                writer.batches += requests;
                writer.progress();
            }
            Event::ConcurrencyChanged { limit, reason } => {
                writer.level = Some((*limit, (*reason).to_owned()));
            }
            Event::Retrying { .. }
            | Event::WaitingForServer { .. }
            | Event::Finalizing
            | Event::Pulled { .. }
            | Event::Warning(_)
            | Event::Activity(_) => {}
        }
    }
}
