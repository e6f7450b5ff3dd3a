//! From what was typed to what can be carried out: texts become numbers, durations, tokens
//! and headers, and everything that is wrong is told at once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::args::{CloneupArgs, Network, Target, VerifyArgs};
use super::{failures, units};
use crate::cloneup::{Concurrency, Options, RawOptions, Selection};
use crate::mutation::RecordOperation;
use crate::protocol::{ErrorBody, code};
use crate::remote::{Compression, Encoding, RemoteConfig};
use crate::schema::Schema;
use crate::secret::Secret;

/// The environment variable that holds the token.
pub(super) const TOKEN_VARIABLE: &str = "SYNCTOOL_TOKEN";

/// Everything that an upload needs and that the flags alone decide.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) database: PathBuf,
    pub(super) remote: RemoteConfig,
    pub(super) options: Options,
}

/// Works out the settings, or everything that is wrong with them.
pub(super) fn settings(args: &CloneupArgs, matches: &ArgMatches) -> Result<Settings, Vec<ErrorBody>> {
    let mut problems = Problems::default();
    let (database, base) = required(&args.target, &mut problems);
    let options = Options::validate(raw_options(args, matches, &mut problems));
    let mut remote = remote(&args.target, &args.network, matches, base, &mut problems);
    remote.compression = match args.compress.as_deref() {
        Some("none") => Compression::None,
        Some("gzip") => Compression::With(Encoding::Gzip),
        Some("zstd") => Compression::With(Encoding::Zstd),
        _ => Compression::Auto,
    };
    finish(database, remote, options, problems)
}

/// The same for a comparison.
pub(super) fn verify_settings(args: &VerifyArgs, matches: &ArgMatches) -> Result<Settings, Vec<ErrorBody>> {
    let mut problems = Problems::default();
    let (database, base) = required(&args.target, &mut problems);
    let defaults = RawOptions::default();
    let options = Options::validate(RawOptions {
        resources: args.resources.clone(),
        include_many_many: !args.no_include_many_many,
        max_retries: integer(args.network.max_retries.as_deref(), defaults.max_retries),
        client_id: args.target.client_id.clone().filter(|id| !id.is_empty()),
        pull_limit: pull_limit(args.pull_limit.as_deref()),
        ..defaults
    });
    let remote = remote(&args.target, &args.network, matches, base, &mut problems);
    finish(database, remote, options, problems)
}

/// What nothing can be done without.
fn required(target: &Target, problems: &mut Problems) -> (Option<PathBuf>, String) {
    let database = target.db.clone().filter(|path| !path.as_os_str().is_empty());
    if database.is_none() {
        problems.invalid("storage is required", "storage");
    }
    let base = target.remote.clone().filter(|url| !url.trim().is_empty());
    if base.is_none() {
        problems.invalid("sync.remote is required", "sync.remote");
    }
    (database, base.unwrap_or_default())
}

/// What is no integer is neither positive nor non-negative; `Options` says so.
fn integer(text: Option<&str>, default: i64) -> i64 {
    text.map_or(default, |text| text.trim().parse().unwrap_or(-1))
}

fn pull_limit(text: Option<&str>) -> u64 {
    text.map_or(RawOptions::default().pull_limit, |text| text.trim().parse().unwrap_or(0))
}

fn finish(
    database: Option<PathBuf>,
    remote: RemoteConfig,
    options: Result<Options, Vec<ErrorBody>>,
    mut problems: Problems,
) -> Result<Settings, Vec<ErrorBody>> {
    match (database, options) {
        (Some(database), Ok(options)) if problems.0.is_empty() => Ok(Settings { database, remote, options }),
        (_, options) => {
            // In the order in which the contract names them: what is missing, then options.
            let at = problems.0.iter().take_while(|body| body.message.ends_with("is required")).count();
            problems.0.splice(at..at, options.err().unwrap_or_default());
            Err(problems.0)
        }
    }
}

/// What was found to be wrong so far.
#[derive(Debug, Default)]
struct Problems(Vec<ErrorBody>);

impl Problems {
    fn invalid(&mut self, message: &str, path: &str) {
        self.0.push(ErrorBody::new(code::DFQL_INVALID, format!("Invalid cloneUp: {message}"), path));
    }

    /// A value, or the default and a problem.
    fn value<T>(&mut self, path: &str, parsed: Result<T, String>, default: T) -> T {
        parsed.unwrap_or_else(|what| {
            self.invalid(&format!("{path} {what}"), path);
            default
        })
    }

    fn duration(&mut self, path: &str, text: Option<&str>, default: Duration) -> Duration {
        text.map_or(default, |text| self.value(path, units::duration(text), default))
    }

    /// A duration in which something must be possible.
    fn timeout(&mut self, path: &str, text: Option<&str>, default: Duration) -> Duration {
        let timeout = self.duration(path, text, default);
        if timeout.is_zero() {
            self.invalid(&format!("{path} must be longer than nothing"), path);
        }
        timeout
    }
}

