//! `synctool merge-results`: reads the results of the parts of an upload, and prints their sum. The sum
//! itself is made by [`merge`].

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use crate::cli::args::MergeResultsArgs;
use crate::cli::exit;
use crate::cli::output::{self, Hints, counted};
use crate::cloneup::{Failure, Failures, MergedResult, Outcome, PartResult, merge};

/// Maximum size of a result in bytes: that of a run in which millions of mutations were rejected. A
/// larger file is none.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// Runs the subcommand.
pub(in crate::cli) fn run(args: &MergeResultsArgs) -> u8 {
    output::start_diagnostics(args.verbosity);
    let (is_quiet, format) = (args.verbosity.quiet, args.output.unwrap_or_default());
    let hints = Hints::unless(is_quiet);
    match read_all(args).and_then(merge) {
        Ok(merged) => {
            let status = if merged.ok { exit::SUCCESS } else { exit::REJECTED };
            let status = output::result(&merged, format, status);
            output::failures(&merged.failures, hints);
            if !is_quiet {
                output::line(&summary(&merged, args.files.len()));
            }
            status
        }
        Err(Failures(failures)) => {
            let outcome = Outcome::failed(failures);
            let status = output::result(&outcome, format, exit::INVALID);
            output::failures(&outcome.failures, hints);
            status
        }
    }
}

/// Reads every file.
///
/// # Errors
/// A failure for each file that cannot be read or has no result.
fn read_all(args: &MergeResultsArgs) -> Result<Vec<(String, PartResult)>, Failures> {
    let (mut results, mut failures) = (Vec::with_capacity(args.files.len()), Vec::new());
    for (index, path) in args.files.iter().enumerate() {
        match read(path) {
            Ok(result) => results.push((path.display().to_string(), result)),
            Err(problem) => {
                let message = format!("{}: {problem}", path.display());
                failures.push(Failure::usage(message, format!("files[{index}]")));
            }
        }
    }
    if failures.is_empty() { Ok(results) } else { Err(Failures(failures)) }
}

/// Reads the result in a file, or says why there is none.
fn read(path: &Path) -> Result<PartResult, String> {
    let cannot_read = |error: io::Error| format!("cannot be read: {error}");
    // First, because Windows opens no folder.
    if path.is_dir() {
        return Err("it is a folder".to_owned());
    }
    let file = File::open(path).map_err(cannot_read)?;
    let metadata = file.metadata().map_err(cannot_read)?;
    if metadata.len() == 0 && metadata.is_file() {
        return Err("it is empty: the run has printed no result".to_owned());
    }
    let json = BufReader::new(file).take(MAX_BYTES);
    PartResult::read(json).map_err(|error| format!("it is not the result of a run: {error}"))
}

/// What the results are of together, in one line.
fn summary(merged: &MergedResult, files: usize) -> String {
    let total = |name, count| merged.stats.total(name, count);
    let records = counted(total("resources", "records"), "record");
    let rows = counted(total("joinStores", "rows"), "join row");
    let errors = counted(merged.failures.len() as u64, "error");
    let verdict = if merged.ok { "all are ok" } else { "not all are ok" };
    format!("{}, {verdict}: {records}, {rows}, {errors}", counted(files as u64, "result"))
}
