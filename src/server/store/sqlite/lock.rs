//! The file beside a store, `<data>-lock`, that keeps a second server off it: each knows the
//! sequence by heart, so two would take the same steps.
//!
//! The lock is the operating system's, so that of a dead process is gone with it. It is not on
//! the store's own file, for closing that would give up the locks that SQLite has there.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::super::{Result, StoreError};

/// The lock of a store, held until it is dropped. The file stays, empty, for whoever comes next.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a store that is there.
    pub(super) fn take(store: &Path) -> Result<Self> {
        let path = path_of(store);
        let failed = |error| StoreError::new(format!("cannot lock {}: {error}", path.display()));
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::new(format!(
                "another server is using it and holds {}; stop that one, or name another file with --data",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

fn path_of(store: &Path) -> PathBuf {
    // A store has one lock whatever name it goes by; one whose name cannot be followed cannot be
    // opened by another name either.
    let store = store.canonicalize().unwrap_or_else(|_| store.to_owned());
    let mut name = store.into_os_string();
    name.push("-lock");
    name.into()
}
