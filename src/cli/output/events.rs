//! The events of a run: JSON objects, one a line, for `--events` (contract 3.5 and 3.10), and what a report
//! and metrics keep of them. `docs/events.schema.json` describes them. Events never contain the content of
//! records. What a person sees is in [`super::progress`].

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::counters::{Counters, Stage};
use super::json_lines::JsonLines;
use super::latency::Latencies;
use crate::cloneup::{Event, Observer, Outcome};
use crate::mutation::Shard;
use crate::report::{self, Run, What};

/// Minimum time between two `sync_progress` events.
const INTERVAL: Duration = Duration::from_secs(1);

/// Maximum number of rejected mutations that have an event each; all of them are counted.
const MAX_REJECTED: u64 = 50;

/// The name of the job in every event.
const PHASE: &str = "cloneup";

/// Writes the events of a run, or keeps them for a report, or both.
pub(in crate::cli) struct Events(Mutex<Writer>);

struct Writer {
    /// `None` where there is no event file.
    lines: Option<JsonLines>,
    /// Whether the events are kept for a report, and what a report keeps of them so far.
    is_kept: bool,
    run: Option<Run>,
    /// When the command began, in milliseconds since the Unix epoch.
    began: u64,
    counters: Counters,
    recent: Recent,
    /// The options of the run that differ from their defaults.
    options: Value,
    /// The shard that the run uploads, if it is one.
    shard: Option<Shard>,
    /// When the last `sync_progress` was written.
    last: Option<Instant>,
    /// Requests of all answered batches.
    batches: u64,
    /// The database, where the run is of several.
    database: Option<OneOfSeveral>,
}

/// A database of a run of several.
pub(super) struct OneOfSeveral {
    /// Its path.
    pub(super) path: String,
    /// How many databases there are, and how far they are, at the time of an event.
    pub(super) counts: Box<dyn Fn() -> Value + Send>,
}

/// Push requests since the last `sync_progress`.
struct Recent {
    /// The latencies of those that were answered, and their number.
    latencies: Latencies,
    answered: u64,
    /// The highest number that was in flight.
    in_flight: u64,
}

impl Recent {
    /// Begins with so many requests in flight.
    fn from_now(in_flight: u64) -> Self {
        Self { latencies: Latencies::new(), answered: 0, in_flight }
    }
}

impl Events {
    /// Events that are kept for a report, from now on. `options` are those that differ from their defaults,
    /// without secrets; `shard` is in every event.
    pub(in crate::cli) fn new(options: Value, shard: Option<Shard>) -> Self {
        let events = Self::with(None, options, shard, None);
        events.writer().is_kept = true;
        events
    }

    /// Events that are written to an open file.
    pub(super) fn to_lines(
        lines: JsonLines,
        options: Value,
        shard: Option<Shard>,
        database: Option<OneOfSeveral>,
    ) -> Self {
        Self::with(Some(lines), options, shard, database)
    }

    fn with(
        lines: Option<JsonLines>,
        options: Value,
        shard: Option<Shard>,
        database: Option<OneOfSeveral>,
    ) -> Self {
        Self(Mutex::new(Writer {
            lines,
            is_kept: false,
            run: None,
            began: now_ms(),
            counters: Counters::new(Instant::now()),
            recent: Recent::from_now(0),
            options,
            shard,
            last: None,
            batches: 0,
            database,
        }))
    }

    /// Opens and truncates an event file before the upload, so that a bad path is reported at once; `-` is
    /// stderr.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be created.
    pub(in crate::cli) fn write_to(&self, path: &Path) -> io::Result<()> {
        let lines = JsonLines::open(path)?;
        self.writer().lines = Some(lines);
        Ok(())
    }

    /// Writes the last counts, and the one event at the end.
    ///
    /// # Errors
    /// An [`io::Error`] of the first event that could not be written.
    pub(in crate::cli) fn finish(&self, outcome: &Outcome) -> io::Result<()> {
        self.end(outcome);
        self.writer().lines.as_ref().map_or(Ok(()), JsonLines::finish)
    }

    /// Writes the last counts, and the one event at the end; the file goes on where others write to it.
    pub(super) fn end(&self, outcome: &Outcome) {
        let mut writer = self.writer();
        if writer.has_begun() {
            writer.progress(Instant::now());
        }
        if outcome.ok {
            writer.write("sync_applied", json!({"cursor": outcome.cursor, "stats": outcome.stats}));
        } else {
            writer.failed(outcome);
        }
    }

    /// What a report keeps of the run.
    pub(in crate::cli) fn into_run(self) -> Option<Run> {
        // A panic while the lock is held leaves a run that is still valid.
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).run
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic while the lock is held leaves counts that are still valid.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Writes an event; `context` is what it has beside the phase, the database and the shard.
    fn write(&mut self, name: &str, context: Value) {
        let event = self.event(name, context);
        if self.is_kept {
            // A report reads the same line, whether it comes from a file or from here.
            match report::Event::parse(&event.to_string()) {
                Ok(event) => self.keep(&event),
                Err(error) => debug_assert!(false, "{error}: {event}"),
            }
        }
        if let Some(lines) = &self.lines {
            lines.write(&event);
        }
    }

    fn event(&self, name: &str, mut context: Value) -> Value {
        context["phase"] = PHASE.into();
        if let Some(database) = &self.database {
            context["db"] = json!(database.path);
        }
        if let Some(shard) = self.shard {
            context["shard"] = json!(shard);
        }
        json!({"type": name, "timestampMs": now_ms(), "context": context})
    }

    fn keep(&mut self, event: &report::Event) {
        match &mut self.run {
            Some(run) => run.add(event),
            None => self.run = Some(Run::new(event)),
        }
    }

