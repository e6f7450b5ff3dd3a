//! `synctool cloneup`: uploads, prints the result on stdout on any outcome, and decides the exit status.
//! The upload itself is [`crate::cloneup::Upload`].

use std::fs::File;
use std::sync::Arc;

use clap::ArgMatches;

use super::client::{self, Ready};
use super::uploading::{
    INTERRUPTED, events_options, hints_at_resources, pause_of_shard, unwritable_events, way_to_the_rest,
};
use super::{cloneup_several, dry_run};
use crate::cli::args::{CloneupArgs, Output};
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, Events, Hints, Progress};
use crate::cli::run_files::RunFiles;
use crate::cli::signals::Signals;
use crate::cli::{error_file, layers, resolve};
use crate::cloneup::{
    CancellationToken, Deletions, Event, Failure, Failures, Observer, Outcome, Stage, Upload,
};

/// Runs the subcommand.
pub(in crate::cli) fn run(args: CloneupArgs, matches: &ArgMatches) -> u8 {
    output::start_diagnostics(args.verbosity);
    // What is wrong with it is reported together with everything else that is wrong.
    let stage = resolve::stage(&args).unwrap_or_default();
    if let (Some(shard), false) = (stage.shard(), args.verbosity.quiet) {
        output::line(&format!("shard {shard}"));
    }
    if resolve::names_several(&args.db, matches) {
        return cloneup_several::run(args, stage, matches);
    }
    let progress = Progress::new(resolve::look(&args.progress, args.verbosity));
    if args.dry_run {
        return dry_run::run(&args, stage, &progress, || prepare(&args, matches));
    }
    let watchers = Watchers { progress, events: None };
    let args = Arc::new(args);
    let files = RunFiles::of(&args);
    let mut run = Run { args, stage, watchers, files, error_file: None, signal: SIGINT, hints: Vec::new() };
    let outcome = run.upload(matches).unwrap_or_else(|Failures(failures)| Outcome::failed(failures));
    run.finish(&outcome.of(stage), &layers::shown_value("db", matches))
}

/// Prints the result of a command line that could not be parsed: stdout has a result on any outcome.
/// Returns the exit status.
pub(in crate::cli) fn print_refusal(Failures(failures): Failures) -> u8 {
    output::result(&Outcome::failed(failures), Output::Auto, exit::INVALID)
}

/// The observers of a run.
struct Watchers {
    progress: Progress,
    events: Option<Events>,
}

impl Observer for Watchers {
    fn on(&self, event: &Event<'_>) {
        self.progress.on(event);
        if let Some(events) = &self.events {
            events.on(event);
        }
    }
}

/// An upload from its flags to its exit status.
struct Run {
    args: Arc<CloneupArgs>,
    /// Which part of the upload it is.
    stage: Stage,
    watchers: Watchers,
    files: RunFiles,
    error_file: Option<File>,
    /// The number of the signal that interrupted the run, if one did.
    signal: u8,
    /// What a person may have meant, if it was a wrong name.
    hints: Vec<String>,
}

impl Run {
    fn upload(&mut self, matches: &ArgMatches) -> Result<Outcome, Failures> {
        self.observe(matches)?;
        let runtime = client::runtime()?;
        let outcome = client::block_on(&runtime, async {
            let (format, stage) = (self.args.output.unwrap_or_default(), self.stage);
            let signals = Signals::listen_and(move || {
                let outcome = Outcome::failed(vec![Failure::interrupted()]).of(stage);
                // The process ends with the signal's status in any case.
                let _ = output::result(&outcome, format, exit::SIGNAL);
            });
            let outcome = self.prepare_and_upload(matches, &signals).await;
            self.signal = signals.received().unwrap_or(SIGINT);
            outcome
        });
        // An interrupted preparation may still wait for a lock.
        runtime.shutdown_background();
        outcome
    }

    /// Begins to write events, and to keep them for a report, where that is asked for.
    fn observe(&mut self, matches: &ArgMatches) -> Result<(), Failure> {
        let path = self.args.events.as_deref().filter(|path| !path.as_os_str().is_empty());
        if path.is_none() && self.files.is_empty() {
            return Ok(());
        }
        let events = Events::new(events_options(matches, &[]), self.stage.shard());
        let events = self.watchers.events.insert(events);
        if !self.args.verbosity.quiet {
            self.files.warn();
        }
        let Some(path) = path else { return Ok(()) };
        events.write_to(path).map_err(|error| unwritable_events(path, &error))
    }

    async fn prepare_and_upload(
        &mut self,
        matches: &ArgMatches,
        signals: &Signals,
    ) -> Result<Outcome, Failures> {
        let (args, matches) = (Arc::clone(&self.args), matches.clone());
        let ready = client::unless_interrupted(signals, move || prepare(&args, &matches)).await?;
        // After the settings, because this may be the file that --only-failed has read.
        self.error_file = error_file::create(self.args.error_file.as_deref())?;
        let Ready { options, schema, database, remote } = ready;
        pause_of_shard(self.stage, signals).await;
        self.hints = hints_at_resources(&options, &schema);
        let cancellation = CancellationToken::new();
        let mut upload = Upload::new(database, remote, schema).options(options);
        if !self.args.yes {
            let asking = self.watchers.progress.asking();
            upload = upload.confirm(move |deletions| asking.ask(&question(deletions)));
        }
        let running = upload.observer(&self.watchers).cancellation(cancellation.clone()).run();
        tokio::pin!(running);
        Ok(tokio::select! {
            outcome = &mut running => outcome,
            _ = signals.first() => {
                cancellation.cancel();
                self.watchers.progress.say(INTERRUPTED);
                running.await
            }
        })
    }

    /// Writes and prints everything at the end of a run, the words last; returns the exit status. `database`
    /// is its path.
    fn finish(self, outcome: &Outcome, database: &str) -> u8 {
        let Self { args, stage, watchers, files, error_file, signal, hints: names } = self;
        let Watchers { progress, events } = watchers;
        let hints = Hints::unless(args.verbosity.quiet).of_stage(stage);
        let written = events.as_ref().map_or(Ok(()), |events| events.finish(outcome));
        let files = files.write(events, database);
        let rejected = outcome.failures.iter().map(|failure| (None, failure));
        let error_file = error_file.map_or(Ok(()), |file| error_file::write(file, rejected));
        let measured = progress.end();
        let status = exit::status(outcome.failure_kind(), signal);
        let status = output::result(outcome, args.output.unwrap_or_default(), status);
        let status = output::unless_unwritten(status, written, "the events could not be written");
        let status = output::unless_unwritten(status, error_file, "the error file could not be written");
        let status = files.unless_unwritten(status);
        let is_all = output::failures(&outcome.failures, hints);
        for name in names {
            hints.print(&name);
        }
        if !is_all && outcome.failures.iter().any(|failure| failure.subject.is_some()) {
            hints.print(&way_to_the_rest(args.error_file.as_deref()));
        }
        if !args.verbosity.quiet {
            for line in output::summary(outcome, &measured) {
                output::paragraph(&line);
            }
        }
        status
    }
}

/// Whether what only the server has is to be removed.
fn question(deletions: Deletions) -> String {
    let (records, join_rows) =
        (output::counted(deletions.records, "record"), output::counted(deletions.join_rows, "join row"));
    format!("delete {records} and {join_rows} that only the server has? [y/N] ")
}

fn prepare(args: &CloneupArgs, matches: &ArgMatches) -> Result<Ready, Failures> {
    let settings = resolve::upload(args, matches)?;
    client::open(settings, args.target.schema.as_deref(), args.verbosity.quiet)
}
