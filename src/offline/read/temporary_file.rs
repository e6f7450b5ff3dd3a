//! Where temporary files are, and making one. SQLite makes its own by itself.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Makes a temporary file without a name, so that nothing of it stays when the process ends.
///
/// # Errors
/// The error of the last folder when none can have a file.
pub fn temporary_file() -> io::Result<File> {
    temporary_file_in(&temporary_folders())
}

/// As [`temporary_file`], in the first of the folders that can have one.
pub(super) fn temporary_file_in(folders: &[impl AsRef<Path>]) -> io::Result<File> {
    let mut file = Err(io::ErrorKind::NotFound.into());
    for folder in folders {
        file = tempfile::tempfile_in(folder);
        if file.is_ok() {
            break;
        }
    }
    file
}

/// The folders for temporary files, in the order in which SQLite tries them for its own
/// (<https://www.sqlite.org/tempfiles.html>). `/var/tmp` goes before `/tmp`: a large file belongs
/// on a disk, and `/tmp` can be in memory.
pub(super) fn temporary_folders() -> Vec<PathBuf> {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let usual = [PathBuf::from("/var/tmp"), std::env::temp_dir(), PathBuf::from(".")];
    named.chain(usual).collect()
}