fn raw_options(args: &CloneupArgs, matches: &ArgMatches, problems: &mut Problems) -> RawOptions {
    let defaults = RawOptions::default();
    let switch = |name: &str, on: Option<bool>, off: bool, default: bool| {
        if off && !is_typed_after(matches, name, &format!("no_{name}")) {
            false
        } else {
            on.unwrap_or(default)
        }
    };
    let concurrency = args.concurrency.as_ref().map_or(defaults.concurrency, |text| {
        let text = text.trim();
        let number = || text.parse::<usize>().ok().and_then(|number| Concurrency::try_from(number).ok());
        let parsed = if text == "auto" { Some(Concurrency::Auto) } else { number() };
        let parsed = parsed.ok_or_else(|| "must be auto or a positive integer".to_owned());
        problems.value("concurrency", parsed, defaults.concurrency)
    });
    let only = args.only_failed.as_deref().filter(|path| !path.as_os_str().is_empty()).map(|path| {
        failures::read(path).unwrap_or_else(|what| {
            problems.invalid(&what, "onlyFailed");
            Selection::new()
        })
    });
    RawOptions {
        only,
        resume: !args.no_resume,
        resources: args.resources.clone(),
        include_many_many: switch(
            "include_many_many",
            args.include_many_many,
            args.no_include_many_many,
            defaults.include_many_many,
        ),
        record_operation: match args.record_operation.as_deref() {
            Some("replace") => RecordOperation::Replace,
            Some("insert") => RecordOperation::Insert,
            _ => defaults.record_operation,
        },
        batch_size: integer(args.batch_size.as_deref(), defaults.batch_size),
        batch_bytes: args.batch_bytes.as_ref().map_or(defaults.batch_bytes, |text| {
            problems.value("batchBytes", units::size(text), defaults.batch_bytes)
        }),
        max_retries: integer(args.network.max_retries.as_deref(), defaults.max_retries),
        fail_fast: switch("fail_fast", args.fail_fast, args.no_fail_fast, defaults.fail_fast),
        clear_changelog_on_success: switch(
            "clear_changelog_on_success",
            args.clear_changelog_on_success,
            args.no_clear_changelog_on_success,
            defaults.clear_changelog_on_success,
        ),
        set_global_cursor_on_success: switch(
            "set_global_cursor_on_success",
            args.set_global_cursor_on_success,
            args.no_set_global_cursor_on_success,
            defaults.set_global_cursor_on_success,
        ),
        pull_after: switch("pull_after", args.pull_after, args.no_pull_after, defaults.pull_after),
        mutation_id_prefix: args.mutation_id_prefix.clone().unwrap_or(defaults.mutation_id_prefix),
        include_deletes: switch(
            "include_deletes",
            args.include_deletes,
            args.no_include_deletes,
            defaults.include_deletes,
        ),
        client_id: args.target.client_id.clone().filter(|id| !id.is_empty()),
        concurrency,
        pull_limit: pull_limit(args.pull_limit.as_deref()),
        verify: args.verify,
    }
}

/// Whether the first flag stands behind the second one on the command line: the last word
/// counts, and no other layer has one against a flag.
fn is_typed_after(matches: &ArgMatches, first: &str, second: &str) -> bool {
    let place = |id: &str| {
        (matches.value_source(id) == Some(ValueSource::CommandLine)).then(|| matches.index_of(id)).flatten()
    };
    place(first).is_some_and(|place_of_first| Some(place_of_first) > place(second))
}

fn remote(
    target: &Target,
    network: &Network,
    matches: &ArgMatches,
    base: String,
    problems: &mut Problems,
) -> RemoteConfig {
    let defaults = RemoteConfig::new(base);
    let headers = if matches.value_source("header") == Some(ValueSource::EnvVariable) {
        target.header.iter().flat_map(|list| split_headers(list)).collect()
    } else {
        target.header.clone()
    };
    let headers = headers.iter().filter_map(|header| {
        let pair = header.split_once(':').map(|(name, value)| (name.trim().into(), value.trim().into()));
        if pair.is_none() {
            problems.invalid("header must look like `Name: value`", "header");
        }
        pair
    });
    let headers = headers.collect();
    let is_flag = matches.value_source("token_file") == Some(ValueSource::CommandLine);
    RemoteConfig {
        headers,
        token: token(target.token_file.as_deref(), target.token_command.as_deref(), is_flag).unwrap_or_else(
            |body| {
                problems.0.push(body);
                None
            },
        ),
        timeout: problems.timeout("timeout", network.timeout.as_deref(), defaults.timeout),
        connect_timeout: problems.timeout(
            "connectTimeout",
            network.connect_timeout.as_deref(),
            defaults.connect_timeout,
        ),
        retry_delay: problems.duration("retryDelay", network.retry_delay.as_deref(), defaults.retry_delay),
        retry_max_delay: problems.duration(
            "retryMaxDelay",
            network.retry_max_delay.as_deref(),
            defaults.retry_max_delay,
        ),
        ca_cert: target.ca_cert.clone(),
        compression: defaults.compression,
        base: defaults.base,
    }
}

