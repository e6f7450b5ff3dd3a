//! One state of the database, whatever the application writes meanwhile (contract 3.1.2).

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::changelog;
use super::cursors::{self, Cursors};
use super::database::{Database, meta, prepare};
use super::entry::{OfflineDelete, Scope};
use super::error::OfflineError;
use super::value;
use crate::schema::Schema;

/// How long the copy of a rollback-journal database waits for a writer.
const COPY_TIMEOUT: Duration = Duration::from_secs(30);

/// A read transaction that sees one state of the database.
///
/// In WAL mode it lies on the database itself: readers and writers do not disturb each
/// other there. With a rollback journal a long read would keep the application from
/// committing, so the snapshot is a private copy, made under a short lock and removed with
/// the snapshot.
#[derive(Debug)]
pub struct Snapshot {
    connection: Connection,
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
        let (connection, copy) = if mode.eq_ignore_ascii_case("wal") {
            (live, None)
        } else {
            let copy = copy(&live)?;
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection =
                Connection::open_with_flags(copy.path(), flags).map_err(OfflineError::at(copy.path()))?;
            prepare(&connection).map_err(OfflineError::at(copy.path()))?;
            (connection, keep(copy))
        };
        value::register_functions(&connection)
            // A deferred transaction sees its state from the first read on.
            .and_then(|()| connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema"))
            .map_err(OfflineError::at(database.path()))?;
        let byte_order = byte_order(&connection).map_err(OfflineError::at(database.path()))?;
        Ok(Self { connection, byte_order, _copy: copy })
    }

    /// The change log's highest `seq`; zero when it is empty.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn changelog_seq(&self) -> Result<i64, OfflineError> {
        changelog::highest_seq(&self.connection)
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
        changelog::pending(&self.connection)
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
        changelog::offline_deletes(&self.connection, schema, scope, seq, consume)
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
        changelog::Touched::since(&self.connection, schema, seq).map(changelog::Touched::into_subjects)
    }

    /// The collation that orders text by its UTF-8 bytes, whatever the database's encoding.
    pub(super) fn byte_order(&self) -> &'static str {
        self.byte_order
    }

    pub(super) fn connection(&self) -> &Connection {
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
                return Err(OfflineError::storage("the database is locked by another program"));
            }
            _ => std::thread::sleep(Duration::from_millis(25)),
        }
    }
}
