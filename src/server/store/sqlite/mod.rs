//! The store in one SQLite file: its layout, and how it is opened. [`writer`] changes it,
//! [`reader`] reads it, [`durable`] makes changes last, and [`lock`] keeps a second server off.

mod durable;
mod lock;
mod reader;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use super::{Document, Reader, Result, Store, StoreError, Work};
use durable::LogSyncer;
use lock::Lock;
use reader::SqliteReader;
use writer::SqliteWriter;

/// Marks a file as a store of this server ("syTo"), so that no other file is taken for one.
const APPLICATION_ID: i32 = 0x7379_546f;

/// Raised with every change of [`LAYOUT`] that older files need.
const FORMAT: i32 = 3;

/// Records and join rows as they are, what happened to them, and which mutations did it.
const LAYOUT: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE record (resource TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (resource, id));
CREATE TABLE join_row (store TEXT, source TEXT, target TEXT, document TEXT NOT NULL,
    PRIMARY KEY (store, source, target)) WITHOUT ROWID;
-- A mutation is one step of the sequence, and may change several things, parts 0, 1, …, or
-- none. What became of a thing is where it is kept.
-- The client is named where it knows the outcome already, for it is just what it has sent.
CREATE TABLE change (sequence INTEGER, part INTEGER, name TEXT NOT NULL, id TEXT NOT NULL,
    target TEXT, client INTEGER, PRIMARY KEY (sequence, part)) WITHOUT ROWID;
CREATE TABLE client (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE applied (client INTEGER, mutation TEXT, PRIMARY KEY (client, mutation)) WITHOUT ROWID;
";

/// How long a connection waits for another one's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of the store a connection keeps in memory.
const CACHE_KIB: i64 = 16 * 1024;

/// After how many pages (of 4 KiB) the writer brings the log into the store itself, and begins
/// it anew: much of it is there already by then.
const MAX_LOG_PAGES: i64 = 32 * 1024;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// A store in one SQLite file.
pub(in crate::server) struct SqliteStore {
    path: PathBuf,
    id: String,
    /// The last step of the sequence that a power cut would leave.
    durable: Arc<AtomicU64>,
    /// Held as long as there is somebody who might write.
    _lock: Lock,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    pub(in crate::server) fn open(path: &Path) -> Result<Self> {
        // Another program's file is only looked at: the pragmas of `connect` would change it.
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let pragma = |name| transaction.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (pragma("application_id")?, pragma("user_version")?) {
            (0, 0) if tables == 0 => {
                transaction.execute_batch(LAYOUT)?;
                transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
                transaction.pragma_update(None, "user_version", FORMAT)?;
                transaction.execute(
                    "INSERT INTO meta (key, value) VALUES ('storeId', ?1), ('sequence', 0)",
                    [uuid::Uuid::new_v4().to_string()],
                )?;
            }
            (APPLICATION_ID, FORMAT) => {}
            (APPLICATION_ID, other) => {
                return Err(StoreError::new(format!("its format {other} is not that of this version")));
            }
            _ => return Err(StoreError::new("it is another program's database; name a new file")),
        }
        let id =
            transaction.query_row("SELECT value FROM meta WHERE key = 'storeId'", [], |row| row.get(0))?;
        let sequence = last_sequence(&transaction)?;
        transaction.commit()?;
        // Only now: nothing is to be left beside another program's file.
        let lock = Lock::take(path)?;
        Ok(Self { path: path.to_owned(), id, durable: Arc::new(sequence.into()), _lock: lock })
    }
}

impl Store for SqliteStore {
    fn id(&self) -> &str {
        &self.id
    }

    fn write(&self, work: &mut Work<'_>) -> Result<()> {
        let connection = connect(&self.path)?;
        let mut writer = SqliteWriter::new(&connection)?;
        let (checkpoints, asked) = std::sync::mpsc::sync_channel(1);
        let syncer = LogSyncer::open(&self.path, Arc::clone(&self.durable), checkpoints)?;
        let beside = connect(&self.path)?;
        std::thread::scope(|scope| {
            // It ends with the syncer, which asks it.
            scope.spawn(move || durable::checkpoint(&beside, &asked));
            work(&mut writer, Box::new(syncer));
        });
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn Reader>> {
        let connection = connect(&self.path)?;
        let durable = self.durable.load(Ordering::Acquire);
        // One state, from the first read on.
        connection.execute_batch("BEGIN")?;
        Ok(Box::new(SqliteReader { connection, durable }))
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // The log is forced to the disk beside the writer, before anything is acknowledged.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // The inner pages of all tables stay in memory.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", MAX_LOG_PAGES)?;
    Ok(connection)
}

fn last_sequence(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT value FROM meta WHERE key = 'sequence'", [], |row| row.get(0))
}

fn document(text: &str) -> Result<Document> {
    serde_json::from_str(text).map_err(|error| StoreError::new(format!("a document is damaged: {error}")))
}
