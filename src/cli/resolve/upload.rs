//! The settings of `synctool cloneup`.

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::problems::Problems;
use super::remote::remote;
use super::target::{Settings, client_id, complete, required};
use crate::cli::args::CloneupArgs;
use crate::cli::failures::Failures;
use crate::cli::values::{COMPRESSIONS, RECORD_OPERATIONS};
use crate::cli::{error_file, values};
use crate::cloneup::{Options, Selection};

/// The settings, or everything that is wrong with the flags.
pub(in crate::cli) fn upload(args: &CloneupArgs, matches: &ArgMatches) -> Result<Settings, Failures> {
    let mut problems = Problems::default();
    let (database, base) = required(&args.target, &mut problems);
    let options = options(args, matches, &mut problems);
    let mut remote = remote(&args.target, &args.network, matches, base, &mut problems);
    if let Some(compression) = args.compress.as_deref().and_then(|name| values::named(&COMPRESSIONS, name)) {
        remote.compression = compression;
    }
    complete(database, remote, options, problems)
}

fn options(args: &CloneupArgs, matches: &ArgMatches, problems: &mut Problems) -> Options {
    let defaults = Options::default();
    let only = args.only_failed.as_deref().filter(|path| !path.as_os_str().is_empty()).map(|path| {
        error_file::read(path).unwrap_or_else(|error| {
            problems.invalid(error, "onlyFailed");
            Selection::new()
        })
    });
    let with_numbers = numbers(args, defaults, problems);
    let record_operation = args.record_operation.as_deref();
    Options {
        only,
        resources: args.resources.clone(),
        record_operation: record_operation
            .and_then(|name| values::named(&RECORD_OPERATIONS, name))
            .unwrap_or(with_numbers.record_operation),
        mutation_id_prefix: args
            .mutation_id_prefix
            .clone()
            .unwrap_or_else(|| with_numbers.mutation_id_prefix.clone()),
        client_id: client_id(&args.target),
        resume: !args.no_resume,
        verify: args.verify,
        ..switches(args, matches, with_numbers)
    }
}

/// The options with a number, a size or `auto`.
fn numbers(args: &CloneupArgs, options: Options, problems: &mut Problems) -> Options {
    let retries = args.network.max_retries.as_deref();
    Options {
        batch_size: problems.parsed(
            "batchSize",
            args.batch_size.as_deref(),
            values::positive,
            options.batch_size,
        ),
        max_retries: problems.parsed("maxRetries", retries, values::count, options.max_retries),
        batch_bytes: problems.parsed(
            "batchBytes",
            args.batch_bytes.as_deref(),
            values::size,
            options.batch_bytes,
        ),
        concurrency: problems.parsed(
            "concurrency",
            args.concurrency.as_deref(),
            values::concurrency,
            options.concurrency,
        ),
        pull_limit: problems.parsed(
            "pullLimit",
            args.pull_limit.as_deref(),
            values::positive,
            options.pull_limit,
        ),
        ..options
    }
}

/// The options that `--x` turns on and `--no-x` turns off.
fn switches(args: &CloneupArgs, matches: &ArgMatches, options: Options) -> Options {
    let switch = |name: &str, on: Option<bool>, off: bool, default: bool| {
        if off && !is_typed_after(matches, name, &format!("no_{name}")) {
            false
        } else {
            on.unwrap_or(default)
        }
    };
    Options {
        include_many_many: switch(
            "include_many_many",
            args.include_many_many,
            args.no_include_many_many,
            options.include_many_many,
        ),
        include_deletes: switch(
            "include_deletes",
            args.include_deletes,
            args.no_include_deletes,
            options.include_deletes,
        ),
        fail_fast: switch("fail_fast", args.fail_fast, args.no_fail_fast, options.fail_fast),
        pull_after: switch("pull_after", args.pull_after, args.no_pull_after, options.pull_after),
        set_global_cursor_on_success: switch(
            "set_global_cursor_on_success",
            args.set_global_cursor_on_success,
            args.no_set_global_cursor_on_success,
            options.set_global_cursor_on_success,
        ),
        clear_changelog_on_success: switch(
            "clear_changelog_on_success",
            args.clear_changelog_on_success,
            args.no_clear_changelog_on_success,
            options.clear_changelog_on_success,
        ),
        ..options
    }
}

/// Whether the first flag comes after the second one on the command line: the last one of them counts,
/// and a flag overrides every other layer.
fn is_typed_after(matches: &ArgMatches, first: &str, second: &str) -> bool {
    let place = |id: &str| {
        (matches.value_source(id) == Some(ValueSource::CommandLine)).then(|| matches.index_of(id)).flatten()
    };
    place(first).is_some_and(|place_of_first| Some(place_of_first) > place(second))
}
