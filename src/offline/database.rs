//! The database file: opening it, connecting to it, and the values in `__datafn_meta`. One state
//! of it to read from is a [`super::snapshot`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, ErrorCode, MAIN_DB, OpenFlags, OptionalExtension, Transaction, TransactionBehavior,
};

use crate::offline::error::{OfflineError, StorageKind};
use crate::offline::sql::Table;
use crate::offline::{collation, read_only_wal};

/// How long a connection waits for a lock that the application holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Creates the table for what synctool and the application remember (contract 1.3).
const CREATE_META: &str =
    "CREATE TABLE IF NOT EXISTS __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)";

/// The file of an offline database that was checked to be a SQLite database. It holds no
/// connection open.
#[derive(Debug, Clone)]
pub struct Database {
    path: PathBuf,
    /// Whether it is a WAL database that can only be read as immutable (contract 3.7).
    is_immutable: bool,
}

impl Database {
    /// Checks that the file at `path` is a SQLite database; never creates one.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file does not exist, cannot be read or is not a SQLite
    /// database.
    pub fn open(path: &Path) -> Result<Self, OfflineError> {
        let mut database = Self::at(path);
        match std::fs::metadata(path) {
            Err(error) => {
                return Err(OfflineError::storage(format!("cannot open {}: {error}", path.display())));
            }
            Ok(metadata) if metadata.is_dir() => {
                let (kind, what) = (StorageKind::Folder, format!("{} is a folder", path.display()));
                return Err(OfflineError::Storage { kind, what, source: None });
            }
            Ok(_) => {}
        }
        let is_readonly = database.connect_to_write()?.is_readonly(MAIN_DB).unwrap_or(false);
        database.is_immutable = is_readonly && read_only_wal::is_closed(path);
        if let Err(error) = database.read_schema() {
            read_only_wal::check_immutable(path, error)?;
            database.is_immutable = true;
            database.read_schema()?;
        }
        Ok(database)
    }

    /// Reads the schema of the database: SQLite reads the file's header at the first query.
    fn read_schema(&self) -> Result<(), OfflineError> {
        self.connect()?
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(OfflineError::opening(&self.path))
    }

    /// A database that the caller knows to exist; nothing is checked.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), is_immutable: false }
    }

    /// Creates a file for a database, and opens a connection that can write.
    pub(super) fn create(path: &Path) -> Result<Connection, OfflineError> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE;
        Connection::open_with_flags(path, flags)
            .and_then(|connection| configure(&connection).map(|()| connection))
            .map_err(OfflineError::at(path))
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file cannot be written to and is read as immutable.
    pub(super) fn is_immutable(&self) -> bool {
        self.is_immutable
    }

    /// A warning about the way in which the file is read.
    #[must_use]
    pub(crate) fn warning(&self) -> Option<String> {
        self.is_immutable.then(|| read_only_wal::warning(&self.path))
    }

    /// Opens a connection for reading, with stand-ins for collations that only the application has.
    pub(super) fn connect(&self) -> Result<Connection, OfflineError> {
        let connection = self.connect_to_write()?;
        match collation::register_stand_ins(&connection) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Err(OfflineError::at(&self.path)(error))
            }
            // A file whose schema cannot be read fails the first query in the same way, and there
            // the error is explained.
            _ => Ok(connection),
        }
    }

    /// Opens a connection that can write, or one that only reads where the file does not allow
    /// more. It does not know collations of the application, so SQLite refuses to write what needs
    /// one.
    pub(super) fn connect_to_write(&self) -> Result<Connection, OfflineError> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if self.is_immutable {
            return read_only_wal::open_immutable(&self.path, flags)
                .and_then(|connection| configure(&connection).map(|()| connection))
                .map_err(OfflineError::at(&self.path));
        }
        let connection = Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|error| match error.sqlite_error_code() {
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                    Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)
                }
                _ => Err(error),
            })
            .map_err(OfflineError::at(&self.path))?;
        configure(&connection).map_err(OfflineError::at(&self.path))?;
        Ok(connection)
    }

    /// The schema in `__datafn_meta` (contract 2), as JSON; `None` when the database has none.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn stored_schema(&self) -> Result<Option<String>, OfflineError> {
        meta(&self.connect()?, "schema").map_err(OfflineError::at(&self.path))
    }

    /// The client id in `__datafn_meta`. Where the database has none, `new` makes one, which is
    /// stored first.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read or written.
    pub(crate) fn ensure_client_id(&self, new: impl FnOnce() -> String) -> Result<String, OfflineError> {
        let connection = self.connect()?;
        let stored = meta(&connection, "clientId").map_err(OfflineError::at(&self.path))?;
        if let Some(id) = stored {
            return Ok(id);
        }
        store_client_id(&connection, &new())
            .map_err(OfflineError::while_doing("cannot store a client id (use --client-id to give one)"))?
            .ok_or_else(|| OfflineError::storage("the stored client id has vanished"))
    }
}

/// Stores a client id in one transaction, and returns the one that is stored: another process can have stored
/// one since the caller looked.
fn store_client_id(connection: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute_batch(CREATE_META)?;
    transaction.execute("INSERT OR IGNORE INTO __datafn_meta (key, value) VALUES ('clientId', ?1)", [id])?;
    transaction.commit()?;
    meta(connection, "clientId")
}

/// A value of `__datafn_meta`. `None` for a missing table or key, and for an empty value.
pub(super) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    if Table::find(connection, "__datafn_meta")?.is_none() {
        return Ok(None);
    }
    let value: Option<String> = connection
        .query_row("SELECT value FROM __datafn_meta WHERE key = ?1", [key], |row| row.get(0))
        .optional()?;
    Ok(value.filter(|value| !value.is_empty()))
}

/// Stores a value in `__datafn_meta`.
pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute_batch(CREATE_META)?;
    // An application's table may lack the key that an upsert needs.
    if connection.execute("UPDATE __datafn_meta SET value = ?2 WHERE key = ?1", [key, value])? == 0 {
        connection.execute("INSERT INTO __datafn_meta (key, value) VALUES (?1, ?2)", [key, value])?;
    }
    Ok(())
}

/// Removes a value of `__datafn_meta`.
pub(super) fn delete_meta(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM __datafn_meta WHERE key = ?1", [key]).map(drop)
}

/// Sets what every connection needs.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // An unknown name in double quotes is an error, not a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    // The database comes from anywhere: its views and triggers may not call functions with side
    // effects (https://www.sqlite.org/pragma.html#pragma_trusted_schema).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Pulled changes come in the server's order, in which a child can come before its parent.
    connection.pragma_update(None, "foreign_keys", false)
}
