//! Flags that several subcommands share: database and server, retries and timeouts, output. Flags of one
//! subcommand are in its own file.

use std::path::PathBuf;

use clap::builder::{BoolishValueParser, OsStringValueParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum, ValueHint};

/// Headings of the groups in the help.
pub(super) const SOURCE_AND_SERVER: &str = "Source and server";
pub(super) const SELECTION: &str = "What to upload";
pub(super) const REQUESTS: &str = "Requests and errors";
pub(super) const AFTER: &str = "After the upload";
pub(super) const OUTPUT: &str = "Output";
/// The heading of the options that every command has.
pub(in crate::cli) const GENERAL: &str = "General";

/// Takes any path, an empty one too: a variable that is set to nothing counts as not given.
pub(super) fn any_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// The format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum Output {
    /// Indented on a terminal, one line elsewhere
    #[default]
    Auto,
    /// One line
    Json,
    /// Indented
    Pretty,
}

/// The database of a command that has one.
#[derive(Debug, Args)]
pub(in crate::cli) struct OneDatabase {
    /// Offline database, a SQLite file
    #[arg(long, value_name = "PATH", env = "SYNCTOOL_DB", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) db: Option<PathBuf>,
}

/// The server, and what is sent to it.
#[derive(Debug, Args)]
pub(in crate::cli) struct Target {
    /// Base URL; /push and /pull are added to it
    #[arg(long, value_name = "URL", env = "SYNCTOOL_REMOTE", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::Url)]
    pub(in crate::cli) remote: Option<String>,
    /// Schema, a JSON file
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_SCHEMA", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) schema: Option<PathBuf>,
    /// Client id that the requests carry
    #[arg(long, value_name = "ID", env = "SYNCTOOL_CLIENT_ID", help_heading = SOURCE_AND_SERVER)]
    pub(in crate::cli) client_id: Option<String>,
    /// File that holds the token; or set SYNCTOOL_TOKEN
    #[expect(clippy::doc_markdown, reason = "the help is plain text")]
    #[arg(long, value_name = "PATH", env = "SYNCTOOL_TOKEN_FILE", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) token_file: Option<PathBuf>,
    /// Shell command that prints the token
    #[arg(long, value_name = "COMMAND", env = "SYNCTOOL_TOKEN_COMMAND", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::CommandString)]
    pub(in crate::cli) token_command: Option<String>,
    /// Header to send with every request; repeatable
    #[arg(long, value_name = "NAME: VALUE", env = "SYNCTOOL_HEADER", hide_env_values = true,
        help_heading = SOURCE_AND_SERVER)]
    pub(in crate::cli) header: Vec<String>,
    /// PEM file with certificates to trust in addition to the platform's
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_CA_CERT", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) ca_cert: Option<PathBuf>,
    /// PEM file with the client's certificate for mutual TLS; it may hold the key too
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_CLIENT_CERT", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) client_cert: Option<PathBuf>,
    /// PEM file with the key of the client's certificate
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_CLIENT_KEY", help_heading = SOURCE_AND_SERVER,
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) client_key: Option<PathBuf>,
    /// Proxy to go through, with http, https or socks5, instead of what the environment names;
    /// loopback is never proxied, and --no-proxy uses none
    #[arg(long, value_name = "URL", env = "SYNCTOOL_PROXY", hide_env_values = true,
        help_heading = SOURCE_AND_SERVER, value_hint = ValueHint::Url)]
    pub(in crate::cli) proxy: Option<String>,
    /// Go through no proxy, whatever the environment names
    #[arg(long, env = "SYNCTOOL_NO_PROXY", value_parser = BoolishValueParser::new(),
        help_heading = SOURCE_AND_SERVER)]
    pub(in crate::cli) no_proxy: bool,
}

/// Retries, timeouts and pace.
#[derive(Debug, Args)]
pub(in crate::cli) struct Network {
    /// Maximum number of retries of a failed request
    #[arg(long, value_name = "N", allow_hyphen_values = true, env = "SYNCTOOL_MAX_RETRIES",
        help_heading = REQUESTS)]
    pub(in crate::cli) max_retries: Option<String>,
    /// Maximum pause before the first retry; it doubles with each retry
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_RETRY_DELAY", help_heading = REQUESTS)]
    pub(in crate::cli) retry_delay: Option<String>,
    /// Maximum pause before any retry
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_RETRY_MAX_DELAY", help_heading = REQUESTS)]
    pub(in crate::cli) retry_max_delay: Option<String>,
    /// Timeout of one request, from connecting to the end of the answer
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_TIMEOUT", help_heading = REQUESTS)]
    pub(in crate::cli) timeout: Option<String>,
    /// Timeout for establishing a connection
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_CONNECT_TIMEOUT", help_heading = REQUESTS)]
    pub(in crate::cli) connect_timeout: Option<String>,
    /// Wait up to this long for the server to answer before anything is sent
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_WAIT", help_heading = REQUESTS)]
    pub(in crate::cli) wait: Option<String>,
    /// Maximum number of requests per second, such as 2 or 0.5, retries included
    #[arg(long, value_name = "N", env = "SYNCTOOL_MAX_RATE", help_heading = REQUESTS)]
    pub(in crate::cli) max_rate: Option<String>,
    /// Maximum number of bytes of request bodies per second, as they are sent
    #[arg(long, value_name = "SIZE", env = "SYNCTOOL_MAX_BANDWIDTH", help_heading = REQUESTS)]
    pub(in crate::cli) max_bandwidth: Option<String>,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum ProgressMode {
    /// Bars on a terminal that can draw them, else plain
    #[default]
    Auto,
    /// Bars wherever stderr goes
    Bar,
    /// A line now and then
    Plain,
    /// Nothing
    None,
}

/// How a person follows a run.
#[derive(Debug, Args)]
pub(in crate::cli) struct ProgressArgs {
    /// How progress is shown on stderr
    #[arg(long, value_enum, env = "SYNCTOOL_PROGRESS", help_heading = OUTPUT)]
    pub(in crate::cli) progress: Option<ProgressMode>,
    /// Minimum time between two plain lines of progress
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_PROGRESS_INTERVAL", help_heading = OUTPUT)]
    pub(in crate::cli) progress_interval: Option<String>,
}

/// How much is printed on stderr.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct Verbosity {
    /// Print nothing but errors on stderr
    #[arg(short, long, env = "SYNCTOOL_QUIET", value_parser = BoolishValueParser::new(),
        help_heading = OUTPUT)]
    pub(in crate::cli) quiet: bool,
    /// Print diagnostics on stderr; -vv prints all of them
    #[arg(short, long, action = ArgAction::Count, env = "SYNCTOOL_VERBOSE", help_heading = OUTPUT)]
    pub(in crate::cli) verbose: u8,
}
