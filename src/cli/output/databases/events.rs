//! `--events` of a run of several databases: each has the events of a run, with its path. What they are is
//! in [`crate::cli::output::events`].

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::cli::output::events::{Events, OneOfSeveral};
use crate::cli::output::json_lines::JsonLines;
use crate::cloneup::{Observer, Outcome};
use crate::mutation::Shard;

/// Writes the events of all databases to one file.
pub(in crate::cli) struct DatabasesEvents {
    lines: JsonLines,
    options: Value,
    shard: Option<Shard>,
    paths: Vec<PathBuf>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Those of the databases under way.
    under_way: HashMap<usize, Arc<Events>>,
    done: u64,
    failed: u64,
}

/// The events of a database, which several have a share in.
struct Shared(Arc<Events>);

impl Observer for Shared {
    fn on(&self, event: &crate::cloneup::Event<'_>) {
        self.0.on(event);
    }
}

impl DatabasesEvents {
    /// Opens and truncates the file before the uploads, so that a bad path is reported at once; `-` is
    /// stderr. `options` are those that differ from their defaults, without secrets.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be created.
    pub(in crate::cli) fn open(path: &Path, options: Value, shard: Option<Shard>) -> io::Result<Self> {
        let lines = JsonLines::open(path)?;
        Ok(Self { lines, options, shard, paths: Vec::new(), state: Arc::default() })
    }

    /// The databases.
    pub(in crate::cli) fn of(&mut self, paths: &[PathBuf]) {
        self.paths = paths.to_vec();
    }

    /// The run ends before any database is known.
    ///
    /// # Errors
    /// An [`io::Error`] when the event cannot be written.
    pub(in crate::cli) fn refuse(&self, outcome: &Outcome) -> io::Result<()> {
        Events::to_lines(self.lines.clone(), self.options.clone(), self.shard, None).finish(outcome)
    }

    /// The observer of a database.
    pub(in crate::cli) fn begin(&self, index: usize) -> Box<dyn Observer> {
        let events = Arc::new(self.events(index));
        self.state().under_way.insert(index, Arc::clone(&events));
        Box::new(Shared(events))
    }

    /// Writes the last event of a database.
    pub(in crate::cli) fn end(&self, index: usize, outcome: &Outcome) {
        let begun = {
            let mut state = self.state();
            let begun = state.under_way.remove(&index);
            if begun.is_some() {
                *(if outcome.ok { &mut state.done } else { &mut state.failed }) += 1;
            }
            begun
        };
        let events = begun.unwrap_or_else(|| Arc::new(self.events(index)));
        events.end(outcome);
    }

    /// Ends; returns the error of the first event that could not be written.
    pub(in crate::cli) fn finish(&self) -> io::Result<()> {
        self.lines.finish()
    }

    fn events(&self, index: usize) -> Events {
        let (state, total) = (Arc::clone(&self.state), self.paths.len());
        let counts = Box::new(move || {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let under_way = state.under_way.len();
            json!({"total": total, "done": state.done, "failed": state.failed, "underWay": under_way})
        });
        let path = self.paths[index].to_string_lossy().into_owned();
        let database = OneOfSeveral { path, counts };
        Events::to_lines(self.lines.clone(), self.options.clone(), self.shard, Some(database))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held leaves counts that are still valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
