//! The one small file beside the database, `<database>.synctool`: who is uploading, and how
//! far that has come (contract 1.3 and 3.6).
//!
//! The lock is the operating system's, so that of a dead process is gone with it. What the
//! checkpoint means is [`crate::cloneup`]'s business; here it is text with a checksum.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::offline::database::Database;
use crate::offline::error::OfflineError;

/// How much of the file is read: no checkpoint comes near it.
const MAX_BYTES: u64 = 1024 * 1024;

/// The file, held by this process for as long as it exists.
#[derive(Debug)]
pub struct Sidecar {
    path: PathBuf,
    file: File,
    /// How long the file's text is.
    length: u64,
    checkpoint: Option<String>,
}

/// What came of asking for the file.
#[derive(Debug)]
pub enum Acquired {
    /// It is held.
    Held(Sidecar),
    /// The folder cannot be written to; the reason is for a person.
    Without(String),
}

impl Sidecar {
    /// Takes the file for this process.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when another process holds it; the message says which.
    pub fn acquire(database: &Database) -> Result<Acquired, OfflineError> {
        let path = path_of(database.path());
        if std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
            // Whoever made it may mean another file to be overwritten.
            return Ok(Acquired::Without(format!("{} is a symbolic link", path.display())));
        }
        loop {
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = match opened {
                Ok(file) => file,
                Err(error) => return Ok(Acquired::Without(format!("{}: {error}", path.display()))),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let holder = read(&mut file).ok().and_then(|text| text.lines().next().map(str::to_owned));
                    let holder = holder.filter(|holder| !holder.is_empty());
                    return Err(OfflineError::storage(format!(
                        "another upload of this database is running ({}); wait for it, or stop it",
                        holder.unwrap_or_else(|| "it has just begun".to_owned())
                    )));
                }
                Err(TryLockError::Error(error)) => {
                    return Ok(Acquired::Without(format!("{}: {error}", path.display())));
                }
            }
            // Whoever held it may have removed it between opening and locking.
            if !is_still_there(&file, &path) {
                continue;
            }
            let checkpoint = read(&mut file).ok().and_then(|text| checked(&text));
            // Whatever its length was, the first write cuts it.
            let mut sidecar = Self { path, file, length: u64::MAX, checkpoint };
            return match sidecar.write() {
                Ok(()) => Ok(Acquired::Held(sidecar)),
                Err(error) => Ok(Acquired::Without(format!("{}: {error}", sidecar.path.display()))),
            };
        }
    }

    /// The checkpoint of a database, without taking the file; `None` where there is none.
    #[must_use]
    pub fn peek(database: &Database) -> Option<String> {
        let mut file = File::open(path_of(database.path())).ok()?;
        read(&mut file).ok().and_then(|text| checked(&text))
    }

    /// The checkpoint, as it was left or written last.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// Keeps a checkpoint. One write, which is not forced to the disk: what a power cut
    /// leaves of it fails its checksum, and then the upload starts over.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be written.
    pub fn keep(&mut self, checkpoint: String) -> io::Result<()> {
        self.checkpoint = Some(checkpoint);
        self.write()
    }

    /// Forgets the checkpoint.
    pub fn forget(&mut self) {
        self.checkpoint = None;
    }

    /// `<holder>`, then the checkpoint and its checksum, a line each.
    fn write(&mut self) -> io::Result<()> {
        let mut text = format!("process {}\n", std::process::id());
        if let Some(checkpoint) = &self.checkpoint {
            let sum = blake3::hash(checkpoint.as_bytes()).to_hex();
            text.extend([checkpoint, "\n", sum.as_str(), "\n"]);
        }
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())?;
        let length = text.len() as u64;
        // Rare, and as expensive as the write.
        if length < self.length {
            self.file.set_len(length)?;
        }
        self.length = length;
        Ok(())
    }
}

/// Without a checkpoint in it the file has no use any more.
impl Drop for Sidecar {
    fn drop(&mut self) {
        if self.checkpoint.is_none() {
            // Whoever comes next makes it anew.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Beside the database itself, whichever of its names was given.
fn path_of(database: &Path) -> PathBuf {
    let database = std::fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    let mut name = database.into_os_string();
    name.push(".synctool");
    name.into()
}

fn read(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// The checkpoint in a file's text, if it is whole.
fn checked(text: &str) -> Option<String> {
    let mut lines = text.lines().skip(1);
    let (checkpoint, sum) = (lines.next()?, lines.next()?);
    (blake3::hash(checkpoint.as_bytes()).to_hex().as_str() == sum).then(|| checkpoint.to_owned())
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(there)) => identity(held) == identity(there),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_: &File, path: &Path) -> bool {
    // An open file cannot be removed there.
    path.exists()
}
