//! One state of the database, whatever the application writes meanwhile (contract 3.1.2).

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, InterruptHandle};
use tempfile::NamedTempFile;

use crate::offline::changelog::entries;
use crate::offline::changelog::entry::{OfflineDelete, Scope};
use crate::offline::database::{Database, meta};
use crate::offline::error::OfflineError;
use crate::offline::map::value;
use crate::offline::write::cursors::{self, Cursors};
use crate::schema::Schema;

/// How long the copy of a rollback-journal database waits for a writer.
const COPY_TIMEOUT: Duration = Duration::from_secs(30);

/// Read transactions that see one state of the database.
///
/// In WAL mode it lies on the database itself: readers and writers do not disturb each
/// other there. With a rollback journal a long read would keep the application from
/// committing, so the snapshot is a private copy, made under a short lock and removed with
/// the snapshot.
#[derive(Debug)]
pub struct Snapshot {
    connection: Connection,
    /// Sees the same state, for a second thread.
    twin: Option<Mutex<Connection>>,
    /// The collation that orders text by its UTF-8 bytes.
    byte_order: &'static str,
    /// Keeps the copy until the connection is closed.
    _copy: Option<NamedTempFile>,
}

/// Orders by UTF-8 bytes in a database whose text is UTF-16, where BINARY does not.
const UTF8_ORDER: &str = "synctool_utf8";

impl Snapshot {
    /// Takes a snapshot of the database as it is now.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when it cannot be read, is locked for too long, or when
    /// there is no space for the copy.
    pub fn take(database: &Database) -> Result<Self, OfflineError> {
        let live = database.connect()?;
        let mode: String = live
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .map_err(OfflineError::at(database.path()))?;
        let (connection, twin, copy) = if mode.eq_ignore_ascii_case("wal") {
            (live, second(database), None)
        } else {
            let copy = copy(&live)?;
            let copied = Database::at(copy.path());
            (copied.connect()?, second(&copied), keep(copy))
        };
        // What is committed between the twin's two looks shows in the second one: if nothing
        // does, the state that is read in between is the twin's too.
        let looked_at = twin.as_ref().and_then(|twin| data_version(twin).ok());
        begin(&connection).map_err(OfflineError::at(database.path()))?;
        let is_same = |twin: &Connection| {
            let now = begin(twin).and_then(|()| data_version(twin));
            now.is_ok_and(|now| Some(now) == looked_at)
        };
        let twin = twin.filter(is_same).map(Mutex::new);
        let byte_order = byte_order(&connection).map_err(OfflineError::at(database.path()))?;
        Ok(Self { connection, twin, byte_order, _copy: copy })
    }

    /// A second connection that sees the same state, if there is one.
    pub(crate) fn twin(&self) -> Option<&Mutex<Connection>> {
        self.twin.as_ref()
    }

    /// Calls `each` for the connection, and for the second one.
    pub(crate) fn for_each_connection(
        &self,
        each: impl Fn(&Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        each(&self.connection)?;
        self.twin().map_or(Ok(()), |twin| each(&hold(twin)))
    }

    /// Breaks off whatever is being read from it when called, which fails then: sorting a large
    /// table takes long. To be asked for before reading begins, which holds the second
    /// connection.
    pub fn interrupter(&self) -> impl Fn() + use<> {
        let twin = self.twin().map(|twin| hold(twin).get_interrupt_handle());
        let handles = [Some(self.connection.get_interrupt_handle()), twin];
        move || handles.iter().flatten().for_each(InterruptHandle::interrupt)
    }

    /// The change log's highest `seq`; zero when it is empty.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn changelog_seq(&self) -> Result<i64, OfflineError> {
        entries::highest_seq(&self.connection)
    }

    /// Where the database stands in the server's feed.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read, or a cursor is none.
    pub fn cursors(&self) -> Result<Cursors, OfflineError> {
        cursors::read(&self.connection)
    }

