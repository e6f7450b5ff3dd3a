//! The databases that `--db` names, where it names several: lists, and patterns that no shell has expanded
//! (contract 3.7). What is done with them is decided by the commands.

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use glob::MatchOptions;

use super::problems::Problems;
use crate::offline::SIDECAR_SUFFIX;

/// The ends of the names of files that SQLite keeps beside a database.
const SQLITE_SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Patterns match as in a shell: `*` ends at a `/`, and hidden files are named as such.
const AS_IN_A_SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Whether `--db` names several databases: a list, or a pattern, however many files match it.
pub(in crate::cli) fn names_several(paths: &[PathBuf], matches: &ArgMatches) -> bool {
    match given(paths, matches).as_slice() {
        [] => false,
        [one] => pattern(one).is_some(),
        _ => true,
    }
}

/// The databases in the order in which they are named, those of a pattern by name, each once. Files that
/// accompany another one of them are left out.
pub(super) fn databases(paths: &[PathBuf], matches: &ArgMatches, problems: &mut Problems) -> Vec<PathBuf> {
    let mut named = Vec::new();
    for path in given(paths, matches) {
        match pattern(&path) {
            Some(text) => match expanded(text) {
                Ok(matching) => named.extend(matching),
                Err(why) => problems.told_as(&why, "storage", format!("--db: {why}")),
            },
            None => named.push(path),
        }
    }
    without_repetitions(without_companions(named), problems)
}

/// What is given, without empty names. A variable may have several with commas between them, unless a file
/// has such a name.
fn given(paths: &[PathBuf], matches: &ArgMatches) -> Vec<PathBuf> {
    let is_variable = matches.value_source("db") == Some(ValueSource::EnvVariable);
    let parts = |path: &PathBuf| match path.to_str() {
        Some(text) if is_variable && text.contains(',') && !exists(path) => {
            text.split(',').map(|part| PathBuf::from(part.trim())).collect()
        }
        _ => vec![path.clone()],
    };
    paths.iter().flat_map(parts).filter(|path| !path.as_os_str().is_empty()).collect()
}

/// The text of a pattern; `None` for a path, such as that of a file whose name looks like a pattern.
fn pattern(path: &Path) -> Option<&str> {
    path.to_str().filter(|text| text.contains(['*', '?', '[']) && !exists(path))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The files that match a pattern, by name.
///
/// # Errors
/// What is wrong, for a person: no file matches, a folder cannot be read, or the pattern is none.
fn expanded(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let found = glob::glob_with(pattern, AS_IN_A_SHELL)
        .map_err(|error| format!("`{pattern}` is no pattern: {error}"))?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(|error| {
        format!("cannot read {}, which `{pattern}` looks into: {}", error.path().display(), error.error())
    })?;
    // A link to nothing is an error of its own, which the upload tells.
    let is_file = |path: &PathBuf| path.metadata().map_or(true, |metadata| metadata.is_file());
    let found: Vec<_> = found.into_iter().filter(is_file).collect();
    if found.is_empty() { Err(format!("no file matches `{pattern}`")) } else { Ok(found) }
}

/// The paths without those of files that SQLite or synctool keep beside another one of them.
fn without_companions(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let all: HashSet<PathBuf> = paths.iter().cloned().collect();
    let is_companion = |path: &PathBuf| accompanied(path).is_some_and(|database| all.contains(&database));
    let (companions, databases): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_companion);
    for path in companions {
        tracing::debug!(path = %path.display(), "left out: it belongs to another file");
    }
    databases
}

/// The database that a file with this name would accompany.
fn accompanied(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let of_sqlite = SQLITE_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
    let database = of_sqlite.or_else(|| name.rfind(SIDECAR_SUFFIX).map(|end| &name[..end]))?;
    Some(path.with_file_name(database))
}

/// Each file once, under its first name: two uploads of one file would stand in each other's way.
fn without_repetitions(paths: Vec<PathBuf>, problems: &mut Problems) -> Vec<PathBuf> {
    let mut first = HashMap::new();
    let mut once = Vec::with_capacity(paths.len());
    for path in paths {
        match first.entry(identity(&path)) {
            Entry::Vacant(place) => {
                place.insert(path.clone());
                once.push(path);
            }
            Entry::Occupied(known) if *known.get() == path => {
                problems.warn(format!("{} is named twice: it is uploaded once", path.display()));
            }
            Entry::Occupied(known) => {
                let (path, known) = (path.display(), known.get().display());
                problems.warn(format!("{path} is the same file as {known}: it is uploaded once"));
            }
        }
    }
    once
}

/// What two names of one file have in common.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    #[cfg(unix)]
    File {
        device: u64,
        inode: u64,
    },
    Path(PathBuf),
}

#[cfg(unix)]
fn identity(path: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    match path.metadata() {
        Ok(metadata) => Identity::File { device: metadata.dev(), inode: metadata.ino() },
        Err(_) => Identity::Path(path.to_owned()),
    }
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Identity {
    Identity::Path(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> Vec<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn files_that_accompany_a_database_are_left_out_where_it_is_there() {
        let all = names(&["d/a.db", "d/a.db-wal", "d/a.db-shm", "d/a.db.synctool", "d/a.db.synctool-3of8"]);
        assert_eq!(without_companions(all), names(&["d/a.db"]));
        // Without their database they are told as what they are: files that are none.
        let alone = names(&["d/b.db-journal", "e/a.db", "d/a.db.synctool-parts"]);
        assert_eq!(without_companions(alone.clone()), alone);
    }

    /// On Windows two hard links count as two files.
    #[cfg(unix)]
    #[test]
    fn a_file_under_two_names_is_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a.db"), folder.path().join("b.db"));
        std::fs::write(&a, "").unwrap();
        std::fs::hard_link(&a, &b).unwrap();
        let missing = folder.path().join("missing.db");
        let mut problems = Problems::default();
        let all = vec![a.clone(), missing.clone(), b.clone(), a.clone()];
        assert_eq!(without_repetitions(all, &mut problems), [a.clone(), missing]);
        let warnings = problems.take_warnings();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("b.db is the same file as") && warnings[1].contains("named twice"));
    }
}
