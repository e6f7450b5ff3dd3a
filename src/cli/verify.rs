//! `synctool verify`: whether the server has what the database has.

use std::sync::Arc;

use clap::ArgMatches;

use super::args::VerifyArgs;
use super::cloneup::{Failed, runtime, warn_of_plain_token};
use super::escape::escaped;
use super::output::Hints;
use super::progress::Progress;
use super::resolve::{self, SchemaFailure};
use super::signals::{SIGINT, Signals};
use super::table::Table;
use super::{exit, output};
use crate::cloneup::{DifferenceKind, End, Verification, stop_channel, verify};
use crate::offline::Database;
use crate::protocol::{ErrorBody, code};
use crate::remote::Remote;

/// How many differences are told in words; the result has more of them.
const MAX_TOLD: usize = 10;

/// Runs the subcommand.
pub(super) fn run(args: &VerifyArgs, matches: &ArgMatches) -> u8 {
    output::start_diagnostics(args.verbosity.quiet, args.verbosity.verbose);
    let mut signal = SIGINT;
    let verification = compare(args, matches, &mut signal)
        .unwrap_or_else(|Failed(end, errors)| Verification::failed(end, errors));
    if !args.verbosity.quiet {
        tell(&verification);
    }
    output::refusals(&verification.errors, Hints::unless(args.verbosity.quiet));
    output::result(&verification, args.output.unwrap_or_default());
    exit::status(verification.end, signal)
}

fn compare(args: &VerifyArgs, matches: &ArgMatches, signal: &mut u8) -> Result<Verification, Failed> {
    let settings = resolve::verify_settings(args, matches).map_err(|errors| Failed(End::Invalid, errors))?;
    let remote = Remote::new(&settings.remote).map_err(|error| {
        let message = format!("Invalid cloneUp: {error}");
        Failed::invalid(ErrorBody::new(code::DFQL_INVALID, message, error.path()))
    })?;
    if !args.verbosity.quiet {
        warn_of_plain_token(&settings.remote);
    }
    let database = Database::open(&settings.database)?;
    let schema = resolve::schema(args.target.schema.as_deref(), || database.stored_schema());
    let schema = schema.map_err(|failure| match failure {
        SchemaFailure::Schema(body) => Failed::invalid(body),
        SchemaFailure::Stored(error) => error.into(),
    })?;
    let progress = Progress::new(args.verbosity.quiet);
    let (options, schema) = (Arc::new(settings.options), Arc::new(schema));
    let verification = runtime()?.block_on(async {
        let signals = Signals::listen();
        let (handle, stop) = stop_channel();
        let verifying = verify(&options, &schema, &database, &remote, &progress, &stop, None);
        tokio::pin!(verifying);
        let verification = tokio::select! {
            verification = &mut verifying => verification,
            _ = signals.first() => {
                handle.stop();
                verifying.await
            }
        };
        *signal = signals.received().unwrap_or(SIGINT);
        verification
    });
    Ok(verification)
}

/// Tells it on stderr, for a person.
fn tell(verification: &Verification) {
    if verification.tables.is_empty() {
        return;
    }
    let mut table = Table::new(&["", "local", "server", "missing", "different", "extra"]);
    for counts in &verification.tables {
        let numbers = [counts.local, counts.server, counts.missing, counts.different, counts.extra];
        let [local, server, missing, different, extra] = numbers.map(|number| number.to_string());
        table.row([counts.name.clone(), local, server, missing, different, extra]);
    }
    for line in table.lines() {
        output::line(&escaped(&line));
    }
    for difference in verification.differences.iter().take(MAX_TOLD) {
        let what = match difference.kind {
            DifferenceKind::Missing => "missing on the server",
            DifferenceKind::Different => "different on the server",
            DifferenceKind::Extra => "only on the server",
        };
        output::line(&format!("{} {}: {what}", escaped(&difference.resource), escaped(&difference.id)));
    }
    let count = verification.count();
    if count == 0 {
        output::line("both sides are equal");
    } else {
        output::line(&format!("{count} differences"));
    }
}
