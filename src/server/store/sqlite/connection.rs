//! Opens a connection to the file of a store. What is in the file is checked in [`super::store`].

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::server::store::Result;

/// How long a connection waits for another connection's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The page cache of a connection, in KiB: the inner pages of all tables' B-trees fit.
const CACHE_KIB: i64 = 16 * 1024;

/// The length of the write-ahead log, in pages of 4 KiB, at which the writer itself checkpoints and
/// restarts it. [`super::wal::checkpoint_on_request`] has moved most of it into the database by then.
const MAX_WAL_PAGES: i64 = 32 * 1024;

/// Opens a connection.
///
/// # Errors
/// [`StoreError`](crate::server::store::StoreError) when SQLite cannot open the file.
pub(super) fn connect(path: &Path) -> Result<Connection> {
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
