//! `synctool cloneup`: from flags to the result on stdout and the exit status.

use std::fs::File;
use std::sync::Arc;

use clap::ArgMatches;
use tokio::runtime::Runtime;

use super::args::{CloneupArgs, Output};
use super::escape::escaped;
use super::events::Events;
use super::output::Hints;
use super::progress::Progress;
use super::resolve;
use super::signals::{SIGINT, Signals};
use super::{exit, failures, hints, output, plan};
use crate::cloneup::{CancellationToken, Event, Failure, Observer, Options, Outcome, Upload, most_severe};
use crate::offline::Database;
use crate::protocol::code;
use crate::remote::{Remote, RemoteConfig};
use crate::schema::Schema;

/// Everything that watches a run.
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

/// Runs the subcommand.
pub(super) fn run(args: CloneupArgs, matches: &ArgMatches) -> u8 {
    output::start_diagnostics(args.verbosity.quiet, args.verbosity.verbose);
    if args.dry_run {
        return dry_run(&args, matches);
    }
    let args = Arc::new(args);
    let mut watchers = Watchers { progress: Progress::new(args.verbosity.quiet), events: None };
    let mut signal = SIGINT;
    let mut error_file = None;
    let outcome = open_events(&args)
        .and_then(|events| {
            watchers.events = events;
            let runtime = runtime()?;
            let outcome = runtime.block_on(async {
                let signals = Signals::listen();
                let outcome = match prepare_unless_interrupted(&args, matches, &signals).await {
                    Ok(ready) => {
                        // After the settings: the file may be the one that --only-failed has read.
                        error_file = open_error_file(&args)?;
                        Ok(upload(ready, &watchers, &signals).await)
                    }
                    Err(failed) => Err(failed),
                };
                signal = signals.received().unwrap_or(SIGINT);
                outcome
            });
            // A preparation that was interrupted may be waiting for a lock still.
            runtime.shutdown_background();
            outcome
        })
        .unwrap_or_else(Outcome::failed);
    if let Some(events) = &watchers.events {
        events.finish(&outcome);
    }
    if let Some(file) = error_file
        && let Err(error) = failures::write(file, &outcome.failures)
    {
        output::line(&format!("warning: the error file could not be written: {error}"));
    }
    watchers.progress.finish(&outcome);
    output::failures(&outcome.failures, Hints::unless(args.verbosity.quiet));
    output::result(&outcome, args.output.unwrap_or_default());
    exit::status(outcome.failure_kind(), signal)
}

/// The result of a command line that could not be parsed.
pub(super) fn print_refusal(failure: Failure) {
    output::result(&Outcome::failed(vec![failure]), Output::Auto);
}

/// Prints the plan: as JSON on stdout, as a table on stderr.
fn dry_run(args: &CloneupArgs, matches: &ArgMatches) -> u8 {
    let planned = prepare(args, matches).and_then(|ready| {
        let Ready { options, schema, database, remote } = ready;
        Ok(runtime()?.block_on(Upload::new(database, remote, schema).options(options).preview()))
    });
    match planned {
        Ok(preview) => {
            if !args.verbosity.quiet {
                plan::tell(&preview);
            }
            output::failures(&preview.failures, Hints::unless(args.verbosity.quiet));
            output::result(&preview, args.output.unwrap_or_default());
            exit::status(preview.failure_kind(), SIGINT)
        }
        Err(failures) => {
            output::failures(&failures, Hints::unless(args.verbosity.quiet));
            let kind = most_severe(&failures);
            output::result(&Outcome::failed(failures), args.output.unwrap_or_default());
            exit::status(kind, SIGINT)
        }
    }
}

pub(super) fn runtime() -> Result<Runtime, Vec<Failure>> {
    // One thread does for the network: reading, encoding and compressing have their own.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| vec![Failure::internal(format!("cannot start: {error}"))])
}

/// What an upload needs.
struct Ready {
    options: Options,
    schema: Schema,
    database: Database,
    remote: Remote,
}

fn open_events(args: &CloneupArgs) -> Result<Option<Events>, Vec<Failure>> {
    let Some(path) = args.events.as_deref().filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(None);
    };
    Events::open(path).map(Some).map_err(|error| {
        let message = format!("cannot write events to {}: {error}", path.display());
        vec![Failure::invalid(code::DFQL_INVALID, message, "events")]
    })
}

/// The message for an unknown resource is fixed; the name that was meant goes beside it.
fn hint_at_resources(options: &Options, schema: &Schema) {
    for name in options.resources.iter().flatten().filter(|name| schema.resource(name).is_none()) {
        let names = schema.resources.iter().map(|resource| resource.name.as_str());
        let meant = match hints::nearest(name, names.clone()) {
            Some(nearest) => format!("is `{}` meant?", escaped(nearest)),
            None => format!("there are {}", escaped(&names.collect::<Vec<_>>().join(", "))),
        };
        output::line(&format!("hint: there is no resource `{}`; {meant}", escaped(name)));
    }
}

fn open_error_file(args: &CloneupArgs) -> Result<Option<File>, Vec<Failure>> {
    let Some(path) = args.error_file.as_deref().filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(None);
    };
    failures::create(path).map(Some).map_err(|error| {
        let message = format!("cannot write errors to {}: {error}", path.display());
        vec![Failure::invalid(code::DFQL_INVALID, message, "errorFile")]
    })
}

fn prepare(args: &CloneupArgs, matches: &ArgMatches) -> Result<Ready, Vec<Failure>> {
    let settings = resolve::settings(args, matches)?;
    let remote = Remote::new(&settings.remote).map_err(one)?;
    if !args.verbosity.quiet {
        warn_of_plain_token(&settings.remote);
    }
    let database = Database::open(&settings.database).map_err(one)?;
    let schema = resolve::schema(args.target.schema.as_deref(), || database.stored_schema()).map_err(one)?;
    if !args.verbosity.quiet {
        hint_at_resources(&settings.options, &schema);
    }
    Ok(Ready { options: settings.options, schema, database, remote })
}

/// A token that anybody on the way can read is worth a word.
pub(super) fn warn_of_plain_token(remote: &RemoteConfig) {
    if remote.sends_token_in_the_clear() {
        output::line("warning: the token is sent over plain http, where others can read it; use https");
    }
}

/// Prepares on a thread of its own: a locked database or a token command may take a while.
async fn prepare_unless_interrupted(
    args: &Arc<CloneupArgs>,
    matches: &ArgMatches,
    signals: &Signals,
) -> Result<Ready, Vec<Failure>> {
    let (args, matches) = (Arc::clone(args), matches.clone());
    let preparing = tokio::task::spawn_blocking(move || prepare(&args, &matches));
    tokio::select! {
        ready = preparing => ready.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())),
        _ = signals.first() => {
            Err(vec![Failure::interrupted()])
        }
    }
}

async fn upload(ready: Ready, watchers: &Watchers, signals: &Signals) -> Outcome {
    let cancellation = CancellationToken::new();
    let Ready { options, schema, database, remote } = ready;
    let upload = Upload::new(database, remote, schema).options(options);
    let run = upload.observer(watchers).cancellation(cancellation.clone()).run();
    tokio::pin!(run);
    tokio::select! {
        outcome = &mut run => outcome,
        _ = signals.first() => {
            cancellation.cancel();
            watchers.progress.say("interrupted: waiting for what is in flight; once more to leave at once");
            run.await
        }
    }
}

/// One failure as a list of them.
pub(super) fn one(failure: impl Into<Failure>) -> Vec<Failure> {
    vec![failure.into()]
}
