//! A snapshot: read transactions on one state of the database, which the application's writes do
//! not change (contract 3.1.2). What is read in it is decided in the rooms that take one:
//! [`super::read`], [`super::changelog`], [`super::write`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, InterruptHandle};
use tempfile::NamedTempFile;

use crate::offline::database::{Database, meta};
use crate::offline::error::OfflineError;

/// How long copying a rollback-journal database waits for a writer.
const COPY_TIMEOUT: Duration = Duration::from_secs(30);

/// The page cache of a connection that reads or writes each page once, in KiB. A larger one only takes memory, and the
/// processor's own cache does not hold it.
const SMALL_CACHE_KIB: i64 = 256;

/// SQLite's own page cache, in KiB.
const DEFAULT_CACHE_KIB: i64 = 2000;

/// Read transactions that see one state of the database.
///
/// In WAL mode it reads the database itself, because readers do not block writers there; and so it does
/// with an immutable file, which has no writers. With a rollback journal a long read would keep the
/// application from committing, so the snapshot reads a private copy, which is made under a short lock
/// and removed with the snapshot.
#[derive(Debug)]
pub struct Snapshot {
    connection: Connection,
    /// A connection for a second thread, which sees the same state.
    second_connection: Option<Mutex<Connection>>,
    /// The name of the collation that orders text by its UTF-8 bytes.
    byte_order: &'static str,
    /// A warning about the way in which the file is read.
    warning: Option<String>,
    /// Keeps the copy until the connections are closed.
    _copy: Option<NamedTempFile>,
}

/// The collation that orders by UTF-8 bytes in a database whose text is UTF-16, where BINARY
/// does not.
const UTF8_ORDER: &str = "synctool_utf8";

impl Snapshot {
    /// Takes a snapshot of the database's state at the time of the call.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read, is locked for too long, or
    /// when there is no space for the copy.
    pub fn take(database: &Database) -> Result<Self, OfflineError> {
        let live = database.connect()?;
        let mode: String = live
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .map_err(OfflineError::at(database.path()))?;
        let (connection, second, copy) = if mode.eq_ignore_ascii_case("wal") || database.is_immutable() {
            (live, connect_second(database), None)
        } else {
            let copy = copy(&live)?;
            let copied = Database::at(copy.path());
            (copied.connect()?, connect_second(&copied), unlink(copy))
        };
        // `data_version` is read before and after; if it is equal, no commit came between the two
        // transactions, and both connections see one state.
        let version = second.as_ref().and_then(|second| data_version(second).ok());
        begin(&connection).map_err(OfflineError::at(database.path()))?;
        let is_same_state = |second: &Connection| {
            let now = begin(second).and_then(|()| data_version(second));
            now.is_ok_and(|now| Some(now) == version)
        };
        let second_connection = second.filter(is_same_state).map(Mutex::new);
        let byte_order = byte_order(&connection).map_err(OfflineError::at(database.path()))?;
        Ok(Self { connection, second_connection, byte_order, warning: database.warning(), _copy: copy })
    }

    /// Makes a function that interrupts every statement that the snapshot runs when the function
    /// is called: sorting a large table takes long. Such a statement fails with
    /// [`OfflineError::Interrupted`]. Call it before reading begins: reading locks the second
    /// connection.
    pub(crate) fn interrupter(&self) -> impl Fn() + use<> {
        let second = self.second_connection().map(|second| lock_connection(second).get_interrupt_handle());
        let handles = [Some(self.connection.get_interrupt_handle()), second];
        move || handles.iter().flatten().for_each(InterruptHandle::interrupt)
    }

    /// The client id in `__datafn_meta`; `None` when the database has none.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub(crate) fn client_id(&self) -> Result<Option<String>, OfflineError> {
        meta(&self.connection, "clientId").map_err(OfflineError::while_doing("cannot read __datafn_meta"))
    }

    /// A warning for the user about the way in which the file is read.
    #[must_use]
    pub(crate) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// The connection that every snapshot has.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A second connection that sees the same state. `None` on a machine with one processor, and
    /// where a commit came between the beginnings of the two transactions.
    pub(super) fn second_connection(&self) -> Option<&Mutex<Connection>> {
        self.second_connection.as_ref()
    }

    /// Calls `each` for every connection, for example to register an SQL function.
    pub(super) fn for_each_connection(
        &self,
        each: impl Fn(&Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        each(&self.connection)?;
        self.second_connection().map_or(Ok(()), |second| each(&lock_connection(second)))
    }

    /// The name of the collation that orders text by its UTF-8 bytes, in a database of any
    /// encoding.
    pub(super) fn byte_order(&self) -> &'static str {
        self.byte_order
    }
}

