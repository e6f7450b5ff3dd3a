//! `synctool verify`: compares both sides, prints the result on stdout on any outcome, and decides the
//! exit status. The comparison itself is [`Comparison`].

use clap::ArgMatches;

use super::client::{self, Ready};
use crate::cli::args::VerifyArgs;
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, Hints, Progress, Table, counted, escaped};
use crate::cli::resolve;
use crate::cli::signals::Signals;
use crate::cloneup::{CancellationToken, Comparison, DifferenceKind, Failures, Verification};

/// Maximum number of differences that are printed on stderr; the result has more of them.
const MAX_PRINTED: usize = 10;

/// Runs the subcommand.
pub(in crate::cli) fn run(args: &VerifyArgs, matches: &ArgMatches) -> u8 {
    output::start_diagnostics(args.verbosity);
    let progress = Progress::new(resolve::look(&args.progress, args.verbosity));
    let mut signal = SIGINT;
    let verification = compare(args, matches, &progress, &mut signal)
        .unwrap_or_else(|Failures(failures)| Verification::failed(failures));
    progress.end();
    let status = exit::status(verification.failure_kind(), signal);
    let status = output::result(&verification, args.output.unwrap_or_default(), status);
    output::failures(&verification.failures, Hints::unless(args.verbosity.quiet));
    if !args.verbosity.quiet {
        print(&verification);
    }
    status
}

/// Compares both sides; `signal` becomes the number of the signal that interrupted it.
fn compare(
    args: &VerifyArgs,
    matches: &ArgMatches,
    progress: &Progress,
    signal: &mut u8,
) -> Result<Verification, Failures> {
    let settings = resolve::comparison(args, matches)?;
    let ready = client::open(settings, args.target.schema.as_deref(), args.verbosity.quiet)?;
    let Ready { options, schema, database, remote } = ready;
    Ok(client::runtime()?.block_on(async {
        let signals = Signals::listen();
        let cancellation = CancellationToken::new();
        let comparison = Comparison::new(database, remote, schema).options(options);
        let comparing = comparison.observer(progress).cancellation(cancellation.clone()).run();
        tokio::pin!(comparing);
        let verification = tokio::select! {
            verification = &mut comparing => verification,
            _ = signals.first() => {
                cancellation.cancel();
                comparing.await
            }
        };
        *signal = signals.received().unwrap_or(SIGINT);
        verification
    }))
}

/// Prints counts and differences on stderr, for a person.
fn print(verification: &Verification) {
    if verification.tables.is_empty() {
        return;
    }
    let mut table = Table::new(&["", "local", "server", "missing", "different", "extra"]);
    for counts in &verification.tables {
        let numbers = [counts.local, counts.server, counts.missing, counts.different, counts.extra];
        let [local, server, missing, different, extra] = numbers.map(|number| number.to_string());
        table.row([counts.name.clone(), local, server, missing, different, extra]);
    }
    for row in table.lines() {
        output::line(&row);
    }
    for difference in verification.differences.iter().take(MAX_PRINTED) {
        let what = match difference.kind {
            DifferenceKind::Missing => "missing on the server",
            DifferenceKind::Different => "different on the server",
            DifferenceKind::Extra => "only on the server",
        };
        output::line(&format!("{} {}: {what}", escaped(&difference.resource), escaped(&difference.id)));
    }
    match verification.count() {
        0 => output::line("both sides are equal"),
        count => output::line(&counted(count, "difference")),
    }
}
