//! The sidecar, a small file beside the database (`<database>.synctool`): the lock of the upload
//! that is running, and its checkpoint (contract 1.3 and 3.6). Each shard has one of its own, and in
//! another one runs keep which parts of an upload have ended (contract 3.7).
//!
//! The operating system holds the lock, and releases it when the process ends. Here a checkpoint
//! is text with a checksum; what it means is decided in [`crate::cloneup`].

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::beside::beside;
use crate::mutation::Shard;
use crate::offline::database::Database;
use crate::offline::error::OfflineError;

/// The end of a sidecar's name, after that of the database; more can follow it.
pub const SIDECAR_SUFFIX: &str = ".synctool";

/// Which file beside a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SidecarKind {
    /// Of an upload that is not a shard.
    Upload,
    /// Of one shard (contract 3.7).
    Shard(Shard),
    /// Keeps which parts of an upload have ended, for its finalization, in the place of a checkpoint. Its
    /// lock is held for a moment.
    EndedParts,
}

impl SidecarKind {
    /// The path of the file.
    fn path(self, database: &Database) -> PathBuf {
        let suffix = match self {
            Self::Upload => SIDECAR_SUFFIX.to_owned(),
            Self::Shard(shard) => format!("{SIDECAR_SUFFIX}-{}of{}", shard.index(), shard.of()),
            Self::EndedParts => format!("{SIDECAR_SUFFIX}-parts"),
        };
        beside(database.path(), &suffix)
    }

    /// What holds the lock, for a person.
    fn subject(self) -> String {
        match self {
            Self::Upload | Self::EndedParts => "upload of this database".to_owned(),
            Self::Shard(shard) => format!("upload of shard {shard} of this database"),
        }
    }
}

/// Maximum number of bytes of the file that are read; a checkpoint is much smaller.
const MAX_BYTES: u64 = 1024 * 1024;

/// The sidecar of a database, locked by this process until the value is dropped. A sidecar
/// without a checkpoint is removed then.
#[derive(Debug)]
pub struct Sidecar {
    path: PathBuf,
    file: File,
    /// The length of the file in bytes.
    length: u64,
    checkpoint: Option<String>,
}

/// The result of [`Sidecar::acquire`].
#[derive(Debug)]
pub enum Acquired {
    /// This process holds the lock.
    Held(Sidecar),
    /// There can be no sidecar, for example because the folder cannot be written to; with the
    /// reason, for a warning. The upload goes on without a lock and checkpoint.
    Without(String),
}

impl Sidecar {
    /// Creates or opens a sidecar of a database, and locks it for this process.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when another process holds the lock; the message names it.
    pub fn acquire(database: &Database, kind: SidecarKind) -> Result<Acquired, OfflineError> {
        let path = kind.path(database);
        if std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
            // A link could make this process overwrite another file.
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
                        "another {} is running ({}); wait for it, or stop it",
                        kind.subject(),
                        holder.unwrap_or_else(|| "it has just begun".to_owned())
                    )));
                }
                Err(TryLockError::Error(error)) => {
                    return Ok(Acquired::Without(format!("{}: {error}", path.display())));
                }
            }
            // The process that held the lock can have removed the file between opening and locking.
            if !is_at(&file, &path) {
                continue;
            }
            let checkpoint = read(&mut file).ok().and_then(|text| checked(&text));
            // The largest length, so that the first write truncates the file.
            let mut sidecar = Self { path, file, length: u64::MAX, checkpoint };
            return match sidecar.write() {
                Ok(()) => Ok(Acquired::Held(sidecar)),
                Err(error) => Ok(Acquired::Without(format!("{}: {error}", sidecar.path.display()))),
            };
        }
    }

    /// The checkpoint of a database, read without the lock; `None` when there is no sidecar, no
    /// checkpoint in it, or one whose checksum is wrong.
    #[must_use]
    pub fn peek(database: &Database, kind: SidecarKind) -> Option<String> {
        let mut file = File::open(kind.path(database)).ok()?;
        read(&mut file).ok().and_then(|text| checked(&text))
    }

    /// The checkpoint that was found in the file or written last.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// Writes a checkpoint to the file, in one write without fsync: after a power failure the
    /// checksum of a torn write is wrong, and the upload starts over.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be written.
    pub fn keep(&mut self, checkpoint: String) -> io::Result<()> {
        self.checkpoint = Some(checkpoint);
        self.write()
    }

    /// Removes the checkpoint: without one, the file is removed when this value is dropped.
    pub fn forget(&mut self) {
        self.checkpoint = None;
    }

    /// Writes the lines of the file: the process that holds the lock, then the checkpoint and its
    /// checksum.
    fn write(&mut self) -> io::Result<()> {
        let mut text = format!("process {}\n", std::process::id());
        if let Some(checkpoint) = &self.checkpoint {
            let sum = blake3::hash(checkpoint.as_bytes()).to_hex();
            text.extend([checkpoint, "\n", sum.as_str(), "\n"]);
        }
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())?;
        let length = text.len() as u64;
        // Truncating is as expensive as the write, and rarely needed.
        if length < self.length {
            self.file.set_len(length)?;
        }
        self.length = length;
        Ok(())
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        if self.checkpoint.is_none() {
            // A file that cannot be removed is used by the next upload.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The text of a sidecar.
fn read(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// The checkpoint in the text of a sidecar, if its checksum is right.
fn checked(text: &str) -> Option<String> {
    let mut lines = text.lines().skip(1);
    let (checkpoint, sum) = (lines.next()?, lines.next()?);
    (blake3::hash(checkpoint.as_bytes()).to_hex().as_str() == sum).then(|| checkpoint.to_owned())
}

/// Whether the open file is the one at this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(at_path)) => identity(open) == identity(at_path),
        _ => false,
    }
}

/// Whether the open file is the one at this path.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    // An open file cannot be removed on these systems.
    path.exists()
}
