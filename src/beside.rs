//! The paths of files beside a database: SQLite's own, the sidecar and the lock of a server's store. What
//! is in them is the job of the files that ask for a path.

use std::path::{Path, PathBuf};

/// The path of the database with a suffix. Symbolic links to the database are resolved first, as SQLite
/// does, so that a database has one such file under all of its names. A name that cannot be resolved
/// cannot be opened under another one either.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let database = database.canonicalize().unwrap_or_else(|_| database.to_owned());
    let mut name = database.into_os_string();
    name.push(suffix);
    name.into()
}
