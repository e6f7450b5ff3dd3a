//! The lock file `<data>-lock`, which keeps a second server from opening the same store: each server
//! keeps the sequence in memory, so two of them would hand out the same steps.
//!
//! The lock is the operating system's, which releases it when the process ends, however it ends. It is
//! not on the store's own file, because closing a second handle of that would release SQLite's POSIX
//! locks.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::beside::beside;
use crate::server::store::{Result, StoreError};

/// The lock of a store, held until it is dropped. The empty file stays for the next server.
pub(super) struct StoreLock {
    _file: File,
}

impl StoreLock {
    /// Takes the lock of an existing store.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process holds it, [`StoreError::Lock`] when the file cannot
    /// be created or locked.
    pub(super) fn take(store: &Path) -> Result<Self> {
        let path = beside(store, "-lock");
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        match opened.map_err(TryLockError::Error).and_then(|file| file.try_lock().map(|()| file)) {
            Ok(file) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(StoreError::Lock { path, source }),
        }
    }
}
