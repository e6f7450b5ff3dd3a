//! From what was typed to what can be carried out: texts become numbers, durations, tokens
//! and headers, and everything that is wrong is told at once.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::args::{CloneupArgs, Network, Target, VerifyArgs};
use super::{failures, units};
use crate::cloneup::{Concurrency, Failure, MAX_CONCURRENCY, Options, Selection};
use crate::mutation::RecordOperation;
use crate::offline::OfflineError;
use crate::protocol::code;
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
pub(super) fn settings(args: &CloneupArgs, matches: &ArgMatches) -> Result<Settings, Vec<Failure>> {
    let mut problems = Problems::default();
    let (database, base) = required(&args.target, &mut problems);
    let options = options(args, matches, &mut problems);
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
pub(super) fn verify_settings(args: &VerifyArgs, matches: &ArgMatches) -> Result<Settings, Vec<Failure>> {
    let mut problems = Problems::default();
    let (database, base) = required(&args.target, &mut problems);
    let defaults = Options::default();
    let options = Options {
        resources: args.resources.clone(),
        include_many_many: !args.no_include_many_many,
        max_retries: problems.max_retries(args.network.max_retries.as_deref()),
        client_id: args.target.client_id.clone().filter(|id| !id.is_empty()),
        pull_limit: problems.pull_limit(args.pull_limit.as_deref()),
        ..defaults
    };
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

fn finish(
    database: Option<PathBuf>,
    remote: RemoteConfig,
    options: Options,
    problems: Problems,
) -> Result<Settings, Vec<Failure>> {
    match database {
        Some(database) if problems.0.is_empty() => Ok(Settings { database, remote, options }),
        _ => Err(problems.0),
    }
}

/// What was found to be wrong so far.
#[derive(Debug, Default)]
struct Problems(Vec<Failure>);

impl Problems {
    fn invalid(&mut self, message: &str, path: &str) {
        self.0.push(Failure::invalid(code::DFQL_INVALID, message, path));
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

    fn max_retries(&mut self, text: Option<&str>) -> u32 {
        let parsed =
            text.map(|text| text.trim().parse().map_err(|_| "must be a non-negative integer".to_owned()));
        let default = Options::default().max_retries;
        parsed.map_or(default, |parsed| self.value("maxRetries", parsed, default))
    }

    fn pull_limit(&mut self, text: Option<&str>) -> NonZeroU64 {
        let parsed =
            text.map(|text| text.trim().parse().map_err(|_| "must be a positive integer".to_owned()));
        let default = Options::default().pull_limit;
        parsed.map_or(default, |parsed| self.value("pullLimit", parsed, default))
    }

    fn batch_size(&mut self, text: Option<&str>) -> NonZeroUsize {
        let parsed =
            text.map(|text| text.trim().parse().map_err(|_| "must be a positive integer".to_owned()));
        let default = Options::default().batch_size;
        parsed.map_or(default, |parsed| self.value("batchSize", parsed, default))
    }

    fn batch_bytes(&mut self, text: Option<&str>) -> NonZeroUsize {
        let parsed = text.map(|text| {
            NonZeroUsize::new(units::size(text)?).ok_or_else(|| "must be a positive size".to_owned())
        });
        let default = Options::default().batch_bytes;
        parsed.map_or(default, |parsed| self.value("batchBytes", parsed, default))
    }

    fn concurrency(&mut self, text: Option<&str>) -> Concurrency {
        let parsed = text.map(|text| match text.trim() {
            "auto" => Ok(Concurrency::Auto),
            number => match number.parse::<NonZeroUsize>() {
                Ok(number) if number.get() > MAX_CONCURRENCY => {
                    Err(format!("must be at most {MAX_CONCURRENCY}"))
                }
                Ok(number) => Ok(Concurrency::Fixed(number)),
                Err(_) => Err("must be auto or a positive integer".to_owned()),
            },
        });
        let default = Options::default().concurrency;
        parsed.map_or(default, |parsed| self.value("concurrency", parsed, default))
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

fn options(args: &CloneupArgs, matches: &ArgMatches, problems: &mut Problems) -> Options {
    let defaults = Options::default();
    let switch = |name: &str, on: Option<bool>, off: bool, default: bool| {
        if off && !is_typed_after(matches, name, &format!("no_{name}")) {
            false
        } else {
            on.unwrap_or(default)
        }
    };
    let only = args.only_failed.as_deref().filter(|path| !path.as_os_str().is_empty()).map(|path| {
        failures::read(path).unwrap_or_else(|what| {
            problems.invalid(&what, "onlyFailed");
            Selection::new()
        })
    });
    Options {
        batch_size: problems.batch_size(args.batch_size.as_deref()),
        max_retries: problems.max_retries(args.network.max_retries.as_deref()),
        batch_bytes: problems.batch_bytes(args.batch_bytes.as_deref()),
        concurrency: problems.concurrency(args.concurrency.as_deref()),
        pull_limit: problems.pull_limit(args.pull_limit.as_deref()),
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
) -> Result<Option<Secret>, Failure> {
    let invalid = |what: &str| Failure::invalid(code::DFQL_INVALID, what, "tokenFile");
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
fn run_for_token(command: &str) -> Result<Secret, Failure> {
    let invalid = |what: String| {
        Failure::invalid(code::DFQL_INVALID, format!("the token command {what}"), "tokenCommand")
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

/// The schema: of a file, else the stored one (contract 2).
pub(super) fn schema(
    file: Option<&Path>,
    stored: impl FnOnce() -> Result<Option<String>, OfflineError>,
) -> Result<Schema, Failure> {
    let (text, place) = match file.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::schema(format!("cannot read the schema {}: {error}", path.display()), "schema")
            })?;
            (text, path.display().to_string())
        }
        None => match stored()? {
            Some(text) => (text, "__datafn_meta".to_owned()),
            None => {
                let message = "no schema: name one with --schema, SYNCTOOL_SCHEMA or `schema` in synctool.toml, \
                    or store one in __datafn_meta; `synctool schema infer` makes one";
                return Err(Failure::schema(message, "schema"));
            }
        },
    };
    Schema::parse(&text).map_err(|error| Failure::schema(format!("{error} (in {place})"), &error.path))
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