/// Headers in one environment variable: a comma ends one where the next looks like a header.
fn split_headers(text: &str) -> Vec<String> {
    let is_header = |text: &str| {
        text.trim_start().split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
    };
    let mut headers: Vec<String> = Vec::new();
    for part in text.split(',') {
        match headers.last_mut() {
            Some(last) if !is_header(part) => {
                last.push(',');
                last.push_str(part);
            }
            _ => headers.push(part.trim_start().to_owned()),
        }
    }
    headers
}

/// The token: of a file that a flag names, else of the environment, else of a file that the
/// environment or the configuration names. An empty variable is none.
pub(super) fn token(
    file: Option<&Path>,
    command: Option<&str>,
    is_flag: bool,
) -> Result<Option<Secret>, ErrorBody> {
    let invalid =
        |what: &str| ErrorBody::new(code::DFQL_INVALID, format!("Invalid cloneUp: {what}"), "tokenFile");
    let variable = std::env::var_os(TOKEN_VARIABLE).filter(|value| !value.is_empty() && !is_flag);
    if let Some(value) = variable {
        let text = value.into_string().map_err(|_| invalid(&format!("{TOKEN_VARIABLE} is not UTF-8")))?;
        return match text.trim() {
            "" => Err(invalid(&format!("{TOKEN_VARIABLE} holds nothing but spaces"))),
            token => Ok(Some(Secret::new(token))),
        };
    }
    let Some(path) = file.filter(|path| !path.as_os_str().is_empty()) else {
        return command.filter(|command| !command.trim().is_empty()).map(run_for_token).transpose();
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| invalid(&format!("cannot read the token file {}: {error}", path.display())))?;
    match text.trim() {
        "" => Err(invalid(&format!("the token file {} is empty", path.display()))),
        token => Ok(Some(Secret::new(token))),
    }
}

/// The token that a command prints. Its errors go to the terminal; nothing that it prints is
/// shown.
fn run_for_token(command: &str) -> Result<Secret, ErrorBody> {
    let invalid = |what: String| {
        ErrorBody::new(
            code::DFQL_INVALID,
            format!("Invalid cloneUp: the token command {what}"),
            "tokenCommand",
        )
    };
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| invalid(format!("cannot be run: {error}")))?;
    if !output.status.success() {
        return Err(invalid(format!("failed ({})", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| invalid("printed no UTF-8".to_owned()))?;
    match text.trim() {
        "" => Err(invalid("printed nothing".to_owned())),
        token => Ok(Secret::new(token)),
    }
}

/// Whether the environment holds a token.
pub(super) fn has_token_variable() -> bool {
    std::env::var_os(TOKEN_VARIABLE).is_some_and(|value| !value.is_empty())
}

/// The schema: of a file, else the one that `stored` finds (contract 2).
pub(super) fn schema<E>(
    file: Option<&Path>,
    stored: impl FnOnce() -> Result<Option<String>, E>,
) -> Result<Schema, SchemaFailure<E>> {
    let invalid = |message: String, path: &str| {
        SchemaFailure::Schema(ErrorBody::new(code::SCHEMA_INVALID, message, path))
    };
    let (text, place) = match file.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                invalid(format!("cannot read the schema {}: {error}", path.display()), "schema")
            })?;
            (text, path.display().to_string())
        }
        None => match stored().map_err(SchemaFailure::Stored)? {
            Some(text) => (text, "__datafn_meta".to_owned()),
            None => {
                let message = "no schema: name one with --schema, SYNCTOOL_SCHEMA or `schema` in synctool.toml, \
                    or store one in __datafn_meta; `synctool schema infer` makes one";
                return Err(invalid(message.to_owned(), "schema"));
            }
        },
    };
    Schema::parse(&text).map_err(|error| invalid(format!("{error} (in {place})"), &error.path))
}

/// Why there is no schema.
#[derive(Debug)]
pub(super) enum SchemaFailure<E> {
    /// It is missing or invalid.
    Schema(ErrorBody),
    /// The place where it is stored failed.
    Stored(E),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_environment_are_split_between_headers_only() {
        assert_eq!(split_headers("X-A: 1, X-B: 2"), ["X-A: 1", "X-B: 2"]);
        assert_eq!(split_headers("Accept: a/b, c/d,X-B: 2"), ["Accept: a/b, c/d", "X-B: 2"]);
        assert_eq!(split_headers("X-A: 1"), ["X-A: 1"]);
    }
}
