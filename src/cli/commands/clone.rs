//! `synctool clone`: makes a new database with everything that a server has, prints the result on stdout on
//! any outcome, and decides the exit status. The clone itself is [`crate::cloneup::ServerClone`].

use std::path::Path;

use clap::ArgMatches;

use super::client;
use crate::cli::args::{CloneArgs, Output};
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, Hints, Progress};
use crate::cli::resolve::{self, Settings};
use crate::cli::signals::Signals;
use crate::cloneup::{CancellationToken, CloneOutcome, Failure, Failures, ServerClone};
use crate::offline::{Database, OfflineError};

/// Runs the subcommand.
pub(in crate::cli) fn run(args: CloneArgs, matches: &ArgMatches) -> u8 {
    output::start_diagnostics(args.verbosity);
    let progress = Progress::new(resolve::look(&args.progress, args.verbosity));
    let (is_quiet, format) = (args.verbosity.quiet, args.output.unwrap_or_default());
    let mut signal = SIGINT;
    let outcome = clone(args, matches, &progress, &mut signal)
        .unwrap_or_else(|Failures(failures)| CloneOutcome::failed(failures));
    let measured = progress.end();
    let status = exit::status(outcome.failure_kind(), signal);
    let status = output::result(&outcome, format, status);
    output::failures(&outcome.failures, Hints::unless(is_quiet).of_clone());
    if !is_quiet {
        output::paragraph(&output::clone_summary(&outcome, &measured));
    }
    status
}

/// Prints the result of a command line that could not be parsed. Returns the exit status.
pub(in crate::cli) fn print_refusal(Failures(failures): Failures) -> u8 {
    output::result(&CloneOutcome::failed(failures), Output::Auto, exit::INVALID)
}

/// Clones; `signal` becomes the number of the signal that interrupted it.
fn clone(
    args: CloneArgs,
    matches: &ArgMatches,
    progress: &Progress,
    signal: &mut u8,
) -> Result<CloneOutcome, Failures> {
    let runtime = client::runtime()?;
    let outcome = client::block_on(&runtime, async {
        let format = args.output.unwrap_or_default();
        let signals = Signals::listen_and(move || {
            let outcome = CloneOutcome::failed(vec![Failure::interrupted()]);
            // The process ends with the signal's status in any case.
            let _ = output::result(&outcome, format, exit::SIGNAL);
        });
        let outcome = prepare_and_clone(args, matches, progress, &signals).await;
        *signal = signals.received().unwrap_or(SIGINT);
        outcome
    });
    // An interrupted preparation may still wait for a lock.
    runtime.shutdown_background();
    outcome
}

async fn prepare_and_clone(
    args: CloneArgs,
    matches: &ArgMatches,
    progress: &Progress,
    signals: &Signals,
) -> Result<CloneOutcome, Failures> {
    let matches = matches.clone();
    let clone = client::unless_interrupted(signals, move || prepare(&args, &matches)).await?;
    let cancellation = CancellationToken::new();
    let cloning = clone.observer(progress).cancellation(cancellation.clone()).run();
    tokio::pin!(cloning);
    Ok(tokio::select! {
        outcome = &mut cloning => outcome,
        _ = signals.first() => {
            cancellation.cancel();
            progress.say("interrupted: finishing the page that is being written; a second signal exits at once");
            cloning.await
        }
    })
}

/// The clone that the flags describe.
fn prepare(args: &CloneArgs, matches: &ArgMatches) -> Result<ServerClone<'static>, Failures> {
    let settings = resolve::clone(args, matches)?;
    let remote = client::connect(&settings, args.verbosity.quiet)?;
    let Settings { database, options, .. } = settings;
    let schema = resolve::schema(args.target.schema.as_deref(), || stored_schema(&database))?;
    Ok(ServerClone::new(database, remote, schema).options(options))
}

/// The schema that a file stores; a file that is not there yet has none.
fn stored_schema(path: &Path) -> Result<Option<String>, OfflineError> {
    let is_there = std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    if is_there { Database::open(path)?.stored_schema() } else { Ok(None) }
}
