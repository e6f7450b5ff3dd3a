//! `synctool verify`: whether the server has what the database has.

use clap::ArgMatches;

use super::args::VerifyArgs;
use super::cloneup::{one, runtime, warn_of_plain_token};
use super::escape::escaped;
use super::output::Hints;
use super::progress::Progress;
use super::resolve;
use super::signals::{SIGINT, Signals};
use super::table::Table;
use super::{exit, output};
use crate::cloneup::{CancellationToken, Comparison, DifferenceKind, Failure, Verification};
use crate::offline::Database;
use crate::remote::Remote;

/// How many differences are told in words; the result has more of them.
const MAX_TOLD: usize = 10;

/// Runs the subcommand.
pub(super) fn run(args: &VerifyArgs, matches: &ArgMatches) -> u8 {
    output::start_diagnostics(args.verbosity.quiet, args.verbosity.verbose);
    let mut signal = SIGINT;
    let verification = compare(args, matches, &mut signal).unwrap_or_else(Verification::failed);
    if !args.verbosity.quiet {
        tell(&verification);
    }
    output::failures(&verification.failures, Hints::unless(args.verbosity.quiet));
    output::result(&verification, args.output.unwrap_or_default());
    exit::status(verification.failure_kind(), signal)
}

fn compare(args: &VerifyArgs, matches: &ArgMatches, signal: &mut u8) -> Result<Verification, Vec<Failure>> {
    let settings = resolve::verify_settings(args, matches)?;
    let remote = Remote::new(&settings.remote).map_err(one)?;
    if !args.verbosity.quiet {
        warn_of_plain_token(&settings.remote);
    }
    let database = Database::open(&settings.database).map_err(one)?;
    let schema = resolve::schema(args.target.schema.as_deref(), || database.stored_schema()).map_err(one)?;
    let progress = Progress::new(args.verbosity.quiet);
    let verification = runtime()?.block_on(async {
        let signals = Signals::listen();
        let cancellation = CancellationToken::new();
        let comparison = Comparison::new(database, remote, schema).options(settings.options);
        let verifying = comparison.observer(&progress).cancellation(cancellation.clone()).run();
        tokio::pin!(verifying);
        let verification = tokio::select! {
            verification = &mut verifying => verification,
            _ = signals.first() => {
                cancellation.cancel();
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
