//! The flags of `synctool merge-results`. The subcommand is in `commands/merge_results.rs`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::common::{OUTPUT, Output, Verbosity};

/// Add up the results of the parts of an upload into one
///
/// Reads what `cloneup --shard` and `cloneup --stage` printed on stdout. Counts are summed, the
/// cursor is the highest, errors are joined. Exits with 0 if every result is ok, with 1 if one
/// is not, and with 2 if one is missing, is there twice, or is no result.
#[derive(Debug, Args)]
pub(in crate::cli) struct MergeResultsArgs {
    /// Files with one result each
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Format of the result
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT", help_heading = OUTPUT)]
    pub(in crate::cli) output: Option<Output>,
    #[command(flatten)]
    pub(in crate::cli) verbosity: Verbosity,
}
