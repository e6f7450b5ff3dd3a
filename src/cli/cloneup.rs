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
use super::resolve::{self, SchemaFailure};
use super::signals::{SIGINT, Signals};
use super::{exit, failures, hints, output, plan};
use crate::cloneup::{self, End, Event, Observer, Options, Outcome, stop_channel};
use crate::offline::{Database, OfflineError};
use crate::protocol::{ErrorBody, ROOT_PATH, code};
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
        .unwrap_or_else(|Failed(end, errors)| Outcome::failed(end, errors));
    if let Some(events) = &watchers.events {
        events.finish(&outcome);
    }
    if let Some(file) = error_file
        && let Err(error) = failures::write(file, &outcome.rejected)
    {
        output::line(&format!("warning: the error file could not be written: {error}"));
    }
    watchers.progress.finish(&outcome);
    output::errors(&outcome.errors, Hints::unless(args.verbosity.quiet));
    output::result(&outcome, args.output.unwrap_or_default());
    exit::status(outcome.end, signal)
}

/// The result of a command line that could not be parsed.
pub(super) fn print_refusal(body: ErrorBody) {
    output::result(&Outcome::failed(End::Invalid, [body]), Output::Auto);
}

/// Prints the plan: as JSON on stdout, as a table on stderr.
fn dry_run(args: &CloneupArgs, matches: &ArgMatches) -> u8 {
    let planned = prepare(args, matches).and_then(|ready| {
        let Ready { options, schema, database, remote } = ready;
        Ok(runtime()?.block_on(cloneup::preview(options, schema, database, remote)))
    });
    match planned {
        Ok(preview) => {
            if !args.verbosity.quiet {
                plan::tell(&preview);
            }
            output::errors(&preview.errors, Hints::unless(args.verbosity.quiet));
            output::result(&preview, args.output.unwrap_or_default());
            exit::status(preview.end, SIGINT)
        }
        Err(Failed(end, errors)) => {
            output::refusals(&errors, Hints::unless(args.verbosity.quiet));
            output::result(&Outcome::failed(end, errors), args.output.unwrap_or_default());
            exit::status(end, SIGINT)
        }
    }
}

pub(super) fn runtime() -> Result<Runtime, Failed> {
    // One thread does for the network: reading, encoding and compressing have their own.
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        let message = format!("cannot start: {error}");
        Failed(End::Storage, vec![ErrorBody::new(code::INTERNAL, message, ROOT_PATH)])
    })
}

/// What an upload needs.
struct Ready {
    options: Options,
    schema: Schema,
    database: Database,
    remote: Remote,
}

/// Why nothing could be uploaded.
pub(super) struct Failed(pub(super) End, pub(super) Vec<ErrorBody>);

impl Failed {
    pub(super) fn invalid(body: ErrorBody) -> Self {
        Self(End::Invalid, vec![body])
    }
}

impl From<OfflineError> for Failed {
    fn from(error: OfflineError) -> Self {
        Self(End::Storage, vec![error.report()])
    }
}

fn open_events(args: &CloneupArgs) -> Result<Option<Events>, Failed> {
    let Some(path) = args.events.as_deref().filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(None);
    };
    Events::open(path).map(Some).map_err(|error| {
        let message = format!("Invalid cloneUp: cannot write events to {}: {error}", path.display());
        Failed::invalid(ErrorBody::new(code::DFQL_INVALID, message, "events"))
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

fn open_error_file(args: &CloneupArgs) -> Result<Option<File>, Failed> {
    let Some(path) = args.error_file.as_deref().filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(None);
    };
    failures::create(path).map(Some).map_err(|error| {
        let message = format!("Invalid cloneUp: cannot write errors to {}: {error}", path.display());
        Failed::invalid(ErrorBody::new(code::DFQL_INVALID, message, "errorFile"))
    })
}

fn prepare(args: &CloneupArgs, matches: &ArgMatches) -> Result<Ready, Failed> {
    let settings = resolve::settings(args, matches).map_err(|errors| Failed(End::Invalid, errors))?;
    let remote = Remote::new(&settings.remote).map_err(|error| {
        let message = format!("Invalid cloneUp: {error}");
        Failed::invalid(ErrorBody::new(code::DFQL_INVALID, message, error.path()))
    })?;
    if !args.verbosity.quiet {
        warn_of_plain_token(&settings.remote);
    }
    let database = Database::open(&settings.database)?;
    let schema =
        resolve::schema(args.target.schema.as_deref(), || database.stored_schema()).map_err(|failure| {
            match failure {
                SchemaFailure::Schema(body) => Failed::invalid(body),
                SchemaFailure::Stored(error) => error.into(),
            }
        })?;
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
) -> Result<Ready, Failed> {
    let (args, matches) = (Arc::clone(args), matches.clone());
    let preparing = tokio::task::spawn_blocking(move || prepare(&args, &matches));
    tokio::select! {
        ready = preparing => ready.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())),
        _ = signals.first() => {
            let (end, body) = cloneup::interrupted();
            Err(Failed(end, vec![body]))
        }
    }
}

async fn upload(ready: Ready, watchers: &Watchers, signals: &Signals) -> Outcome {
    let (handle, stop) = stop_channel();
    let Ready { options, schema, database, remote } = ready;
    let run = cloneup::run(options, schema, database, remote, watchers, stop);
    tokio::pin!(run);
    tokio::select! {
        outcome = &mut run => outcome,
        _ = signals.first() => {
            handle.stop();
            watchers.progress.say("interrupted: waiting for what is in flight; once more to leave at once");
            run.await
        }
    }
}
