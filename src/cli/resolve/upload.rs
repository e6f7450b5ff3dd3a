//! The settings of `synctool cloneup`. The flags are in `args/cloneup.rs`; what every client needs is in
//! [`super::target`].

use std::num::NonZeroUsize;

use clap::ArgMatches;

use super::changes::changes;
use super::look::interval;
use super::origin::with_origins;
use super::problems::Problems;
use super::remote::remote;
use super::stage::stage_of;
use super::switch::set_switch;
use super::target::{Settings, client_id, required, resources};
use crate::cli::args::CloneupArgs;
use crate::cli::error_file::{self, Rejected};
use crate::cli::report_file::ReportFile;
use crate::cli::values;
use crate::cli::values::{COMPRESSIONS, RECORD_OPERATIONS};
use crate::cloneup::{Failures, Options};

/// The settings, or everything that is wrong with the flags.
pub(in crate::cli) fn upload(args: &CloneupArgs, matches: &ArgMatches) -> Result<Settings, Failures> {
    let mut problems = Problems::default();
    // One database takes no more than one job.
    let _ = jobs(args, &mut problems);
    let (settings, only) = settings(args, matches, &mut problems);
    let settings = settings.map(|mut settings| {
        settings.options.only = only.map(|only| only.of(&settings.database));
        settings
    });
    problems.or(settings).map_err(|failures| with_origins(failures, matches))
}

/// The settings of an upload of one database or of several, if they are complete, and what is uploaded
/// again.
pub(super) fn settings(
    args: &CloneupArgs,
    matches: &ArgMatches,
    problems: &mut Problems,
) -> (Option<Settings>, Option<Rejected>) {
    let (database, base) = required(&args.db, &args.target, problems);
    let only = only_failed(args, problems);
    let options = options(args, matches, problems);
    interval(&args.progress, problems);
    report(args, problems);
    let mut remote = remote(&args.target, &args.network, matches, base, problems);
    if let Some(compression) = args.compress.as_deref().and_then(|name| values::named(&COMPRESSIONS, name)) {
        remote.compression = compression;
    }
    let warnings = problems.take_warnings();
    (database.map(|database| Settings { database, remote, options, warnings }), only)
}

/// How many databases are uploaded side by side, if the flag says it.
pub(super) fn jobs(args: &CloneupArgs, problems: &mut Problems) -> Option<NonZeroUsize> {
    let mut jobs = None;
    problems.set(&mut jobs, "jobs", args.jobs.as_deref(), |text| values::positive(text).map(Some));
    jobs
}

/// What the file of `--only-failed` lists.
fn only_failed(args: &CloneupArgs, problems: &mut Problems) -> Option<Rejected> {
    let path = args.only_failed.as_deref().filter(|path| !path.as_os_str().is_empty())?;
    Some(error_file::read(path).unwrap_or_else(|error| {
        problems.invalid(error, "onlyFailed");
        Rejected::default()
    }))
}

/// Checks that the name of a report says its form.
fn report(args: &CloneupArgs, problems: &mut Problems) {
    if let Some(path) = args.report.as_deref().filter(|path| !path.as_os_str().is_empty())
        && let Err(problem) = ReportFile::new(path)
    {
        problems.told_as(format_args!("report {problem}"), "report", format!("--report {problem}"));
    }
}

fn options(args: &CloneupArgs, matches: &ArgMatches, problems: &mut Problems) -> Options {
    let mut options = Options {
        resources: resources(args.resources.as_ref()),
        client_id: client_id(&args.target),
        resume: !args.no_resume,
        verify: args.verify,
        stage: stage_of(args, problems),
        ..Options::default()
    };
    if let Some(prefix) = &args.mutation_id_prefix {
        options.mutation_id_prefix.clone_from(prefix);
    }
    let operation = args.record_operation.as_deref();
    if let Some(operation) = operation.and_then(|name| values::named(&RECORD_OPERATIONS, name)) {
        options.record_operation = Some(operation);
    }
    numbers(args, &mut options, problems);
    switches(args, matches, &mut options);
    changes(args, &mut options, problems);
    if options.max_errors.is_some() && options.fail_fast {
        problems.warn(
            "--max-errors has no effect without --no-fail-fast: the first rejected mutation ends the run",
        );
    }
    options
}

/// Sets the options with a number, a size or `auto`.
fn numbers(args: &CloneupArgs, options: &mut Options, problems: &mut Problems) {
    let (retries, wait) = (args.network.max_retries.as_deref(), args.network.wait.as_deref());
    problems.set(&mut options.wait, "wait", wait, values::duration);
    let some_limit = |text: &str| values::positive(text).map(Some);
    problems.set(&mut options.limit, "limit", args.limit.as_deref(), some_limit);
    let some_errors = |text: &str| values::max_errors(text).map(Some);
    problems.set(&mut options.max_errors, "maxErrors", args.max_errors.as_deref(), some_errors);
    problems.set(&mut options.batch_size, "batchSize", args.batch_size.as_deref(), values::positive);
    problems.set(&mut options.max_retries, "maxRetries", retries, values::count);
    problems.set(&mut options.batch_bytes, "batchBytes", args.batch_bytes.as_deref(), values::size);
    problems.set(&mut options.concurrency, "concurrency", args.concurrency.as_deref(), values::concurrency);
    problems.set(&mut options.pull_limit, "pullLimit", args.pull_limit.as_deref(), values::positive);
}

/// Sets the options that `--x` turns on and `--no-x` turns off.
fn switches(args: &CloneupArgs, matches: &ArgMatches, options: &mut Options) {
    let set = |option: &mut bool, name: &str, on: Option<bool>, off: bool| {
        set_switch(option, matches, name, on, off);
    };
    let Options { include_many_many, include_deletes, fail_fast, pull_after, .. } = options;
    set(include_many_many, "include_many_many", args.include_many_many, args.no_include_many_many);
    set(include_deletes, "include_deletes", args.include_deletes, args.no_include_deletes);
    set(fail_fast, "fail_fast", args.fail_fast, args.no_fail_fast);
    set(pull_after, "pull_after", args.pull_after, args.no_pull_after);
    set(
        &mut options.set_global_cursor_on_success,
        "set_global_cursor_on_success",
        args.set_global_cursor_on_success,
        args.no_set_global_cursor_on_success,
    );
    set(
        &mut options.clear_changelog_on_success,
        "clear_changelog_on_success",
        args.clear_changelog_on_success,
        args.no_clear_changelog_on_success,
    );
}
