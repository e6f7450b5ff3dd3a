//! The settings that every client needs: database and server. Without them nothing else is tried, so
//! they are checked before all other options.

use std::path::PathBuf;

use super::problems::Problems;
use crate::cli::args::Target;
use crate::cloneup::{Failures, Options};
use crate::remote::RemoteConfig;

/// Everything that the flags of a client decide; the options are those of its job.
#[derive(Debug)]
pub(in crate::cli) struct Settings<O = Options> {
    pub(in crate::cli) database: PathBuf,
    pub(in crate::cli) remote: RemoteConfig,
    pub(in crate::cli) options: O,
    /// Warnings for a person.
    pub(in crate::cli) warnings: Vec<String>,
}

/// The first database that is named, if one is, and the base URL of the server; what is missing is the first problem
/// in the list.
pub(super) fn required<'p>(
    databases: impl IntoIterator<Item = &'p PathBuf>,
    target: &Target,
    problems: &mut Problems,
) -> (Option<PathBuf>, String) {
    let database = databases.into_iter().find(|path| !path.as_os_str().is_empty()).cloned();
    if database.is_none() {
        let words = "--db is missing: name the database, or set SYNCTOOL_DB or `db` in synctool.toml";
        problems.told_as("storage is required", "storage", words.to_owned());
    }
    let base = target.remote.clone().filter(|url| !url.trim().is_empty());
    if base.is_none() {
        let words = "--remote is missing: name the server's base URL, or set SYNCTOOL_REMOTE or `remote` in \
            synctool.toml";
        problems.told_as("sync.remote is required", "sync.remote", words.to_owned());
    }
    // Without a base there is a problem, so the empty one is never used.
    (database, base.unwrap_or_default())
}

/// The names of resources in a list, which may have spaces after its commas.
pub(super) fn resources(names: Option<&Vec<String>>) -> Option<Vec<String>> {
    names.map(|names| names.iter().map(|name| name.trim().to_owned()).collect())
}

/// The client id, if one is named.
pub(super) fn client_id(target: &Target) -> Option<String> {
    target.client_id.clone().filter(|id| !id.is_empty())
}

/// The settings, or all problems.
pub(super) fn complete<O>(
    database: Option<PathBuf>,
    remote: RemoteConfig,
    options: O,
    mut problems: Problems,
) -> Result<Settings<O>, Failures> {
    let warnings = problems.take_warnings();
    problems.or(database.map(|database| Settings { database, remote, options, warnings }))
}
