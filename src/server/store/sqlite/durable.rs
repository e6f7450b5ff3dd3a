//! Making what was committed durable, beside the writer: while the disk is at work, the writer
//! goes on with the next transaction.
//!
//! A commit appends to SQLite's log (<https://www.sqlite.org/wal.html>) and does not wait for the
//! disk. [`LogSyncer`] forces the log to the disk, after which it is answered for; and now and
//! then another thread brings the log into the store.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use rusqlite::Connection;

use super::super::{Result, StoreError, Syncer};

/// After how many steps of the sequence the log is brought into the store: so often that the
/// disk gets a little at a time, for a push waits while it writes much.
const CHECKPOINT_STEPS: u64 = 2000;

/// Forces the log to the disk.
pub(super) struct LogSyncer {
    log: File,
    /// The last step that is on the disk, for those who read.
    durable: Arc<AtomicU64>,
    /// The last step that was on the disk when the log was brought into the store.
    checkpointed: u64,
    checkpoints: SyncSender<()>,
    has_failed: bool,
}

impl LogSyncer {
    /// Opens the log of a store, which a connection has open already.
    pub(super) fn open(store: &Path, durable: Arc<AtomicU64>, checkpoints: SyncSender<()>) -> Result<Self> {
        // Whatever name the store goes by, the log is beside the file itself.
        let mut name = store.canonicalize().unwrap_or_else(|_| store.to_owned()).into_os_string();
        name.push("-wal");
        let failed = |error| StoreError::new(format!("cannot open the log {}: {error}", name.display()));
        let log = OpenOptions::new().read(true).write(true).open(&name).map_err(failed)?;
        let checkpointed = durable.load(Ordering::Acquire);
        Ok(Self { log, durable, checkpointed, checkpoints, has_failed: false })
    }
}

impl Syncer for LogSyncer {
    fn sync(&mut self, sequence: u64) -> Result<()> {
        if self.has_failed {
            return Err(StoreError::new(
                "the log could not be written to the disk before; restart the server",
            ));
        }
        if let Err(error) = self.log.sync_data() {
            // What the disk has of it now, nobody knows, and asking again would not tell.
            self.has_failed = true;
            return Err(StoreError::new(format!("cannot write the log to the disk: {error}")));
        }
        self.durable.store(sequence, Ordering::Release);
        if sequence >= self.checkpointed + CHECKPOINT_STEPS {
            self.checkpointed = sequence;
            // One that is still waiting will do for both.
            let _ = self.checkpoints.try_send(());
        }
        Ok(())
    }
}

/// Brings the log into the store whenever it is asked to, without standing in anybody's way.
pub(super) fn checkpoint(connection: &Connection, asked: &Receiver<()>) {
    while asked.recv().is_ok() {
        let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            // The writer does it itself when the log has become large.
            tracing::warn!(%error, "the log could not be brought into the store");
        }
    }
}
