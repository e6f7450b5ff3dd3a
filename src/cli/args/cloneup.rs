//! The flags of `synctool cloneup`. Their values are checked in [`crate::cli::resolve`].

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueHint};

use super::common::{
    AFTER, Network, OUTPUT, Output, ProgressArgs, REQUESTS, SELECTION, SOURCE_AND_SERVER, Target, Verbosity,
    any_path,
};
use crate::cli::values::{COMPRESSIONS, RECORD_OPERATIONS, STAGES, names};

/// Upload an offline SQLite database to a sync server
///
/// Uploads records first, then join rows, then deletes made offline; then pulls what other
/// clients changed, moves the global cursor and removes what was uploaded from the change log.
/// Prints the result as one JSON document on stdout. Mutation ids are hashes of the content, so
/// the server deduplicates a repeated upload; --only-changed does not even send it.
#[derive(Debug, Args)]
#[command(override_usage = "synctool cloneup --db <PATH> --remote <URL> [OPTIONS]")]
#[expect(clippy::struct_excessive_bools, reason = "every switch has an opposite, as flags are")]
pub(in crate::cli) struct CloneupArgs {
    /// Offline database, a SQLite file; several, or a pattern such as 'tenants/*.db', are uploaded
    /// side by side
    #[arg(long, value_name = "PATH", num_args = 1.., env = "SYNCTOOL_DB", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) db: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) target: Target,

