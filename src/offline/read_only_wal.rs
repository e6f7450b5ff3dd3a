//! WAL databases on media and in folders that cannot be written to (contract 3.7). SQLite needs to
//! create files beside a WAL database even to read it, unless the database is opened as immutable. Other
//! read-only databases are opened in [`super::database`].

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::beside::beside;
use crate::offline::error::OfflineError;

/// Where the header of a database file says by which version of the format it is written and read
/// (<https://www.sqlite.org/fileformat.html>, section 1.3.3): two bytes, which are 2 for WAL.
const FORMAT_VERSIONS: std::ops::Range<usize> = 18..20;

/// Whether a file that cannot be written to is a WAL database that no program has open: then there
/// are no files beside it. Where its folder can be written to, SQLite would create them and leave
/// them there, as read-only as the database, and the application could not use them later.
pub(super) fn is_closed(path: &Path) -> bool {
    is_wal(path).unwrap_or(false) && !beside(path, "-shm").exists() && !has_content(&beside(path, "-wal"))
}

/// Decides whether a database that could not be read because of `error` is read as immutable.
///
/// # Errors
/// The error itself where an immutable database would not help, and another one where it would lack the
/// changes in the write-ahead log.
pub(super) fn check_immutable(path: &Path, error: OfflineError) -> Result<(), OfflineError> {
    let OfflineError::Storage { source: Some(source), .. } = &error else { return Err(error) };
    let is_read_only = matches!(
        source.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    );
    if !is_read_only || !is_wal(path).unwrap_or(false) {
        return Err(error);
    }
    let log = beside(path, "-wal");
    if !has_content(&log) {
        return Ok(());
    }
    Err(OfflineError::storage(format!(
        "cannot use {}: its latest changes are in {}, and SQLite can only read them where it can write to the \
         folder; copy both files into a folder that can be written to, and use the copy",
        path.display(),
        log.display()
    )))
}

/// Opens a database as immutable: SQLite takes no locks and looks for no other files.
pub(super) fn open_immutable(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(immutable_uri(path), flags)
}

/// The warning for a database that is read as immutable.
pub(super) fn warning(path: &Path) -> String {
    format!(
        "{} cannot be written to and is in WAL mode, so it is read as immutable: no other program may write \
         to it now",
        path.display()
    )
}

/// Whether the header says that the database is in WAL mode.
fn is_wal(path: &Path) -> io::Result<bool> {
    let mut header = [0; FORMAT_VERSIONS.end];
    File::open(path)?.read_exact(&mut header)?;
    Ok(header[FORMAT_VERSIONS] == [2, 2])
}

/// Whether a write-ahead log has content; true where that cannot be found out.
fn has_content(log: &Path) -> bool {
    match std::fs::metadata(log) {
        Ok(metadata) => metadata.len() > 0,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// The URI of an immutable database (<https://www.sqlite.org/uri.html>).
fn immutable_uri(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = "file://".to_owned();
    let bytes = bytes(&absolute);
    // A path of Windows begins with its drive, `/C:/…` in a URI.
    if bytes.first() != Some(&b'/') {
        uri.push('/');
    }
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                uri.push(char::from(byte));
            }
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                let digits = [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]));
                uri.extend(['%', digits[0], digits[1]]);
            }
        }
    }
    uri + "?immutable=1"
}

/// The bytes of a path, with `/` between its parts.
#[cfg(unix)]
fn bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

/// The bytes of a path, with `/` between its parts.
#[cfg(not(unix))]
fn bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_any_bytes_is_opened_as_immutable() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["plain.db", "a b#c&d=e.db", "100%.db", "%41.db", "ü 😀.db", "a;b,c+d.db", "a?b.db"] {
            // Names on Windows have no question marks.
            if cfg!(windows) && name.contains('?') {
                continue;
            }
            let path = folder.path().join(name);
            let application = Connection::open(&path).unwrap();
            application
                .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n); INSERT INTO t VALUES (7)")
                .unwrap();
            drop(application);
            let connection = open_immutable(&path, OpenFlags::SQLITE_OPEN_NO_MUTEX).unwrap();
            let n: i64 = connection.query_row("SELECT n FROM t", [], |row| row.get(0)).unwrap();
            assert_eq!(n, 7, "{name}");
            assert!(is_closed(&path));
        }
    }

    #[cfg(unix)]
    #[test]
    fn every_byte_but_the_plain_ones_is_escaped() {
        for (path, uri) in [
            ("/a/b.db", "file:///a/b.db?immutable=1"),
            ("//a/b c.db", "file:////a/b%20c.db?immutable=1"),
            ("/a/?b#c%2F.db", "file:///a/%3Fb%23c%252F.db?immutable=1"),
            ("/ü", "file:///%C3%BC?immutable=1"),
        ] {
            assert_eq!(immutable_uri(Path::new(path)), uri);
        }
    }
}
