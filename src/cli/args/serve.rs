//! The flags of `synctool serve` and `synctool demo`. Their values are checked in
//! [`crate::cli::resolve`].

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
#[cfg(feature = "postgres")]
use clap::builder::{StringValueParser, TypedValueParser};
use clap::{Args, ValueEnum, ValueHint};

use super::common::{OUTPUT, Verbosity, any_path};
#[cfg(feature = "postgres")]
use crate::secret::Secret;

/// Run the reference server
///
/// A real DataFn sync server for development, CI and demos: status, push, pull and clone
/// below /datafn. Ends with SIGINT or SIGTERM, after it has answered the requests in flight.
#[derive(Debug, Args)]
#[command(override_usage = "synctool serve --schema <FILE> [OPTIONS]")]
pub(in crate::cli) struct ServeArgs {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS", env = "SYNCTOOL_LISTEN")]
    pub(in crate::cli) listen: Option<String>,
    /// SQLite file that stores the data; created if it does not exist
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_DATA",
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) data: Option<PathBuf>,
    #[cfg(feature = "postgres")]
    #[command(flatten)]
    pub(in crate::cli) database: DatabaseArgs,
    /// Give the store a new id and exit, after it was restored to an earlier state
    #[arg(long, env = "SYNCTOOL_NEW_STORE_ID", value_parser = BoolishValueParser::new())]
    pub(in crate::cli) new_store_id: bool,
    /// Schema of what clients may push, a JSON file; required
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_SCHEMA",
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) schema: Option<PathBuf>,
    /// File that holds the token that clients must send; SYNCTOOL_TOKEN can hold it too
    #[expect(clippy::doc_markdown, reason = "the help is plain text")]
    #[arg(long, value_name = "PATH", env = "SYNCTOOL_TOKEN_FILE",
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) token_file: Option<PathBuf>,
    /// Maximum number of mutations in one push
    #[arg(long, value_name = "N", env = "SYNCTOOL_MAX_MUTATIONS")]
    pub(in crate::cli) max_mutations: Option<String>,
    /// Maximum size of a request body, such as 512K or 16MiB
    #[arg(long, value_name = "SIZE", env = "SYNCTOOL_MAX_BODY")]
    pub(in crate::cli) max_body: Option<String>,
    /// Maximum number of requests per second, of all clients together
    #[arg(long, value_name = "N", env = "SYNCTOOL_MAX_RATE")]
    pub(in crate::cli) max_rate: Option<String>,
    /// Forget applied mutations of this age, such as 30d; the same mutation, sent again later, is applied again
    #[arg(long, value_name = "AGE", env = "SYNCTOOL_FORGET_MUTATIONS")]
    pub(in crate::cli) forget_mutations: Option<String>,
    /// Forget deletes of this age, such as 30d; a client that has pulled none of them must clone again
    #[arg(long, value_name = "AGE", env = "SYNCTOOL_FORGET_DELETES")]
    pub(in crate::cli) forget_deletes: Option<String>,
    /// Time to go on serving after the first signal, while /readyz answers 503, so that load balancers notice
    #[arg(long, value_name = "DURATION", env = "SYNCTOOL_SHUTDOWN_DELAY")]
    pub(in crate::cli) shutdown_delay: Option<String>,
    /// Format of the log on stderr; -v adds a line for each request
    #[arg(long, value_name = "FORMAT", env = "SYNCTOOL_LOG_FORMAT", help_heading = OUTPUT)]
    pub(in crate::cli) log_format: Option<LogFormat>,
    #[command(flatten)]
    pub(in crate::cli) verbosity: Verbosity,
}

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum LogFormat {
    /// Lines of text
    #[default]
    Text,
    /// A JSON object a line
    Json,
}

/// Takes any text, and shows it in no message.
#[cfg(feature = "postgres")]
fn secret() -> impl TypedValueParser<Value = Secret> {
    StringValueParser::new().map(Secret::new)
}

/// The PostgreSQL database that several servers share, instead of the file of `--data`.
#[cfg(feature = "postgres")]
#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "fields are named like their flags")]
pub(in crate::cli) struct DatabaseArgs {
    /// URL of a PostgreSQL database that stores the data instead of a file; servers can share it
    #[arg(long, value_name = "URL", env = "SYNCTOOL_DATABASE_URL", hide_env_values = true,
        value_hint = ValueHint::Url, value_parser = secret())]
    pub(in crate::cli) database_url: Option<Secret>,
    /// File that holds the URL of the database, so that nobody else sees its password
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_DATABASE_URL_FILE",
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) database_url_file: Option<PathBuf>,
    /// Schema in the database, created if it does not exist
    #[arg(long, value_name = "NAME", env = "SYNCTOOL_DATABASE_SCHEMA")]
    pub(in crate::cli) database_schema: Option<String>,
    /// PEM file with certificates to trust for the database, besides those of the system
    #[arg(long, value_name = "FILE", env = "SYNCTOOL_DATABASE_CA_CERT",
        value_hint = ValueHint::FilePath, value_parser = any_path())]
    pub(in crate::cli) database_ca_cert: Option<PathBuf>,
}

/// Show a whole upload with generated data
///
/// Creates an offline database, starts the server on a free loopback port, uploads, prints the
/// result, and uploads again to show that the server deduplicates. The files are kept.
#[derive(Debug, Args)]
pub(in crate::cli) struct DemoArgs {
    /// Folder for the files; must not exist yet
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) dir: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) verbosity: Verbosity,
}