    /// Upload only these resources, in this order; repeatable
    #[arg(long, value_name = "NAMES", value_delimiter = ',', env = "SYNCTOOL_RESOURCES",
        help_heading = SELECTION)]
    pub(in crate::cli) resources: Option<Vec<String>>,
    /// Upload join rows of many-many relations
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(), env = "SYNCTOOL_INCLUDE_MANY_MANY", help_heading = SELECTION)]
    pub(in crate::cli) include_many_many: Option<bool>,
    /// Do not upload join rows
    #[arg(long, env = "SYNCTOOL_NO_INCLUDE_MANY_MANY", value_parser = BoolishValueParser::new(),
        help_heading = SELECTION)]
    pub(in crate::cli) no_include_many_many: bool,
    /// Push deletes and unrelates that were made offline
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(), env = "SYNCTOOL_INCLUDE_DELETES", help_heading = SELECTION)]
    pub(in crate::cli) include_deletes: Option<bool>,
    /// Do not push deletes and unrelates; they stay in the change log
    #[arg(long, env = "SYNCTOOL_NO_INCLUDE_DELETES", value_parser = BoolishValueParser::new(),
        help_heading = SELECTION)]
    pub(in crate::cli) no_include_deletes: bool,
    /// What the server does with a record that it already has
    #[arg(long, value_name = "OPERATION", value_parser = names(&RECORD_OPERATIONS),
        env = "SYNCTOOL_RECORD_OPERATION", help_heading = SELECTION)]
    pub(in crate::cli) record_operation: Option<String>,
    /// Upload only what an --error-file of an earlier run lists; does not pull, and leaves cursors
    /// and change log alone
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_ONLY_FAILED", help_heading = SELECTION,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) only_failed: Option<PathBuf>,
    /// Upload one of N parts of the records, for jobs that run side by side: I/N, or auto or auto/N
    /// for what the job system says
    #[arg(long, value_name = "I/N", env = "SYNCTOOL_SHARD", help_heading = SELECTION)]
    pub(in crate::cli) shard: Option<String>,
    /// Run one stage of the upload: records and deletes, join rows, or the finalization
    #[arg(long, value_name = "STAGE", value_parser = names(&STAGES), env = "SYNCTOOL_STAGE",
        help_heading = SELECTION)]
    pub(in crate::cli) stage: Option<String>,
    /// Upload at most this many records of each resource, and the join rows between them; sends no
    /// deletes, does not pull, and leaves cursors and change log alone
    #[arg(long, value_name = "N", env = "SYNCTOOL_LIMIT", help_heading = SELECTION)]
    pub(in crate::cli) limit: Option<String>,
    /// Compare with the server first, and upload only what it lacks or has otherwise
    #[arg(long, env = "SYNCTOOL_ONLY_CHANGED", value_parser = BoolishValueParser::new(),
        help_heading = SELECTION)]
    pub(in crate::cli) only_changed: bool,
    /// The same, and let the database win: what others have changed on the server is replaced, even by
    /// what was uploaded before; records are replaced unless --record-operation says otherwise
    #[arg(long, env = "SYNCTOOL_OVERWRITE", value_parser = BoolishValueParser::new(),
        help_heading = SELECTION)]
    pub(in crate::cli) overwrite: bool,
    /// With --overwrite: also remove what only the server has; asks on a terminal
    #[arg(long, env = "SYNCTOOL_DELETE_EXTRA", value_parser = BoolishValueParser::new(),
        help_heading = SELECTION)]
    pub(in crate::cli) delete_extra: bool,
    /// Remove without asking
    #[arg(long, env = "SYNCTOOL_YES", value_parser = BoolishValueParser::new(),
        help_heading = SELECTION)]
    pub(in crate::cli) yes: bool,
    /// Send nothing if more records and join rows than that would be removed
    #[arg(long, value_name = "N", env = "SYNCTOOL_MAX_DELETE", help_heading = SELECTION)]
    pub(in crate::cli) max_delete: Option<String>,
    /// First part of every mutation id
    #[arg(long, value_name = "TEXT", env = "SYNCTOOL_MUTATION_ID_PREFIX", help_heading = SELECTION)]
    pub(in crate::cli) mutation_id_prefix: Option<String>,

    /// Maximum mutations in one request
    #[arg(long, value_name = "N", allow_hyphen_values = true, env = "SYNCTOOL_BATCH_SIZE",
        help_heading = REQUESTS)]
    pub(in crate::cli) batch_size: Option<String>,
    /// Maximum size of one request before compression; a larger mutation is sent alone
    #[arg(long, value_name = "SIZE", env = "SYNCTOOL_BATCH_BYTES", help_heading = REQUESTS)]
    pub(in crate::cli) batch_bytes: Option<String>,
    /// Compression of requests and answers; auto uses what the server advertises
    #[arg(long, value_name = "ENCODING", value_parser = names(&COMPRESSIONS),
        env = "SYNCTOOL_COMPRESS", help_heading = REQUESTS)]
    pub(in crate::cli) compress: Option<String>,
    /// Maximum number of requests in flight; auto adapts it between 1 and 16
    #[arg(long, value_name = "N|auto", env = "SYNCTOOL_CONCURRENCY", help_heading = REQUESTS)]
    pub(in crate::cli) concurrency: Option<String>,
    /// Number of databases that are uploaded side by side, where --db names several
    #[arg(long, value_name = "N", env = "SYNCTOOL_JOBS", help_heading = REQUESTS)]
    pub(in crate::cli) jobs: Option<String>,
    /// Start from the beginning, even where a checkpoint of an earlier run exists
    #[arg(long, env = "SYNCTOOL_NO_RESUME", value_parser = BoolishValueParser::new(),
        help_heading = REQUESTS)]
    pub(in crate::cli) no_resume: bool,
    #[command(flatten)]
    pub(in crate::cli) network: Network,
    /// Stop at the first rejected mutation
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(), env = "SYNCTOOL_FAIL_FAST", help_heading = REQUESTS)]
    pub(in crate::cli) fail_fast: Option<bool>,
    /// Continue after rejected mutations, and report all of them
    #[arg(long, env = "SYNCTOOL_NO_FAIL_FAST", value_parser = BoolishValueParser::new(),
        help_heading = REQUESTS)]
    pub(in crate::cli) no_fail_fast: bool,
    /// With --no-fail-fast: stop when more mutations than that were rejected, or a larger part of
    /// those answered (from 100 answers on)
    #[arg(long, value_name = "N|N%", env = "SYNCTOOL_MAX_ERRORS", help_heading = REQUESTS)]
    pub(in crate::cli) max_errors: Option<String>,
    /// Write rejected mutations to this file, one JSON object per line
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_ERROR_FILE", help_heading = REQUESTS,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) error_file: Option<PathBuf>,

    /// After a successful upload, pull what other clients changed
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(), env = "SYNCTOOL_PULL_AFTER", help_heading = AFTER)]
    pub(in crate::cli) pull_after: Option<bool>,
    /// Do not pull
    #[arg(long, env = "SYNCTOOL_NO_PULL_AFTER", value_parser = BoolishValueParser::new(),
        help_heading = AFTER)]
    pub(in crate::cli) no_pull_after: bool,
    /// Maximum number of changes in one page of a pull
    #[arg(long, value_name = "N", env = "SYNCTOOL_PULL_LIMIT", help_heading = AFTER)]
    pub(in crate::cli) pull_limit: Option<String>,
    /// Move the global cursor to the highest push cursor
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(), env = "SYNCTOOL_SET_GLOBAL_CURSOR_ON_SUCCESS", help_heading = AFTER)]
    pub(in crate::cli) set_global_cursor_on_success: Option<bool>,
    /// Move the global cursor by the pull only
    #[arg(long, env = "SYNCTOOL_NO_SET_GLOBAL_CURSOR_ON_SUCCESS", value_parser = BoolishValueParser::new(),
        help_heading = AFTER)]
    pub(in crate::cli) no_set_global_cursor_on_success: bool,
    /// Remove what was uploaded from the change log
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(), env = "SYNCTOOL_CLEAR_CHANGELOG_ON_SUCCESS", help_heading = AFTER)]
    pub(in crate::cli) clear_changelog_on_success: Option<bool>,
    /// Keep the change log
    #[arg(long, env = "SYNCTOOL_NO_CLEAR_CHANGELOG_ON_SUCCESS", value_parser = BoolishValueParser::new(),
        help_heading = AFTER)]
    pub(in crate::cli) no_clear_changelog_on_success: bool,
    /// Compare both sides afterwards; a difference is an error
    #[arg(long, env = "SYNCTOOL_VERIFY", value_parser = BoolishValueParser::new(),
        help_heading = AFTER)]
    pub(in crate::cli) verify: bool,

    /// Print the plan; send and store nothing
    #[arg(long, env = "SYNCTOOL_DRY_RUN", value_parser = BoolishValueParser::new(),
        help_heading = OUTPUT)]
    pub(in crate::cli) dry_run: bool,
    /// Format of the result
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT", help_heading = OUTPUT)]
    pub(in crate::cli) output: Option<Output>,
    /// Write events as JSON lines to this file (- is stderr)
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_EVENTS", help_heading = OUTPUT,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) events: Option<PathBuf>,
    /// Write a report of the run to this file, .html or .md, also when it fails
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_REPORT", help_heading = OUTPUT,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) report: Option<PathBuf>,
    /// Write the run's counters to this file at its end, in the Prometheus text format
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_METRICS_FILE", help_heading = OUTPUT,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) metrics_file: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,
    #[command(flatten)]
    pub(in crate::cli) verbosity: Verbosity,
}
