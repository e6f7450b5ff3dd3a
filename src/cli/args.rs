//! The flags as somebody typed them: plain data, nothing checked yet. What they come to is
//! worked out in [`super::resolve`].
//!
//! The doc comments are the help. Values that need checking are text here, so that flag,
//! environment and file fail with the same words.

use std::path::PathBuf;

use clap::builder::{BoolishValueParser, OsStringValueParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, ValueEnum, ValueHint};

/// Uploads offline-first data in bulk to a DataFn sync server
#[derive(Debug, Parser)]
#[command(name = "synctool", version, propagate_version = true, args_override_self = true)]
pub(super) struct Cli {
    /// Configuration file [default: the nearest synctool.toml upward from here]
    #[arg(long, global = true, value_name = "FILE", env = "SYNCTOOL_CONFIG", value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(super) command: Subcommand,
}

/// What synctool can do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    Cloneup(Box<CloneupArgs>),
    Config(ConfigArgs),
    Inspect(InspectArgs),
    Schema(SchemaArgs),
    Verify(Box<VerifyArgs>),
    #[cfg(feature = "serve")]
    Serve(ServeArgs),
    #[cfg(feature = "serve")]
    Demo(DemoArgs),
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Output {
    /// Pretty on a terminal, one line elsewhere
    #[default]
    Auto,
    /// One line
    Json,
    /// Indented
    Pretty,
}

/// Takes any path, an empty one too: a variable that is set to nothing counts as not given.
fn any_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

const WHERE: &str = "Where from and where to";
const WHAT: &str = "What to upload";
const ERRORS: &str = "Speed and errors";
const AFTER: &str = "After the upload";
const SHOWN: &str = "What is shown";

const EXIT_STATUSES: &str = "\
Exit status:
  0    everything was uploaded
  1    the server rejected mutations
  2    wrong usage, options or schema, or data that cannot be uploaded as it is
  3    the offline database failed
  4    the server could not be reached, refused the credentials, or broke the
       protocol
  130  interrupted (143: terminated); the result is printed all the same

Every flag can also come from the environment (--batch-size from
SYNCTOOL_BATCH_SIZE) or from synctool.toml (batch-size = 500). The token comes
from SYNCTOOL_TOKEN or --token-file, never from a flag.";

/// Upload an offline SQLite database to a sync server
///
/// Uploads records first, then join rows, then deletes made offline; then pulls what others
/// changed, moves the global cursor and drains the change log. Prints the result as one JSON
/// document on stdout. Mutation ids are hashes of the content, so a repeated upload is
/// deduplicated by the server.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "every switch has an opposite, as flags are")]
#[command(after_help = EXIT_STATUSES)]
pub(super) struct CloneupArgs {
    #[command(flatten)]
    pub(super) target: Target,

