//! The defaults as texts, computed from the library's typed defaults. Help, `config show`, documents and
//! schema of the configuration file all ask here; no default is written down a second time. Where they
//! are shown is decided in [`super::definition`].

use crate::cli::args::{Output, ProgressMode};
use crate::cli::output::DEFAULT_INTERVAL;
use crate::cli::values::{
    COMPRESSIONS, RECORD_OPERATIONS, STAGES, concurrency_text, duration_text, name_of, size_text,
};
use crate::cloneup::Options;
use crate::remote::RemoteConfig;

/// What is used where no schema is named.
const STORED_SCHEMA: &str = "the one stored in the database";

/// What is used where there is no limit.
const NO_LIMIT: &str = "no limit";

/// The default of an argument, for a person; `None` where there is none, and for flags that are off.
///
/// `command` is the name of the subcommand (of the inner one, `show`, for `config show`), and
/// `synctool` for arguments of all subcommands.
pub(in crate::cli) fn default_text(command: &str, id: &str) -> Option<String> {
    match command {
        "synctool" if id == "config" => Some("the nearest synctool.toml".to_owned()),
        "cloneup" => upload(id).or_else(|| client(id)),
        "clone" => match id {
            "pull_limit" => Some("as many as make a page of 4 MiB, if the server names a limit".to_owned()),
            "client_id" | "compress" => upload(id),
            _ => client(id),
        },
        "verify" => match id {
            "client_id" => Some("a fixed one for comparisons".to_owned()),
            _ => client(id),
        },
        "merge-results" if id == "output" => client(id),
        "report" if id == "format" => Some("auto".to_owned()),
        "inspect" if id == "schema" => Some(format!("{STORED_SCHEMA}, else an inferred one")),
        "inspect" | "show" if id == "output" => Some("a table".to_owned()),
        #[cfg(feature = "serve")]
        "serve" => serve(id),
        "demo" if id == "dir" => Some("a new temporary folder".to_owned()),
        _ => None,
    }
}

/// Defaults of `cloneup` alone.
fn upload(id: &str) -> Option<String> {
    let options = Options::default();
    let remote = RemoteConfig::new("");
    Some(match id {
        "client_id" => "the one stored in the database, else a new one".to_owned(),
        "include_many_many" => options.include_many_many.to_string(),
        "include_deletes" => options.include_deletes.to_string(),
        "record_operation" => name_of(&RECORD_OPERATIONS, &options.operation(true)).to_owned(),
        "stage" => name_of(&STAGES, &options.stage).to_owned(),
        "mutation_id_prefix" => options.mutation_id_prefix,
        "batch_size" => options.batch_size.to_string(),
        "batch_bytes" => size_text(options.batch_bytes.get()),
        "compress" => name_of(&COMPRESSIONS, &remote.compression).to_owned(),
        "concurrency" => concurrency_text(options.concurrency),
        "jobs" => "the number of processors".to_owned(),
        "fail_fast" => options.fail_fast.to_string(),
        "max_errors" | "limit" | "max_delete" => NO_LIMIT.to_owned(),
        "pull_after" => options.pull_after.to_string(),
        "set_global_cursor_on_success" => options.set_global_cursor_on_success.to_string(),
        "clear_changelog_on_success" => options.clear_changelog_on_success.to_string(),
        _ => return None,
    })
}

/// Defaults of `cloneup` and `verify`.
fn client(id: &str) -> Option<String> {
    use clap::ValueEnum as _;
    let options = Options::default();
    let remote = RemoteConfig::new("");
    Some(match id {
        "schema" => STORED_SCHEMA.to_owned(),
        "resources" => "all that are not remote-only".to_owned(),
        "pull_limit" => options.pull_limit.to_string(),
        "max_retries" => options.max_retries.to_string(),
        "retry_delay" => duration_text(remote.retry_delay),
        "retry_max_delay" => duration_text(remote.retry_max_delay),
        "timeout" => duration_text(remote.timeout),
        "wait" => duration_text(options.wait),
        "max_rate" | "max_bandwidth" => NO_LIMIT.to_owned(),
        "client_key" => "the one in the file of the certificate".to_owned(),
        "proxy" => "the one that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names".to_owned(),
        "connect_timeout" => duration_text(remote.connect_timeout),
        "output" => Output::default().to_possible_value()?.get_name().to_owned(),
        "progress" => ProgressMode::default().to_possible_value()?.get_name().to_owned(),
        "progress_interval" => duration_text(DEFAULT_INTERVAL),
        _ => return None,
    })
}

#[cfg(feature = "serve")]
fn serve(id: &str) -> Option<String> {
    use crate::cli::args::LogFormat;
    use crate::cli::resolve::{DEFAULT_DATA, DEFAULT_LISTEN, DEFAULT_SHUTDOWN_DELAY};
    use clap::ValueEnum as _;
    let limits = crate::server::Limits::default();
    Some(match id {
        "listen" => DEFAULT_LISTEN.to_owned(),
        "data" => DEFAULT_DATA.to_owned(),
        #[cfg(feature = "postgres")]
        "database_schema" => crate::server::PostgresConfig::DEFAULT_SCHEMA.to_owned(),
        "max_mutations" => limits.max_mutations.to_string(),
        "max_body" => size_text(limits.max_body_bytes),
        "forget_mutations" | "forget_deletes" => "never".to_owned(),
        "shutdown_delay" => duration_text(DEFAULT_SHUTDOWN_DELAY),
        "log_format" => LogFormat::default().to_possible_value()?.get_name().to_owned(),
        "max_rate" => limits.max_requests_per_second.map_or(NO_LIMIT.to_owned(), |rate| rate.to_string()),
        _ => return None,
    })
}
