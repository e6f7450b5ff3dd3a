//! The file of a clone: whether it may be written to, its tables and system tables, and the end of a
//! clone.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::counts::CloneCounts;
use super::error::CloneError;
use super::mark::{Mark, Origin};
use crate::offline::database::{Database, meta, set_meta};
use crate::offline::error::OfflineError;
use crate::offline::sidecar::{Acquired, Sidecar, SidecarKind};
use crate::offline::sql::Table;
use crate::offline::write::cursors::{self, Cursors, STORE_ID};
use crate::offline::write::finalizer::Finalizer;
use crate::offline::write::local_table::{LocalTable, is_empty};
use crate::offline::write::new_tables::{Layout, MadeTables};
use crate::protocol::Cursor;
use crate::schema::Schema;

/// The system tables (contract 1.3), as far as they are missing.
const SYSTEM_TABLES: &str = "
    CREATE TABLE IF NOT EXISTS __datafn_cursors (resource TEXT PRIMARY KEY, cursor TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS __datafn_changelog (seq INTEGER PRIMARY KEY AUTOINCREMENT,
        clientId TEXT NOT NULL, mutationId TEXT NOT NULL, mutation TEXT NOT NULL,
        timestampMs INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);";

/// Pages of 4 KiB in the write-ahead log of a new file after which it is merged into the file, which waits
/// for the disk: 32 MiB.
const CHECKPOINT_PAGES: u32 = 8192;

/// The file that a clone writes to, locked by this process until the value is dropped.
#[derive(Debug)]
pub struct CloneFile {
    path: PathBuf,
    schema: Schema,
    layout: Layout,
    lock: Acquired,
    /// Whether there is a database already.
    exists: bool,
    /// The mark of an interrupted clone.
    mark: Option<Mark>,
    client_id: Option<String>,
    cursors: Cursors,
}

impl CloneFile {
    /// Checks that a clone may be written to the file at `path`: there is none, the tables of the schema
    /// are missing or empty in it, or it is an interrupted clone. Changes nothing.
    ///
    /// # Errors
    /// [`CloneError`] when it may not.
    pub fn open(path: &Path, schema: Schema) -> Result<Self, CloneError> {
        let layout = Layout::new(&schema)
            .map_err(|shared| CloneError::SharedColumn { table: shared.table, fields: shared.fields })?;
        let exists = exists(path)?;
        let lock = Sidecar::acquire(&Database::at(path), SidecarKind::Upload)?;
        let (mark, client_id, cursors) = (None, None, Cursors::default());
        let mut file = Self { path: path.to_owned(), schema, layout, lock, exists, mark, client_id, cursors };
        if exists {
            let database = Database::open(path)?;
            database.check_writable("and a clone writes to it")?;
            let connection = database.connect()?;
            file.client_id = meta(&connection, "clientId").map_err(OfflineError::at(path))?;
            file.mark = Mark::read(&connection)?;
            match &file.mark {
                Some(mark) => {
                    mark.check_schema(path, &file.schema.fingerprint)?;
                    file.cursors = cursors::read(&connection)?;
                }
                None => file.check_empty(&connection)?,
            }
        }
        Ok(file)
    }

    /// A warning where there can be no lock.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match &self.lock {
            Acquired::Held(_) => None,
            Acquired::Without(why) => Some(format!("the clone goes on without a lock: {why}")),
        }
    }

    /// The client id that the database stores.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Where an interrupted clone goes on: the cursors after its last page.
    #[must_use]
    pub fn interrupted_at(&self) -> Option<&Cursors> {
        self.mark.as_ref().map(|_| &self.cursors)
    }

    /// What the server said on the first page of an interrupted clone, for its further ones
    /// ([`crate::protocol::PullRequest::started_at`]); `None` before that page is written.
    #[must_use]
    pub fn started_at(&self) -> Option<&Cursor> {
        self.mark.as_ref().and_then(|mark| mark.started_at.as_ref()).filter(|_| self.has_pages())
    }

    /// Checks that an interrupted clone goes on with the server that it began with.
    ///
    /// # Errors
    /// [`CloneError::OtherServer`] when this is another one.
    pub fn check_origin(&self, origin: &Origin) -> Result<(), CloneError> {
        self.mark.as_ref().map_or(Ok(()), |mark| mark.check_origin(&self.path, origin))
    }

    /// Makes the file, the tables and system tables that are missing, and the mark, in one transaction.
    /// Pages can be written then. `started_at` is what the answer to the first page says.
    ///
    /// # Errors
    /// [`CloneError`] when the file cannot be written, or when a table is there that cannot take
    /// records.
    pub fn begin(
        &self,
        origin: &Origin,
        client_id: &str,
        started_at: Option<&Cursor>,
    ) -> Result<Finalizer, CloneError> {
        let database = Database::at(&self.path);
        let mut connection =
            if self.exists { database.connect_to_write()? } else { Database::create(&self.path)? };
        let is_new_file = self.mark.as_ref().map_or(!self.exists, |mark| mark.is_new_file);
        if is_new_file {
            log_ahead(&connection).map_err(OfflineError::at(&self.path))?;
        }
        let made = self.mark.iter().flat_map(|mark| mark.tables.iter().cloned()).collect();
        let mut made = MadeTables::new(self.layout.clone(), made);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(OfflineError::at(&self.path))?;
        if self.mark.is_none() {
            self.check_empty(&transaction)?;
            made.make(&transaction)?;
            self.write_system_tables(&transaction, origin, client_id)
                .map_err(OfflineError::at(&self.path))?;
        }
        // A clone that was interrupted before its first page begins at 0 once more.
        if !self.has_pages() {
            let (origin, schema) = (origin.clone(), self.schema.fingerprint.clone());
            let (tables, started_at) = (sorted(made.names()), started_at.cloned());
            Mark { origin, schema, tables, is_new_file, started_at }.write(&transaction)?;
        }
        self.check_tables(&transaction, &database)?;
        transaction.commit().map_err(OfflineError::at(&self.path))?;
        let finalizer = Finalizer::of_clone(connection, database, self.schema.clone(), made);
        Ok(finalizer.store_id(origin.store_id.clone()))
    }

    /// Ends a clone that is complete: the mark is removed, and a new file needs no log beside it.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn finish(&self, finalizer: Finalizer) -> Result<(), OfflineError> {
        let connection = finalizer.into_connection();
        let is_new_file = Mark::read(&connection)?.is_some_and(|mark| mark.is_new_file);
        Mark::remove(&connection)?;
        if is_new_file {
            // Fails while another program has the file open; then the log stays.
            let merged: rusqlite::Result<String> =
                connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0));
            if let Err(error) = merged {
                tracing::debug!(%error, "the write-ahead log stays beside the clone");
            }
        }
        connection.close().map_err(|(_, error)| OfflineError::at(&self.path)(error))
    }

    /// The number of rows that the clone has; none where no file was made.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn counts(&self) -> Result<CloneCounts, OfflineError> {
        if !exists(&self.path)? {
            return Ok(CloneCounts::default());
        }
        CloneCounts::of(&Database::at(&self.path).connect()?, &self.schema)
    }

    /// Whether an interrupted clone has written a page.
    fn has_pages(&self) -> bool {
        self.mark.is_some() && (self.cursors.global != Cursor::zero() || !self.cursors.tables.is_empty())
    }

    /// Checks that no table of the schema has rows.
    fn check_empty(&self, connection: &Connection) -> Result<(), CloneError> {
        for name in self.layout.table_names() {
            let failed = || OfflineError::at(&self.path);
            if Table::find(connection, name).map_err(failed())?.is_some()
                && !is_empty(connection, name).map_err(failed())?
            {
                return Err(CloneError::HoldsRows { path: self.path.clone(), table: name.to_owned() });
            }
        }
        Ok(())
    }

    /// Checks that pulled changes can be written to all tables of the schema.
    fn check_tables(&self, connection: &Connection, database: &Database) -> Result<(), CloneError> {
        let check = |name: &str, table: Option<LocalTable>| match table {
            Some(table) => Ok(table.check_collations()?),
            None => Err(CloneError::NotWritable(name.to_owned())),
        };
        for resource in self.schema.resources.iter().filter(|resource| !resource.is_remote_only) {
            let table = LocalTable::of_resource(connection, database, &self.schema, resource)?;
            check(&resource.storage.table, table)?;
        }
        for store in self.schema.join_stores() {
            check(&store.storage().table, LocalTable::of_join_store(connection, database, &store)?)?;
        }
        Ok(())
    }

    /// Writes what the system tables say of a clone that begins. An application's client id and schema
    /// stay; cursors are about rows that are not there.
    fn write_system_tables(
        &self,
        connection: &Connection,
        origin: &Origin,
        client_id: &str,
    ) -> rusqlite::Result<()> {
        connection.execute_batch(SYSTEM_TABLES)?;
        connection.execute("DELETE FROM __datafn_cursors", [])?;
        connection.execute("DELETE FROM __datafn_meta WHERE key = ?1", [STORE_ID])?;
        for (key, value) in [("clientId", client_id), ("schema", self.schema.text())] {
            if meta(connection, key)?.is_none() {
                set_meta(connection, key, value)?;
            }
        }
        origin.store_id.as_ref().map_or(Ok(()), |id| set_meta(connection, STORE_ID, id))
    }
}

/// Whether there is a database at a path; an empty file is none.
fn exists(path: &Path) -> Result<bool, OfflineError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(OfflineError::storage(format!("{} is a folder", path.display())))
        }
        Ok(metadata) => Ok(metadata.len() > 0),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            match folder {
                Some(folder) if !folder.is_dir() => Err(OfflineError::storage(format!(
                    "cannot create {}: there is no folder {}",
                    path.display(),
                    folder.display()
                ))),
                _ => Ok(false),
            }
        }
        Err(error) => Err(OfflineError::storage(format!("cannot open {}: {error}", path.display()))),
    }
}

/// Makes a new file write its log ahead, which waits for the disk once in many pages. After a power
/// failure, pages and their cursors are lost together.
fn log_ahead(connection: &Connection) -> rusqlite::Result<()> {
    // A file system that does not allow it keeps the rollback journal.
    let _: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.query_row(&format!("PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}"), [], |_| Ok(()))
}

fn sorted(names: &HashSet<String>) -> Vec<String> {
    let mut names: Vec<_> = names.iter().cloned().collect();
    names.sort_unstable();
    names
}