/// Locks the second connection for this thread.
pub(super) fn lock_connection(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    // A thread that panicked cannot have left it in a bad state: it only reads.
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the name of a copy that is open, so that nothing of it stays when the process is
/// killed. Returns what must be kept until the connections are closed.
fn unlink(copy: NamedTempFile) -> Option<NamedTempFile> {
    if cfg!(unix) && std::fs::remove_file(copy.path()).is_ok() {
        return None;
    }
    // A name that cannot be removed now, as on Windows, is removed with the snapshot.
    Some(copy)
}

/// A connection for a second thread; `None` on a machine with one processor.
fn connect_second(database: &Database) -> Option<Connection> {
    let is_single = std::thread::available_parallelism().is_ok_and(|count| count.get() == 1);
    if is_single { None } else { database.connect().ok() }
}

/// Begins a read transaction: the connection sees one state of the database from now on.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    // A deferred transaction sees its state from the first read on.
    connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
}

/// Calls `scan`, which reads a table in the order of its pages, with a small page cache.
pub(super) fn with_small_cache<T>(connection: &Connection, scan: impl FnOnce() -> T) -> T {
    // Where it fails, the cache stays as it is.
    let _ = set_cache(connection, SMALL_CACHE_KIB);
    let result = scan();
    let _ = set_cache(connection, DEFAULT_CACHE_KIB);
    result
}

/// Sets the size of a connection's page cache.
fn set_cache(connection: &Connection, kib: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -kib)
}

/// A number that changes when another connection commits.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

/// The collation that orders text by its UTF-8 bytes, registered where SQLite has none.
fn byte_order(connection: &Connection) -> rusqlite::Result<&'static str> {
    let encoding: String = connection.query_row("PRAGMA encoding", [], |row| row.get(0))?;
    if encoding == "UTF-8" {
        return Ok("BINARY");
    }
    connection.create_collation(UTF8_ORDER, |a: &str, b: &str| a.cmp(b))?;
    Ok(UTF8_ORDER)
}

/// Copies the database into a temporary file.
fn copy(live: &Connection) -> Result<NamedTempFile, OfflineError> {
    let doing = "cannot copy the database to read one state of it (TMPDIR says where to)";
    let file = NamedTempFile::new().map_err(|error| OfflineError::storage(format!("{doing}: {error}")))?;
    let mut target = Connection::open(file.path()).map_err(OfflineError::while_doing(doing))?;
    // The copy is temporary, so it needs no protection against a power failure.
    target.pragma_update(None, "synchronous", "OFF").map_err(OfflineError::while_doing(doing))?;
    for connection in [live, &target] {
        set_cache(connection, SMALL_CACHE_KIB).map_err(OfflineError::while_doing(doing))?;
    }
    let backup = Backup::new(live, &mut target).map_err(OfflineError::while_doing(doing))?;
    let start = Instant::now();
    loop {
        // All pages in one step: one short lock, and a writer cannot make the copy start over.
        match backup.step(-1).map_err(OfflineError::while_doing(doing))? {
            StepResult::Done => return Ok(file),
            _ if start.elapsed() > COPY_TIMEOUT => {
                return Err(OfflineError::locked("the database is locked by another program"));
            }
            _ => std::thread::sleep(Duration::from_millis(25)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn database(folder: &tempfile::TempDir, mode: &str) -> (Connection, Database) {
        let path = folder.path().join("app.db");
        let application = Connection::open(&path).unwrap();
        application.pragma_update(None, "journal_mode", mode).unwrap();
        application.execute_batch("CREATE TABLE todos (id TEXT PRIMARY KEY)").unwrap();
        (application, Database::open(&path).unwrap())
    }

    fn count(connection: &Connection) -> u64 {
        connection.query_row("SELECT count(*) FROM todos", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn both_connections_see_the_state_of_the_snapshot() {
        for mode in ["WAL", "DELETE"] {
            let folder = tempfile::tempdir().unwrap();
            let (application, database) = database(&folder, mode);
            let snapshot = Snapshot::take(&database).unwrap();
            application.execute_batch("INSERT INTO todos VALUES ('a')").unwrap();
            let second = snapshot.second_connection().unwrap().lock().unwrap();
            assert_eq!(
                (count(&snapshot.connection), count(&second), count(&application)),
                (0, 0, 1),
                "{mode}"
            );
        }
    }

    #[test]
    fn there_is_no_second_connection_after_a_commit_between_the_two_transactions() {
        let folder = tempfile::tempdir().unwrap();
        let (application, database) = database(&folder, "WAL");
        let is_over = AtomicBool::new(false);
        let (mut counts, mut none) = (Vec::new(), 0);
        std::thread::scope(|scope| {
            // Makes many commits.
            application.pragma_update(None, "synchronous", "OFF").unwrap();
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    application.execute_batch("INSERT INTO todos VALUES (random())").unwrap();
                }
            });
            while counts.len() + none < 300 {
                let snapshot = Snapshot::take(&database).unwrap();
                match snapshot.second_connection() {
                    None => none += 1,
                    Some(second) => {
                        counts.push((count(&snapshot.connection), count(&second.lock().unwrap())));
                    }
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
        // How often each case happens depends on the machine.
        assert!(counts.iter().all(|(one, other)| one == other), "{counts:?}");
    }
}
