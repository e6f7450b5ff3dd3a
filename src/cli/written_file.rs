//! Files that are written as a whole at the end of a command. A reader sees the file before or the file
//! after, and never a part of it. What is in them is decided by the callers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// Replaces a file, or makes it. What is no file, such as `/dev/stderr` or a pipe, is written to.
///
/// # Errors
/// An [`io::Error`] when it cannot be written; the file before is then still there.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // The target of a link is replaced, and not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if is_special(&path) {
        let mut file = OpenOptions::new().write(true).open(&path)?;
        return file.write_all(text.as_bytes());
    }
    let mut file = temporary(&path)?;
    file.write_all(text.as_bytes())?;
    file.persist(&path).map(drop).map_err(|error| error.error)
}

/// Adds to the end of a file, or makes it.
///
/// # Errors
/// An [`io::Error`] when it cannot be written.
pub(super) fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

/// Finds out whether [`replace`] has a chance, long before there is something to write.
///
/// # Errors
/// An [`io::Error`] when it has none.
pub(super) fn check(path: &Path) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ if is_special(&path) => Ok(()),
        _ => temporary(&path).map(drop),
    }
}

/// Whether there is something that is neither a file nor a folder.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// A file beside another one, which goes away unless it takes the other's place. Others may read it, as any
/// file that is made: a node exporter is another user.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder: PathBuf = folder.unwrap_or(Path::new(".")).to_owned();
    let mut builder = Builder::new();
    builder.prefix(".synctool-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let before = fs::metadata(path).map(|metadata| metadata.permissions().mode());
        // The umask is applied to it.
        builder.permissions(fs::Permissions::from_mode(before.unwrap_or(0o666)));
    }
    let file: NamedTempFile<File> = builder.tempfile_in(folder)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prom");
        check(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        for text in ["first and longer", "second"] {
            replace(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        append(&path, " and more").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second and more");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("no/such/file")] {
            assert!(check(&path).is_err(), "{}", path.display());
            assert!(replace(&path, "x").is_err(), "{}", path.display());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_the_mode_of_a_file_are_kept_and_devices_are_written_to() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "before").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        replace(&link, "after").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "after");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);

        let full = folder.path().join("full.html");
        symlink("/dev/full", &full).unwrap();
        check(&full).unwrap();
        assert_eq!(replace(&full, "x").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(fs::symlink_metadata(&full).unwrap().is_symlink());
    }
}