    /// The event at the end of a run that has failed. There may be millions of errors, of which a report
    /// needs the first ones.
    fn failed(&mut self, outcome: &Outcome) {
        let errors = || outcome.failures.iter().map(|failure| &failure.error);
        let mut event = self.event("sync_failed", json!({}));
        if self.is_kept {
            self.keep(&report::Event {
                timestamp_ms: event["timestampMs"].as_u64().unwrap_or(self.began),
                shard: self.shard,
                database: self.database.as_ref().map(|database| database.path.clone()),
                what: What::Failed(errors().collect()),
            });
        }
        if let Some(lines) = &self.lines {
            event["context"]["error"] = json!({"errors": errors().collect::<Vec<_>>()});
            lines.write(&event);
        }
    }

    /// Whether the plan is made: before that there is nothing to count.
    fn has_begun(&self) -> bool {
        self.counters.is_planned
    }

    /// Writes the counts if the last time is long enough ago.
    fn progress_if_due(&mut self, now: Instant) {
        if self.has_begun() && self.last.is_none_or(|last| now.saturating_duration_since(last) >= INTERVAL) {
            self.progress(now);
        }
    }

    fn progress(&mut self, now: Instant) {
        self.last = Some(now);
        let counters = &self.counters;
        let part = counters.current_part();
        let mut context = json!({
            "stage": match counters.stage {
                Stage::Finalizing => "finalize",
                Stage::Pulling | Stage::Comparing { .. } => "verify",
                // A clone has no event file.
                Stage::Starting | Stage::Checking { .. } | Stage::Uploading | Stage::Cloning { .. } => "upload",
            },
            "part": part.map(|part| &part.name),
            "done": counters.part_done,
            "total": part.map_or(0, |part| part.rows),
            "bytes": counters.bytes,
            "batches": self.batches,
            "run": run(counters, now),
        });
        if let Some((level, why)) = &counters.limit {
            context["concurrency"] = json!({"level": level, "why": why});
        }
        let recent = std::mem::replace(&mut self.recent, Recent::from_now(counters.in_flight));
        context["interval"] = json!({
            "answered": recent.answered,
            "maxInFlight": recent.in_flight,
            "latencyMs": latencies_ms(&recent.latencies),
        });
        if let Some(database) = &self.database {
            context["databases"] = (database.counts)();
        }
        self.write("sync_progress", context);
    }

    fn started(&mut self) {
        let counters = &self.counters;
        let parts = counters.parts.iter();
        let parts = parts.map(|part| {
            let mut planned = json!({"kind": part.kind, "name": part.name, "rows": part.rows});
            if let Some(unchanged) = part.unchanged {
                planned["unchanged"] = json!(unchanged);
            }
            planned
        });
        let context = json!({
            "startedMs": self.began,
            "versions": {"synctool": env!("CARGO_PKG_VERSION"), "sqlite": crate::offline::sqlite_version()},
            "options": self.options,
            "parts": parts.collect::<Vec<_>>(),
            "total": counters.total,
        });
        self.write("sync_started", context);
    }
}

/// The counts of the whole run.
fn run(counters: &Counters, now: Instant) -> Value {
    let mut counts = json!({
        "done": counters.done,
        "total": counters.total,
        "bytes": counters.bytes,
        "requests": counters.requests,
        "retries": counters.retries,
        "rejected": counters.rejected_mutations(),
        "rejections": counters.rejections,
        "repeated": counters.repeated,
        "resumed": counters.resumed,
        "pulled": counters.pulled,
        "inFlight": counters.in_flight,
        "etaMs": counters.time_left(now).map(millis),
        "latencyMs": latencies_ms(&counters.latencies),
        "sendingMs": millis(counters.uploaded_in.unwrap_or_else(|| now.saturating_duration_since(counters.start))),
    });
    if let Some(unchanged) = counters.unchanged {
        counts["unchanged"] = json!(unchanged);
    }
    counts
}

fn latencies_ms(latencies: &Latencies) -> Value {
    json!({
        "p50": latencies.percentile(50).map(millis),
        "p95": latencies.percentile(95).map(millis),
        "max": latencies.max().map(millis),
    })
}

/// Now, in milliseconds since the Unix epoch; a clock before 1970 is reported as 0.
fn now_ms() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Observer for Events {
    fn on(&self, event: &Event<'_>) {
        let (now, mut writer) = (Instant::now(), self.writer());
        writer.counters.note(event, now);
        match event {
            Event::Planned { .. } => writer.started(),
            Event::Resumed { rows, requests } => {
                writer.write("sync_resumed", json!({"rows": rows, "requests": requests}));
            }
            Event::StartedOver => writer.write("sync_restarted", json!({})),
            Event::ConcurrencyChanged { limit, reason } => {
                writer.write("sync_concurrency", json!({"level": limit, "why": reason}));
            }
            Event::Rejected { subject, error } if writer.counters.rejected_mutations() <= MAX_REJECTED => {
                // The message is left out: a server may quote what it rejects.
                let (mutation, code, path) = (&error.mutation_id, &error.body.code, &error.body.path);
                let mut context = json!({"mutationId": mutation, "code": code, "path": path});
                if let Some(subject) = subject {
                    context["resource"] = json!(subject.resource);
                    context["id"] = json!(subject.id);
                }
                writer.write("sync_rejected", context);
            }
            Event::Answered { requests, .. } => writer.batches += requests,
            Event::RequestEnded { elapsed, is_answered: true } => {
                writer.recent.latencies.record(*elapsed);
                writer.recent.answered += 1;
            }
            Event::RequestSent => {
                writer.recent.in_flight = writer.recent.in_flight.max(writer.counters.in_flight);
            }
            _ => {}
        }
        writer.progress_if_due(now);
    }
}
