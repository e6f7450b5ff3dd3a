//! The flags of `synctool verify`. Their values are checked in [`crate::cli::resolve`].

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueHint};

use super::common::{
    Network, OUTPUT, OneDatabase, Output, ProgressArgs, REQUESTS, Target, Verbosity, any_path,
};

/// The heading of the flags that select what is compared.
const SELECTION: &str = "What to compare";

/// Compare an offline database with the server
///
/// Lists what is missing, different or extra on the server, on stdout as one JSON document.
/// Writes nothing on either side. Exits with 0 if both sides are equal, and with 1 if they
/// are not. A server with digests is compared by kilobytes; of another one the whole feed is read.
#[derive(Debug, Args)]
#[command(override_usage = "synctool verify --db <PATH> --remote <URL> [OPTIONS]")]
pub(in crate::cli) struct VerifyArgs {
    #[command(flatten)]
    pub(in crate::cli) database: OneDatabase,
    #[command(flatten)]
    pub(in crate::cli) target: Target,
    /// Compare only these resources; repeatable
    #[arg(long, value_name = "NAMES", value_delimiter = ',', env = "SYNCTOOL_RESOURCES",
        help_heading = SELECTION)]
    pub(in crate::cli) resources: Option<Vec<String>>,
    /// Compare join rows of many-many relations
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(), env = "SYNCTOOL_INCLUDE_MANY_MANY",
        help_heading = SELECTION)]
    pub(in crate::cli) include_many_many: Option<bool>,
    /// Do not compare join rows
    #[arg(long, env = "SYNCTOOL_NO_INCLUDE_MANY_MANY", value_parser = BoolishValueParser::new(),
        help_heading = SELECTION)]
    pub(in crate::cli) no_include_many_many: bool,
    #[command(flatten)]
    pub(in crate::cli) network: Network,
    /// Maximum number of changes in one page of a pull
    #[arg(long, value_name = "N", env = "SYNCTOOL_PULL_LIMIT", help_heading = REQUESTS)]
    pub(in crate::cli) pull_limit: Option<String>,
    /// Show the values of the fields that differ, of the first 100 rows; the server's feed is read for
    /// them
    #[arg(long, env = "SYNCTOOL_SHOW_VALUES", value_parser = BoolishValueParser::new(),
        help_heading = OUTPUT)]
    pub(in crate::cli) show_values: bool,
    /// Write all differences to this file, one JSON object per line; cloneup --only-failed takes it
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_ERROR_FILE", help_heading = OUTPUT,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) error_file: Option<PathBuf>,
    /// Format of the result
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT", help_heading = OUTPUT)]
    pub(in crate::cli) output: Option<Output>,
    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,
    #[command(flatten)]
    pub(in crate::cli) verbosity: Verbosity,
}
