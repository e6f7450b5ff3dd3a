//! Where the data of `synctool serve` is: a file, or a PostgreSQL database whose URL, which may hold a
//! password, comes from a variable, a file or a flag. What a URL may contain is decided in
//! [`crate::server`].

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::serve::DEFAULT_DATA;
use crate::cli::args::DatabaseArgs;
use crate::cli::{output, text_file};
use crate::cloneup::Failure;
use crate::protocol::ROOT_PATH;
use crate::secret::Secret;
use crate::server::{PostgresConfig, StoreLocation};

/// The location of the store: the database, if there is a URL, else the file.
pub(super) fn location(
    data: Option<&Path>,
    args: &DatabaseArgs,
    matches: &ArgMatches,
) -> Result<StoreLocation, Failure> {
    let data = data.filter(|path| !path.as_os_str().is_empty());
    let Some(url) = url(args, matches)? else {
        for (is_given, flag) in [
            (args.database_schema.is_some(), "--database-schema"),
            (args.database_ca_cert.is_some(), "--database-ca-cert"),
        ] {
            if is_given {
                let message = format!(
                    "{flag} is about a database: name one with SYNCTOOL_DATABASE_URL, \
                    --database-url-file or --database-url"
                );
                return Err(usage(message));
            }
        }
        return Ok(StoreLocation::File(data.map_or_else(|| PathBuf::from(DEFAULT_DATA), Path::to_owned)));
    };
    if let Some(data) = data {
        let message = format!(
            "both a file ({}) and a database URL are given, and a server has one store: leave out --data \
             (SYNCTOOL_DATA) or the URL",
            data.display()
        );
        return Err(usage(message));
    }
    let invalid = |error: crate::server::PostgresConfigError| usage(error.to_string());
    let mut config = PostgresConfig::new(&url).map_err(invalid)?;
    if let Some(name) = args.database_schema.as_deref().filter(|name| !name.is_empty()) {
        config = config.with_schema(name).map_err(invalid)?;
    }
    if let Some(path) = args.database_ca_cert.as_ref().filter(|path| !path.as_os_str().is_empty()) {
        config = config.with_ca_cert(path.clone());
    }
    if config.has_password() {
        warn_of_readers(args, matches);
    }
    Ok(StoreLocation::Postgres(Box::new(config)))
}

/// The URL of the layer that counts: of a flag, else of the environment, else of the configuration file.
fn url(args: &DatabaseArgs, matches: &ArgMatches) -> Result<Option<Secret>, Failure> {
    let file = args.database_url_file.as_deref().filter(|path| !path.as_os_str().is_empty());
    let url = args.database_url.as_ref().filter(|url| !url.expose().trim().is_empty());
    match (url, file) {
        (Some(url), None) => Ok(Some(url.clone())),
        (None, Some(file)) => read(file).map(Some),
        (None, None) => Ok(None),
        (Some(url), Some(file)) => {
            let rank = |id| matches.value_source(id).map_or(0, rank);
            match rank("database_url").cmp(&rank("database_url_file")) {
                std::cmp::Ordering::Greater => Ok(Some(url.clone())),
                std::cmp::Ordering::Less => read(file).map(Some),
                std::cmp::Ordering::Equal => {
                    let message =
                        "both --database-url and --database-url-file are given: leave out one of them";
                    Err(usage(message.to_owned()))
                }
            }
        }
    }
}

/// Which layer overrides which: flag, then environment, then file.
fn rank(source: ValueSource) -> u8 {
    match source {
        ValueSource::CommandLine => 3,
        ValueSource::EnvVariable => 2,
        _ => 1,
    }
}

fn read(path: &Path) -> Result<Secret, Failure> {
    let failed = |what: String| usage(format!("the file of the database URL, {}: {what}", path.display()));
    let text = text_file::read(path).map_err(|error| failed(error.to_string()))?;
    let url = text_file::without_mark(&text).trim();
    if url.is_empty() { Err(failed("it is empty".to_owned())) } else { Ok(Secret::new(url)) }
}

/// A password belongs neither on a command line nor in a configuration file.
fn warn_of_readers(args: &DatabaseArgs, matches: &ArgMatches) {
    let who = match matches.value_source("database_url") {
        Some(ValueSource::CommandLine) => "other users of this machine see it in the list of processes",
        Some(ValueSource::DefaultValue) => "whoever reads the configuration file sees it",
        _ => return,
    };
    if args.database_url.is_some() {
        output::warning(&format!(
            "--database-url holds a password, and {who}; SYNCTOOL_DATABASE_URL and --database-url-file keep it \
             secret"
        ));
    }
}

fn usage(message: String) -> Failure {
    Failure::usage(message, ROOT_PATH)
}
