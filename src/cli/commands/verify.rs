//! `synctool verify`: compares both sides, prints the result on stdout on any outcome, and decides the
//! exit status. The comparison itself is [`Comparison`].

use std::fs::File;

use clap::ArgMatches;

use super::client::{self, Ready};
use crate::cli::args::VerifyArgs;
use crate::cli::error_file;
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, Hints, Progress, Table, counted, escaped, grouped};
use crate::cli::resolve;
use crate::cli::signals::Signals;
use crate::cloneup::{
    CancellationToken, Comparison, DifferenceKind, Failures, FieldDifference, TableCounts, Verification,
};

/// Maximum number of differences that are printed on stderr; the result has more of them.
const MAX_PRINTED: usize = 10;

/// Runs the subcommand.
pub(in crate::cli) fn run(args: &VerifyArgs, matches: &ArgMatches) -> u8 {
    output::start_diagnostics(args.verbosity);
    let progress = Progress::new(resolve::look(&args.progress, args.verbosity));
    let (mut signal, hints) = (SIGINT, Hints::unless(args.verbosity.quiet));
    let (verification, file) = match compare(args, matches, &progress, &mut signal) {
        Ok((verification, file)) => (verification, file),
        Err(Failures(failures)) => (Verification::failed(failures), None),
    };
    let written = file.map_or(Ok(()), |file| error_file::write_differences(file, &verification));
    progress.end();
    let status = exit::status(verification.failure_kind(), signal);
    let status = output::result(&verification, args.output.unwrap_or_default(), status);
    let status = output::unless_unwritten(status, written, "the error file could not be written");
    output::failures(&verification.failures, hints);
    if !args.verbosity.quiet {
        print(&verification);
    }
    if verification.count() > 0 {
        hints.print(&way_out(&verification));
    }
    status
}

/// How to make both sides equal.
fn way_out(verification: &Verification) -> String {
    let has = |count: fn(&TableCounts) -> u64| verification.tables.iter().any(|table| count(table) > 0);
    let sent = "cloneup --overwrite sends what is missing or different";
    match (has(|table| table.missing + table.different), has(|table| table.extra)) {
        (true, false) => sent.to_owned(),
        (true, true) => format!("{sent}; --delete-extra also removes what only the server has"),
        (false, _) => "cloneup --overwrite --delete-extra removes what only the server has".to_owned(),
    }
}

/// Compares both sides; `signal` becomes the number of the signal that interrupted it.
fn compare(
    args: &VerifyArgs,
    matches: &ArgMatches,
    progress: &Progress,
    signal: &mut u8,
) -> Result<(Verification, Option<File>), Failures> {
    let settings = resolve::comparison(args, matches)?;
    let ready = client::open(settings, args.target.schema.as_deref(), args.verbosity.quiet)?;
    let file = error_file::create(args.error_file.as_deref())?;
    let Ready { options, schema, database, remote } = ready;
    let verification = client::block_on(&client::runtime()?, async {
        let signals = Signals::listen();
        let cancellation = CancellationToken::new();
        let comparison = Comparison::new(database, remote, schema).options(options);
        let comparison = comparison.show_values(args.show_values);
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
    });
    Ok((verification, file))
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
        let fields = difference.fields.iter().flatten().map(|field| escaped(&field.name)).collect::<Vec<_>>();
        let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
        let (resource, id) = (escaped(&difference.resource), escaped(&difference.id));
        output::line(&format!("{resource} {id}: {what}{fields}"));
        for field in difference.fields.iter().flatten() {
            values(field);
        }
    }
    let printed = verification.differences.len().min(MAX_PRINTED) as u64;
    match verification.count() {
        0 => output::line("both sides are equal"),
        count if count > printed => {
            let more = grouped(count - printed);
            output::line(&format!("{}, {more} of them not shown here", counted(count, "difference")));
        }
        count => output::line(&counted(count, "difference")),
    }
}

/// Prints both values of a field, where they are known.
fn values(field: &FieldDifference) {
    if field.local_value.is_none() && field.server_value.is_none() {
        return;
    }
    let shown = |value: &Option<serde_json::Value>| match value {
        Some(value) => escaped(&value.to_string()).into_owned(),
        None => "nothing".to_owned(),
    };
    let (local, server) = (shown(&field.local_value), shown(&field.server_value));
    output::line(&format!("  {}: {local} in the database, {server} on the server", escaped(&field.name)));
}
