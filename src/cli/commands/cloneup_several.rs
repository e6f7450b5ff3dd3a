//! `synctool cloneup` for several databases: uploads them side by side, prints one result for all on any
//! outcome, and decides the exit status. The uploads themselves are [`Uploads`]; one database is the job of
//! [`super::cloneup`].

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use clap::ArgMatches;

use super::client;
use super::dry_run_several;
use super::several::{Ready, highest, opener, prepare};
use super::uploading::{
    INTERRUPTED, events_options, hints_at_resources, pause_of_shard, unwritable_events, way_to_the_rest,
};
use crate::cli::args::CloneupArgs;
use crate::cli::error_file;
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, DatabasesEvents, DatabasesProgress, Hints};
use crate::cli::resolve::{self, SeveralSettings};
use crate::cli::signals::Signals;
use crate::cloneup::{
    CancellationToken, DatabasesObserver, DatabasesOutcome, Event, Failure, Failures, Observer, Outcome,
    Results, Stage, Uploads,
};

/// Runs the subcommand.
pub(super) fn run(args: CloneupArgs, stage: Stage, matches: &ArgMatches) -> u8 {
    if args.dry_run {
        return dry_run_several::run(&args, stage, matches);
    }
    let args = Arc::new(args);
    let mut run = Run { args, stage, events: None, error_file: None, signal: SIGINT };
    match run.upload(matches) {
        Ok((outcome, progress, names)) => run.finish(&outcome, &progress, &names),
        Err(Failures(failures)) => run.refuse(&Outcome::failed(failures).of(stage)),
    }
}

/// Uploads from their flags to the exit status.
struct Run {
    args: Arc<CloneupArgs>,
    /// Which part of the uploads it is.
    stage: Stage,
    events: Option<DatabasesEvents>,
    error_file: Option<File>,
    /// The number of the signal that interrupted the run, if one did.
    signal: u8,
}

/// The observers of the run.
struct Watchers<'r> {
    progress: &'r DatabasesProgress,
    events: Option<&'r DatabasesEvents>,
}

/// The observers of a database.
struct Watcher<'r> {
    progress: Box<dyn Observer + 'r>,
    events: Option<Box<dyn Observer>>,
}

impl Observer for Watcher<'_> {
    fn on(&self, event: &Event<'_>) {
        self.progress.on(event);
        if let Some(events) = &self.events {
            events.on(event);
        }
    }
}

impl DatabasesObserver for Watchers<'_> {
    fn begin(&self, index: usize) -> Box<dyn Observer + '_> {
        let events = self.events.map(|events| events.begin(index));
        Box::new(Watcher { progress: self.progress.begin(index), events })
    }

    fn end(&self, index: usize, outcome: &Outcome) {
        self.progress.end(index, outcome);
        if let Some(events) = self.events {
            events.end(index, outcome);
        }
    }
}

impl Run {
    /// Uploads; gives back the results, what was measured, and the hints at wrong names.
    fn upload(
        &mut self,
        matches: &ArgMatches,
    ) -> Result<(DatabasesOutcome, DatabasesProgress, Vec<String>), Failures> {
        self.events = self.open_events(matches)?;
        let runtime = client::runtime()?;
        let outcome = client::block_on(&runtime, async {
            let (format, stage) = (self.args.output.unwrap_or_default(), self.stage);
            let results = Arc::new(Mutex::new(None::<Results>));
            let so_far = Arc::clone(&results);
            let signals = Signals::listen_and(move || {
                let results = so_far.lock().unwrap_or_else(PoisonError::into_inner);
                // The process ends with the signal's status in any case.
                let _ = match &*results {
                    Some(results) => output::result(&results.so_far(), format, exit::SIGNAL),
                    None => {
                        let outcome = Outcome::failed(vec![Failure::interrupted()]).of(stage);
                        output::result(&outcome, format, exit::SIGNAL)
                    }
                };
            });
            let outcome = self.prepare_and_upload(matches, &signals, &results).await;
            self.signal = signals.received().unwrap_or(SIGINT);
            outcome
        });
        // An interrupted preparation may still wait for a token command.
        runtime.shutdown_background();
        outcome
    }

