//! Opens the file of a store and the connections to it. The tables are in [`super::layout`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::layout;
use super::lock::StoreLock;
use super::reader::SqliteReader;
use super::wal::{self, WalSyncer};
use super::writer::SqliteWriter;
use crate::server::store::{Reader, Result, Store, WriteJob};

/// How long a connection waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The page cache of a connection, in KiB: the inner pages of all tables' B-trees fit.
const CACHE_KIB: i64 = 16 * 1024;

/// The length of the write-ahead log, in pages of 4 KiB, at which the writer itself checkpoints and
/// restarts it. [`wal::checkpoint_on_request`] has moved most of it into the database by then.
const MAX_WAL_PAGES: i64 = 32 * 1024;

/// A store in one SQLite file.
pub(in crate::server) struct SqliteStore {
    path: PathBuf,
    id: String,
    /// The last step of the sequence that a power failure would leave; readers see nothing after it.
    durable: Arc<AtomicU64>,
    /// Held as long as this process may write.
    _lock: StoreLock,
}

impl SqliteStore {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// [`StoreError`](super::super::StoreError) when SQLite cannot use the file, it is no store of this
    /// version, or another server has it open.
    pub(in crate::server) fn open(path: &Path) -> Result<Self> {
        // Not through `connect`, whose pragmas would change another program's file before it is
        // recognized.
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        layout::create_or_check(&transaction)?;
        let id = layout::store_id(&transaction)?;
        let sequence = layout::last_sequence(&transaction)?;
        transaction.commit()?;
        // Last, so that no lock file is left next to another program's database.
        let lock = StoreLock::take(path)?;
        Ok(Self { path: path.to_owned(), id, durable: Arc::new(sequence.into()), _lock: lock })
    }
}

impl Store for SqliteStore {
    fn id(&self) -> &str {
        &self.id
    }

    fn write(&self, job: &mut WriteJob<'_>) -> Result<()> {
        let connection = connect(&self.path)?;
        let mut writer = SqliteWriter::new(&connection)?;
        // Capacity 1: a checkpoint that has been requested and not begun covers a second request.
        let (checkpoints, requests) = std::sync::mpsc::sync_channel(1);
        let syncer = WalSyncer::open(&self.path, Arc::clone(&self.durable), checkpoints)?;
        let checkpointer = connect(&self.path)?;
        std::thread::scope(|scope| {
            // Ends when the syncer, which has the only sender, is dropped.
            scope.spawn(move || wal::checkpoint_on_request(&checkpointer, &requests));
            job(&mut writer, Box::new(syncer));
        });
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn Reader>> {
        let connection = connect(&self.path)?;
        // Loaded before the snapshot begins: the snapshot then holds at least these steps.
        let durable = self.durable.load(Ordering::Acquire);
        // A deferred transaction takes its snapshot with the first read and keeps it.
        connection.execute_batch("BEGIN")?;
        Ok(Box::new(SqliteReader { connection, durable }))
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit does not fsync: `WalSyncer` does, before anything is acknowledged.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Negative: in KiB instead of pages.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", MAX_WAL_PAGES)?;
    Ok(connection)
}
