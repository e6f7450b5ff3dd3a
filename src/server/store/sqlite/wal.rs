//! Durability next to the writer: while the disk works, the writer makes the next transaction.
//!
//! A commit appends to SQLite's write-ahead log (<https://www.sqlite.org/wal.html>) without an fsync.
//! [`WalSyncer`] does the fsync, after which the commit is acknowledged; [`checkpoint_on_request`]
//! moves the log's pages into the database on a third thread. The transactions themselves are in
//! [`super::writer`].

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use rusqlite::Connection;

use super::durable::Durable;
use crate::beside::beside;
use crate::server::store::{Result, StoreError};

/// Changes between two checkpoints: steps of the sequence and forgotten rows. Frequent, because pushes
/// wait while a checkpoint writes much.
const CHECKPOINT_CHANGES: u64 = 2000;

/// Forces the write-ahead log to the disk.
pub(in crate::server) struct WalSyncer {
    wal: File,
    /// Shared with readers.
    durable: Arc<Durable>,
    /// Durable changes since a checkpoint was last requested.
    changes: u64,
    checkpoints: SyncSender<()>,
}

impl WalSyncer {
    /// Opens the write-ahead log of a store that a connection has open, so that the log exists.
    ///
    /// # Errors
    /// [`StoreError::OpenWal`].
    pub(super) fn open(store: &Path, durable: Arc<Durable>, checkpoints: SyncSender<()>) -> Result<Self> {
        let path = beside(store, "-wal");
        let wal = OpenOptions::new().read(true).write(true).open(&path);
        let wal = wal.map_err(|source| StoreError::OpenWal { path, source })?;
        Ok(Self { wal, durable, changes: 0, checkpoints })
    }

    /// Makes everything durable that has been committed by now, which goes up to this step of the
    /// sequence, and lets readers show it. `changes` were committed since the last call. It runs on another thread than the writer, which continues
    /// meanwhile.
    ///
    /// # Errors
    /// [`StoreError::SyncWal`] when the fsync fails. The on-disk state is then unknown, and every later
    /// call fails too.
    pub(in crate::server) fn sync(&mut self, sequence: u64, changes: u64) -> Result<()> {
        if self.durable.has_failed() {
            return Err(StoreError::EarlierSyncFailed);
        }
        if let Err(error) = self.wal.sync_data() {
            // After a failed fsync the on-disk state is unknown, and a second fsync may succeed without
            // having written the lost pages, so the store stays failed.
            self.durable.fail();
            return Err(StoreError::SyncWal(error));
        }
        self.durable.raise(sequence);
        self.changes += changes;
        if self.changes >= CHECKPOINT_CHANGES {
            self.changes = 0;
            // Full means that a request is waiting already, which covers this one.
            let _ = self.checkpoints.try_send(());
        }
        Ok(())
    }
}

/// Runs a passive checkpoint for each request, which waits for no reader and no writer, until the
/// sender is dropped.
pub(super) fn checkpoint_on_request(connection: &Connection, requests: &Receiver<()>) {
    while requests.recv().is_ok() {
        let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            // No harm: the writer checkpoints itself when the log has become long.
            tracing::warn!(%error, "the checkpoint of the write-ahead log failed");
        }
    }
}
