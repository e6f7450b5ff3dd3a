//! The file of a store: opened, written by one writer, read by any number of readers. The tables are in
//! [`super::layout`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};

use super::connection::{BUSY_TIMEOUT, connect};
use super::durable::Durable;
use super::layout;
use super::lock::StoreLock;
use super::pool::ConnectionPool;
use super::reader::SqliteReader;
use super::wal::{self, WalSyncer};
use super::writer::SqliteWriter;
use crate::server::store::{Result, StoreConnections, StoreError, TableFields};

/// A store in one SQLite file.
pub(in crate::server) struct SqliteStore {
    path: PathBuf,
    id: String,
    /// See [`Self::written_fields`].
    written_fields: Arc<TableFields>,
    durable: Arc<Durable>,
    readers: Arc<ConnectionPool>,
    /// Held as long as this process may write.
    _lock: StoreLock,
}

impl SqliteStore {
    /// Opens the file, or creates it, for a server that accepts these fields.
    ///
    /// # Errors
    /// [`StoreError`](super::super::StoreError) when SQLite cannot use the file, it is no store of this
    /// version or the one before, or another server has it open.
    pub(in crate::server) fn open(path: &Path, fields: &TableFields) -> Result<Self> {
        // Not through `connect`, whose pragmas would change another program's file before it is
        // recognized.
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = layout::recognize(&transaction)?;
        // After that, so that no lock file is left next to another program's database; before the file is
        // written, because a server of the version before may be running.
        let lock = StoreLock::take(path)?;
        layout::make(&transaction, found)?;
        let written_fields = layout::add_fields(&transaction, fields)?;
        let id = layout::store_id(&transaction)?;
        let sequence = layout::last_sequence(&transaction)?;
        transaction.commit()?;
        let readers = Arc::new(ConnectionPool::new(path.to_owned()));
        Ok(Self {
            path: path.to_owned(),
            id,
            written_fields: Arc::new(written_fields),
            durable: Arc::new(Durable::new(sequence)),
            readers,
            _lock: lock,
        })
    }

    /// Gives a store a new id; returns the one before, and the new one.
    ///
    /// # Errors
    /// As [`Self::open`]; and [`StoreError::Missing`] when there is no file.
    pub(in crate::server) fn renew_id(path: &Path) -> Result<(String, String)> {
        if !path.exists() {
            return Err(StoreError::Missing);
        }
        // It accepts no fields beside those that it knows.
        let store = Self::open(path, &TableFields::new())?;
        let id = layout::renew_store_id(&Connection::open(path)?)?;
        Ok((store.id, id))
    }

    /// The store id: made with the store, changed only by [`Self::renew_id`].
    pub(in crate::server) fn id(&self) -> &str {
        &self.id
    }

    /// The fields that documents may have: those that this server accepts, and those that a server with
    /// another schema has accepted before.
    pub(in crate::server) fn written_fields(&self) -> &Arc<TableFields> {
        &self.written_fields
    }

    /// Opens the one writer and runs `job` with it and with the syncer that makes its transactions
    /// durable; the writer is closed when `job` returns.
    ///
    /// # Errors
    /// [`StoreError`](super::super::StoreError) when the store cannot be opened for writing.
    pub(in crate::server) fn write(&self, job: impl FnOnce(&mut SqliteWriter<'_>, WalSyncer)) -> Result<()> {
        let connection = connect(&self.path)?;
        let mut writer = SqliteWriter::new(&connection)?;
        // Capacity 1: a checkpoint that has been requested and not begun covers a second request.
        let (checkpoints, requests) = std::sync::mpsc::sync_channel(1);
        let syncer = WalSyncer::open(&self.path, Arc::clone(&self.durable), checkpoints)?;
        let checkpointer = connect(&self.path)?;
        std::thread::scope(|scope| {
            // Ends when the syncer, which has the only sender, is dropped.
            scope.spawn(move || wal::checkpoint_on_request(&checkpointer, &requests));
            job(&mut writer, syncer);
        });
        // The last connection that is closed merges the write-ahead log into the file.
        self.readers.close();
        Ok(())
    }

    /// Whether what is committed can still be made durable.
    ///
    /// # Errors
    /// [`StoreError::EarlierSyncFailed`] when it cannot.
    pub(in crate::server) fn check(&self) -> Result<()> {
        if self.durable.has_failed() { Err(StoreError::EarlierSyncFailed) } else { Ok(()) }
    }

    /// The open connections: those of readers, the writer's and the one of checkpoints.
    pub(in crate::server) fn connections(&self) -> StoreConnections {
        let (in_use, idle) = self.readers.sizes();
        StoreConnections { in_use: in_use as u64 + 2, idle: idle as u64 }
    }

    /// Takes a snapshot of the store and waits until all of it is durable.
    ///
    /// # Errors
    /// [`StoreError`](super::super::StoreError) when the store cannot be read, or an fsync has failed.
    pub(in crate::server) fn reader(&self) -> Result<SqliteReader> {
        let reader = SqliteReader::begin(self.readers.get()?)?;
        self.durable.wait(reader.sequence())?;
        Ok(reader)
    }
}