    /// The database's own client id, if it has one.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn client_id(&self) -> Result<Option<String>, OfflineError> {
        meta(&self.connection, "clientId").map_err(OfflineError::while_doing("cannot read __datafn_meta"))
    }

    /// How many entries of the change log there are, by operation; those that cannot be read
    /// are under `unreadable`.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn pending(&self) -> Result<BTreeMap<String, u64>, OfflineError> {
        entries::pending(&self.connection)
    }

    /// Calls `consume` for every delete and unrelate in the change log up to `seq` that is in
    /// scope and whose subject is not in the snapshot any more (contract 3.1, stage C).
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Storage`] when the database fails.
    pub fn offline_deletes(
        &self,
        schema: &Schema,
        scope: &Scope,
        seq: i64,
        consume: impl FnMut(OfflineDelete) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        entries::offline_deletes(&self.connection, schema, scope, seq, consume)
    }

    /// What entries of the change log after `seq` are about: resource and id, or join store
    /// and `from:to`.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn touched_since(
        &self,
        schema: &Schema,
        seq: i64,
    ) -> Result<HashSet<(String, String)>, OfflineError> {
        entries::Touched::since(&self.connection, schema, seq).map(entries::Touched::into_subjects)
    }

    /// The collation that orders text by its UTF-8 bytes, whatever the database's encoding.
    pub(crate) fn byte_order(&self) -> &'static str {
        self.byte_order
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// What must be kept of a copy that is open: on Unix not even its name, so that nothing of it
/// stays when the process is killed.
fn keep(copy: NamedTempFile) -> Option<NamedTempFile> {
    if cfg!(unix) {
        // A name that cannot be removed now is removed with the snapshot.
        if std::fs::remove_file(copy.path()).is_ok() {
            return None;
        }
    }
    Some(copy)
}

/// Takes the second connection for this thread.
pub(crate) fn hold(twin: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    // It is whole after a panic elsewhere: it only reads.
    twin.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection for a second thread, where that can run beside the first one.
fn second(database: &Database) -> Option<Connection> {
    let is_alone = std::thread::available_parallelism().is_ok_and(|count| count.get() == 1);
    if is_alone { None } else { database.connect().ok() }
}

/// Makes a connection see one state from now on.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    value::register_functions(connection)?;
    // A deferred transaction sees its state from the first read on.
    connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
}

/// Changes from one look to the next when another connection has committed meanwhile.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

fn byte_order(connection: &Connection) -> rusqlite::Result<&'static str> {
    let encoding: String = connection.query_row("PRAGMA encoding", [], |row| row.get(0))?;
    if encoding == "UTF-8" {
        return Ok("BINARY");
    }
    connection.create_collation(UTF8_ORDER, |a: &str, b: &str| a.cmp(b))?;
    Ok(UTF8_ORDER)
}

fn copy(live: &Connection) -> Result<NamedTempFile, OfflineError> {
    let doing = "cannot copy the database to read one state of it (TMPDIR says where to)";
    let file = NamedTempFile::new().map_err(|error| OfflineError::storage(format!("{doing}: {error}")))?;
    let mut target = Connection::open(file.path()).map_err(OfflineError::while_doing(doing))?;
    // The copy is thrown away, so it needs no protection against a power cut.
    target.pragma_update(None, "synchronous", "OFF").map_err(OfflineError::while_doing(doing))?;
    let backup = Backup::new(live, &mut target).map_err(OfflineError::while_doing(doing))?;
    let start = Instant::now();
    loop {
        // All pages in one step: one short lock, and nothing to start over.
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
    fn both_connections_see_the_state_that_was_taken() {
        for mode in ["WAL", "DELETE"] {
            let folder = tempfile::tempdir().unwrap();
            let (application, database) = database(&folder, mode);
            let snapshot = Snapshot::take(&database).unwrap();
            application.execute_batch("INSERT INTO todos VALUES ('a')").unwrap();
            let twin = snapshot.twin().unwrap().lock().unwrap();
            assert_eq!((count(&snapshot.connection), count(&twin), count(&application)), (0, 0, 1), "{mode}");
        }
    }

    #[test]
    fn where_the_application_commits_in_between_there_is_no_second_connection() {
        let folder = tempfile::tempdir().unwrap();
        let (application, database) = database(&folder, "WAL");
        let is_over = AtomicBool::new(false);
        let (mut counts, mut none) = (Vec::new(), 0);
        std::thread::scope(|scope| {
            // Commits come as fast as they can.
            application.pragma_update(None, "synchronous", "OFF").unwrap();
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    application.execute_batch("INSERT INTO todos VALUES (random())").unwrap();
                }
            });
            while counts.len() + none < 300 {
                let snapshot = Snapshot::take(&database).unwrap();
                match snapshot.twin() {
                    None => none += 1,
                    Some(twin) => counts.push((count(&snapshot.connection), count(&twin.lock().unwrap()))),
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
        // How often each happens is up to the machine.
        assert!(counts.iter().all(|(one, other)| one == other), "{counts:?}");
    }
}