    /// Only these resources, in this order; repeatable [default: all that are not remote-only]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', env = "SYNCTOOL_RESOURCES", help_heading = WHAT)]
    pub(super) resources: Option<Vec<String>>,
    /// Upload join rows of many-many relations [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        env = "SYNCTOOL_INCLUDE_MANY_MANY", help_heading = WHAT)]
    pub(super) include_many_many: Option<bool>,
    /// Leave join rows out
    #[arg(long, env = "SYNCTOOL_NO_INCLUDE_MANY_MANY", value_parser = BoolishValueParser::new(), help_heading = WHAT)]
    pub(super) no_include_many_many: bool,
    /// Push deletes and unrelates that were made offline [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        env = "SYNCTOOL_INCLUDE_DELETES", help_heading = WHAT)]
    pub(super) include_deletes: Option<bool>,
    /// Leave offline deletes in the change log
    #[arg(long, env = "SYNCTOOL_NO_INCLUDE_DELETES", value_parser = BoolishValueParser::new(), help_heading = WHAT)]
    pub(super) no_include_deletes: bool,
    /// What happens to records that the server already has [default: merge]
    #[arg(long, value_name = "OPERATION", value_parser = ["merge", "replace", "insert"],
        env = "SYNCTOOL_RECORD_OPERATION", help_heading = WHAT)]
    pub(super) record_operation: Option<String>,
    /// Only what an earlier run wrote to its --error-file; such a run finalizes nothing
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_ONLY_FAILED", help_heading = WHAT, value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) only_failed: Option<PathBuf>,
    /// First part of every mutation id [default: cloneup]
    #[arg(long, value_name = "TEXT", env = "SYNCTOOL_MUTATION_ID_PREFIX", help_heading = WHAT)]
    pub(super) mutation_id_prefix: Option<String>,

    /// Mutations in one request, at most [default: 100]
    #[arg(long, value_name = "N", allow_hyphen_values = true, env = "SYNCTOOL_BATCH_SIZE", help_heading = ERRORS)]
    pub(super) batch_size: Option<String>,
    /// Size of a request before compression, at most; a larger mutation goes alone [default: 1MiB]
    #[arg(long, value_name = "SIZE", env = "SYNCTOOL_BATCH_BYTES", help_heading = ERRORS)]
    pub(super) batch_bytes: Option<String>,
    /// Compress requests; auto does what the server advertises [default: auto]
    #[arg(long, value_name = "ENCODING", value_parser = ["auto", "none", "gzip", "zstd"],
        env = "SYNCTOOL_COMPRESS", help_heading = ERRORS)]
    pub(super) compress: Option<String>,
    /// Requests in flight, at most: a number, or auto: 1 to 16, found while running [default: auto]
    #[arg(long, value_name = "N|auto", env = "SYNCTOOL_CONCURRENCY", help_heading = ERRORS)]
    pub(super) concurrency: Option<String>,
    /// Start from the beginning, whatever an earlier run has come to
    #[arg(long, env = "SYNCTOOL_NO_RESUME", value_parser = BoolishValueParser::new(), help_heading = ERRORS)]
    pub(super) no_resume: bool,
    #[command(flatten)]
    pub(super) network: Network,
    /// Stop at the first rejected mutation [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        env = "SYNCTOOL_FAIL_FAST", help_heading = ERRORS)]
    pub(super) fail_fast: Option<bool>,
    /// Write rejected mutations to a file, a JSON object a line
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_ERROR_FILE", help_heading = ERRORS, value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) error_file: Option<PathBuf>,
    /// Go on after rejected mutations and report them all
    #[arg(long, env = "SYNCTOOL_NO_FAIL_FAST", value_parser = BoolishValueParser::new(), help_heading = ERRORS)]
    pub(super) no_fail_fast: bool,

    /// Pull what others changed [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        env = "SYNCTOOL_PULL_AFTER", help_heading = AFTER)]
    pub(super) pull_after: Option<bool>,
    /// Do not pull
    #[arg(long, env = "SYNCTOOL_NO_PULL_AFTER", value_parser = BoolishValueParser::new(), help_heading = AFTER)]
    pub(super) no_pull_after: bool,
    /// Changes in one page of a pull, at most [default: 1000]
    #[arg(long, value_name = "N", env = "SYNCTOOL_PULL_LIMIT", help_heading = AFTER)]
    pub(super) pull_limit: Option<String>,
    /// Move the global cursor to the highest push cursor [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        env = "SYNCTOOL_SET_GLOBAL_CURSOR_ON_SUCCESS", help_heading = AFTER)]
    pub(super) set_global_cursor_on_success: Option<bool>,
    /// Leave the global cursor to the pull
    #[arg(long, env = "SYNCTOOL_NO_SET_GLOBAL_CURSOR_ON_SUCCESS", value_parser = BoolishValueParser::new(), help_heading = AFTER)]
    pub(super) no_set_global_cursor_on_success: bool,
    /// Remove what was uploaded from the change log [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        env = "SYNCTOOL_CLEAR_CHANGELOG_ON_SUCCESS", help_heading = AFTER)]
    pub(super) clear_changelog_on_success: Option<bool>,
    /// Keep the change log
    #[arg(long, env = "SYNCTOOL_NO_CLEAR_CHANGELOG_ON_SUCCESS", value_parser = BoolishValueParser::new(), help_heading = AFTER)]
    pub(super) no_clear_changelog_on_success: bool,

    /// Print what would be uploaded, and send and store nothing
    #[arg(long, env = "SYNCTOOL_DRY_RUN", value_parser = BoolishValueParser::new(), help_heading = SHOWN)]
    pub(super) dry_run: bool,
    /// Compare both sides at the end; what differs is an error
    #[arg(long, env = "SYNCTOOL_VERIFY", value_parser = BoolishValueParser::new(), help_heading = AFTER)]
    pub(super) verify: bool,
    /// How the result is printed [default: auto]
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT", help_heading = SHOWN)]
    pub(super) output: Option<Output>,
    /// Write events as JSON lines to a file, or to stderr with "-"
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_EVENTS", help_heading = SHOWN, value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) events: Option<PathBuf>,
    #[command(flatten)]
    pub(super) verbosity: Verbosity,
}

