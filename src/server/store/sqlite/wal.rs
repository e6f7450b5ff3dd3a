//! Durability next to the writer: while the disk works, the writer makes the next transaction.
//!
//! A commit appends to SQLite's write-ahead log (<https://www.sqlite.org/wal.html>) without an fsync.
//! [`WalSyncer`] does the fsync, after which the commit is acknowledged; [`checkpoint_on_request`]
//! moves the log's pages into the database on a third thread. The transactions themselves are in
//! [`super::writer`].

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use rusqlite::Connection;

use crate::beside::beside;
use crate::server::store::{Result, StoreError, Syncer};

/// Steps of the sequence between two checkpoints. Frequent, because pushes wait while a checkpoint
/// writes much.
const CHECKPOINT_STEPS: u64 = 2000;

/// Forces the write-ahead log to the disk.
pub(super) struct WalSyncer {
    wal: File,
    /// The last durable step, shared with readers.
    durable: Arc<AtomicU64>,
    /// The last durable step when a checkpoint was last requested.
    checkpointed: u64,
    checkpoints: SyncSender<()>,
    has_failed: bool,
}

impl WalSyncer {
    /// Opens the write-ahead log of a store that a connection has open, so that the log exists.
    ///
    /// # Errors
    /// [`StoreError::OpenWal`].
    pub(super) fn open(store: &Path, durable: Arc<AtomicU64>, checkpoints: SyncSender<()>) -> Result<Self> {
        let path = beside(store, "-wal");
        let wal = OpenOptions::new().read(true).write(true).open(&path);
        let wal = wal.map_err(|source| StoreError::OpenWal { path, source })?;
        let checkpointed = durable.load(Ordering::Acquire);
        Ok(Self { wal, durable, checkpointed, checkpoints, has_failed: false })
    }
}

impl Syncer for WalSyncer {
    fn sync(&mut self, sequence: u64) -> Result<()> {
        if self.has_failed {
            return Err(StoreError::EarlierSyncFailed);
        }
        if let Err(error) = self.wal.sync_data() {
            // After a failed fsync the on-disk state is unknown, and a second fsync may succeed without
            // having written the lost pages, so the store stays failed.
            self.has_failed = true;
            return Err(StoreError::SyncWal(error));
        }
        self.durable.store(sequence, Ordering::Release);
        if sequence >= self.checkpointed + CHECKPOINT_STEPS {
            self.checkpointed = sequence;
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
