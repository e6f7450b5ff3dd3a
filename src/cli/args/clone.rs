//! The flags of `synctool clone`. Their values are checked in [`crate::cli::resolve`].

use clap::Args;

use super::common::{Network, OUTPUT, OneDatabase, Output, ProgressArgs, REQUESTS, Target, Verbosity};
use crate::cli::values::{COMPRESSIONS, names};

/// Make a new database with everything that a server has
///
/// Makes the tables of the schema in a new file (--db), or where a database has none, and pulls
/// all records and join rows into them. Tables that hold rows are refused, unless they are those
/// of a clone that was interrupted: then the same command goes on. Prints the result as one JSON
/// document on stdout.
#[derive(Debug, Args)]
#[command(override_usage = "synctool clone --db <PATH> --remote <URL> [OPTIONS]")]
pub(in crate::cli) struct CloneArgs {
    #[command(flatten)]
    pub(in crate::cli) database: OneDatabase,
    #[command(flatten)]
    pub(in crate::cli) target: Target,
    #[command(flatten)]
    pub(in crate::cli) network: Network,
    /// Maximum number of changes in one page of a pull
    #[arg(long, value_name = "N", env = "SYNCTOOL_PULL_LIMIT", help_heading = REQUESTS)]
    pub(in crate::cli) pull_limit: Option<String>,
    /// Compression of answers; auto takes what the server has, and none over loopback
    #[arg(long, value_name = "ENCODING", value_parser = names(&COMPRESSIONS),
        env = "SYNCTOOL_COMPRESS", help_heading = REQUESTS)]
    pub(in crate::cli) compress: Option<String>,
    /// Format of the result
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT", help_heading = OUTPUT)]
    pub(in crate::cli) output: Option<Output>,
    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,
    #[command(flatten)]
    pub(in crate::cli) verbosity: Verbosity,
}