/// The database and the server.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The offline database, a SQLite file
    #[arg(long, value_name = "PATH", env = "SYNCTOOL_DB", help_heading = WHERE, value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) db: Option<PathBuf>,
    /// The server's base URL, to which /push and /pull are added
    #[arg(long, value_name = "URL", env = "SYNCTOOL_REMOTE", help_heading = WHERE, value_hint = ValueHint::Url)]
    pub(super) remote: Option<String>,
    /// The schema [default: the one stored in the database]
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_SCHEMA", help_heading = WHERE, value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) schema: Option<PathBuf>,
    /// Upload as this client [default: the database's own id]
    #[arg(long, value_name = "ID", env = "SYNCTOOL_CLIENT_ID", help_heading = WHERE)]
    pub(super) client_id: Option<String>,
    /// File that holds the token
    #[arg(long, value_name = "PATH", env = "SYNCTOOL_TOKEN_FILE", help_heading = WHERE, value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) token_file: Option<PathBuf>,
    /// Command whose output is the token, run by the shell
    #[arg(long, value_name = "COMMAND", env = "SYNCTOOL_TOKEN_COMMAND", help_heading = WHERE, value_hint = ValueHint::CommandString)]
    pub(super) token_command: Option<String>,
    /// Send this header with every request; repeatable
    #[arg(long, value_name = "NAME: VALUE", env = "SYNCTOOL_HEADER", hide_env_values = true, help_heading = WHERE)]
    pub(super) header: Vec<String>,
    /// Trust these PEM certificates too
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_CA_CERT", help_heading = WHERE, value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) ca_cert: Option<PathBuf>,
}

/// How patiently the server is spoken to.
#[derive(Debug, Args)]
pub(super) struct Network {
    /// How often a failed request is sent again [default: 3]
    #[arg(long, value_name = "N", allow_hyphen_values = true, env = "SYNCTOOL_MAX_RETRIES", help_heading = ERRORS)]
    pub(super) max_retries: Option<String>,
    /// Longest first pause before a retry; it doubles from there [default: 1s]
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_RETRY_DELAY", help_heading = ERRORS)]
    pub(super) retry_delay: Option<String>,
    /// Longest pause before a retry [default: 30s]
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_RETRY_MAX_DELAY", help_heading = ERRORS)]
    pub(super) retry_max_delay: Option<String>,
    /// Time for one request, all of it [default: 60s]
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_TIMEOUT", help_heading = ERRORS)]
    pub(super) timeout: Option<String>,
    /// Time for a connection [default: 10s]
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_CONNECT_TIMEOUT", help_heading = ERRORS)]
    pub(super) connect_timeout: Option<String>,
}

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Verbosity {
    /// Nothing but errors on stderr
    #[arg(short, long, env = "SYNCTOOL_QUIET", value_parser = BoolishValueParser::new(), help_heading = SHOWN)]
    pub(super) quiet: bool,
    /// Say more on stderr; twice for all of it
    #[arg(short, long, action = ArgAction::Count, env = "SYNCTOOL_VERBOSE", help_heading = SHOWN)]
    pub(super) verbose: u8,
}

/// Compare an offline database with the server
///
/// Lists what is missing on the server, different or extra there, on stdout as one JSON
/// document. Nothing is written on either side. Exits with 0 only when both are equal, with 1
/// when they are not.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pub(super) target: Target,
    /// Only these resources; repeatable [default: all that are not remote-only]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', env = "SYNCTOOL_RESOURCES", help_heading = WHAT)]
    pub(super) resources: Option<Vec<String>>,
    /// Leave join rows out
    #[arg(long, env = "SYNCTOOL_NO_INCLUDE_MANY_MANY", value_parser = BoolishValueParser::new(), help_heading = WHAT)]
    pub(super) no_include_many_many: bool,
    #[command(flatten)]
    pub(super) network: Network,
    /// Changes in one page of a pull, at most [default: 1000]
    #[arg(long, value_name = "N", env = "SYNCTOOL_PULL_LIMIT", help_heading = ERRORS)]
    pub(super) pull_limit: Option<String>,
    /// How the result is printed [default: auto]
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT", help_heading = SHOWN)]
    pub(super) output: Option<Output>,
    #[command(flatten)]
    pub(super) verbosity: Verbosity,
}

