//! The flags of `synctool verify`. Their values are checked in [`crate::cli::resolve`].

use clap::Args;
use clap::builder::BoolishValueParser;

use super::common::{Network, OUTPUT, OneDatabase, Output, ProgressArgs, REQUESTS, Target, Verbosity};

/// The heading of the flags that select what is compared.
const SELECTION: &str = "What to compare";

/// Compare an offline database with the server
///
/// Lists what is missing, different or extra on the server, on stdout as one JSON document.
/// Writes nothing on either side. Exits with 0 if both sides are equal, and with 1 if they
/// are not.
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
    /// Format of the result
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT", help_heading = OUTPUT)]
    pub(in crate::cli) output: Option<Output>,
    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,
    #[command(flatten)]
    pub(in crate::cli) verbosity: Verbosity,
}