    async fn prepare_and_upload(
        &mut self,
        matches: &ArgMatches,
        signals: &Signals,
        results: &Mutex<Option<Results>>,
    ) -> Result<(DatabasesOutcome, DatabasesProgress, Vec<String>), Failures> {
        let (args, matches) = (Arc::clone(&self.args), matches.clone());
        let ready = client::unless_interrupted(signals, move || prepare(&args, &matches)).await?;
        // After the settings, because this may be the file that --only-failed has read.
        self.error_file = error_file::create(self.args.error_file.as_deref())?;
        let Ready { settings, remote, schema } = ready;
        let SeveralSettings { databases, settings, jobs, only } = settings;
        pause_of_shard(self.stage, signals).await;
        let names =
            schema.as_ref().map_or(Vec::new(), |schema| hints_at_resources(&settings.options, schema));
        let progress = DatabasesProgress::new(
            resolve::look(&self.args.progress, self.args.verbosity),
            databases.clone(),
        );
        if let Some(events) = &mut self.events {
            events.of(&databases);
        }
        let watchers = Watchers { progress: &progress, events: self.events.as_ref() };
        let cancellation = CancellationToken::new();
        let mut uploads = Uploads::new(databases, remote, Arc::new(opener(schema, only)))
            .options(settings.options)
            .observer(&watchers)
            .cancellation(cancellation.clone());
        if let Some(jobs) = jobs {
            uploads = uploads.jobs(jobs);
        }
        *results.lock().unwrap_or_else(PoisonError::into_inner) = Some(uploads.results());
        let outcome = {
            let running = uploads.run();
            tokio::pin!(running);
            tokio::select! {
                outcome = &mut running => outcome,
                _ = signals.first() => {
                    cancellation.cancel();
                    progress.say(INTERRUPTED);
                    running.await
                }
            }
        };
        Ok((outcome, progress, names))
    }

    fn open_events(&self, matches: &ArgMatches) -> Result<Option<DatabasesEvents>, Failure> {
        let Some(path) = self.args.events.as_deref().filter(|path| !path.as_os_str().is_empty()) else {
            return Ok(None);
        };
        // Every event has its own database.
        let options = events_options(matches, &["db"]);
        let events = DatabasesEvents::open(path, options, self.stage.shard());
        events.map(Some).map_err(|error| unwritable_events(path, &error))
    }

    /// Prints what is wrong with the command line; returns the exit status.
    fn refuse(self, outcome: &Outcome) -> u8 {
        let is_quiet = self.args.verbosity.quiet;
        let events = self.events.map_or(Ok(()), |events| events.refuse(outcome));
        let status = exit::status(outcome.failure_kind(), self.signal);
        let status = output::result(outcome, self.args.output.unwrap_or_default(), status);
        let status = output::unless_unwritten(status, events, "the events could not be written");
        output::failures(&outcome.failures, Hints::unless(is_quiet));
        status
    }

    /// Writes and prints everything at the end of the uploads, the words last; returns the exit status.
    fn finish(self, outcome: &DatabasesOutcome, progress: &DatabasesProgress, names: &[String]) -> u8 {
        let Self { args, stage, events, error_file, signal } = self;
        let hints = Hints::unless(args.verbosity.quiet).of_stage(stage);
        let events = events.map_or(Ok(()), |events| events.finish());
        let rejected = outcome.databases.iter().flat_map(|database| {
            let path = Some(database.path.as_path());
            database.outcome.failures.iter().map(move |failure| (path, failure))
        });
        let error_file = error_file.map_or(Ok(()), |file| error_file::write(file, rejected));
        let measured = progress.finish();
        let status = highest(outcome.failure_kinds(), signal);
        let status = output::result(outcome, args.output.unwrap_or_default(), status);
        let status = output::unless_unwritten(status, events, "the events could not be written");
        let status = output::unless_unwritten(status, error_file, "the error file could not be written");
        let is_all = output::databases_failures(outcome, hints);
        for name in names {
            hints.print(name);
        }
        let mut failures = outcome.databases.iter().flat_map(|database| &database.outcome.failures);
        if !is_all && failures.any(|failure| failure.subject.is_some()) {
            hints.print(&way_to_the_rest(args.error_file.as_deref()));
        }
        if !args.verbosity.quiet {
            for line in output::databases_summary(outcome, &measured) {
                output::paragraph(&line);
            }
        }
        status
    }
}