/// Show the configuration
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    pub(super) command: ConfigCommand,
}

/// What can be done with the configuration.
#[derive(Debug, clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// List every value that cloneup would use, and where it comes from
    Show {
        /// How the result is printed [default: a table]
        #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT")]
        output: Option<Output>,
    },
}

/// Show what an offline database holds
///
/// Resources, rows, join stores, the pending change log, cursors and client id: a table for
/// people, or JSON. Without a schema, one is inferred.
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The offline database, a SQLite file
    #[arg(value_name = "DB", value_hint = ValueHint::FilePath)]
    pub(super) db: PathBuf,
    /// The schema [default: the one stored in the database, else an inferred one]
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_SCHEMA", value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) schema: Option<PathBuf>,
    /// How the result is printed [default: a table]
    #[arg(long, value_enum, env = "SYNCTOOL_OUTPUT")]
    pub(super) output: Option<Output>,
}

/// Make or check a schema
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    #[command(subcommand)]
    pub(super) command: SchemaCommand,
}

/// What can be done with schemas.
#[derive(Debug, clap::Subcommand)]
pub(super) enum SchemaCommand {
    /// Print a schema for a database that has none
    ///
    /// Made of declarations, keys and the values themselves; PowerSync and WatermelonDB are
    /// recognized. The schema is on stdout, what was guessed on stderr.
    Infer {
        /// The offline database, a SQLite file
        #[arg(value_name = "DB", value_hint = ValueHint::FilePath)]
        db: PathBuf,
    },
    /// Explain everything that is wrong with a schema
    Check {
        /// The schema
        #[arg(value_name = "SCHEMA", value_hint = ValueHint::FilePath)]
        schema: PathBuf,
        /// Check it against this database too, every row of it
        #[arg(long, value_name = "PATH", env = "SYNCTOOL_DB", value_hint = ValueHint::FilePath, value_parser = any_path())]
        db: Option<PathBuf>,
    },
}

/// Run the reference server on one SQLite file
///
/// A real DataFn sync server for development, CI and demos: status, push, pull and clone
/// below /datafn. Ends with SIGINT or SIGTERM, after the requests in flight.
#[cfg(feature = "serve")]
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:4400]
    #[arg(long, value_name = "ADDRESS", env = "SYNCTOOL_LISTEN")]
    pub(super) listen: Option<String>,
    /// The server's store, a SQLite file that is made if it is not there [default: synctool-server.db]
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_DATA", value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) data: Option<PathBuf>,
    /// The schema of what is taken
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_SCHEMA", value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) schema: Option<PathBuf>,
    /// File that holds the token that clients must send; the environment may give it too
    #[arg(long, value_name = "PATH", env = "SYNCTOOL_TOKEN_FILE", value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(super) token_file: Option<PathBuf>,
    /// Mutations in one push, at most [default: 1000]
    #[arg(long, value_name = "N", env = "SYNCTOOL_MAX_MUTATIONS")]
    pub(super) max_mutations: Option<String>,
    /// Size of a request, at most, such as 512K or 16MiB [default: 16MiB]
    #[arg(long, value_name = "SIZE", env = "SYNCTOOL_MAX_BODY")]
    pub(super) max_body: Option<String>,
    /// Requests a second, at most, of all clients together [default: as many as come]
    #[arg(long, value_name = "N", env = "SYNCTOOL_MAX_RATE")]
    pub(super) max_rate: Option<String>,
    #[command(flatten)]
    pub(super) verbosity: Verbosity,
}

/// Show an upload from beginning to end, with data of its own
///
/// Makes an offline database, starts the server on a free loopback port, uploads, prints the
/// result, and uploads again to show that the server deduplicates. The files stay.
#[cfg(feature = "serve")]
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// A folder that does not exist yet [default: a new one for temporary files]
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(super) dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) verbosity: Verbosity,
}
