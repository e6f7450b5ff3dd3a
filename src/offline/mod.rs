//! The offline database: the SQLite file of an offline-first application, and everything that is
//! read from it and written to it (contract 1 and 3.1).
//!
//! Reading happens in a [`Snapshot`], one state of the database: a [`RecordSource`] or a
//! [`JoinSource`] gives rows in upload order, which write themselves as canonical JSON, and
//! [`offline_deletes`] gives the deletes in the change log. Writing happens in a [`Finalizer`],
//! after the upload. All of it blocks, so it runs on separate threads. What is done with the
//! rows is decided in [`crate::cloneup`].
//!
//! The rooms, each of which imports only from those above it:
//!
//! * `error` with `row_location` and `foreign_file`, `sql` with `check_constraint`, `collation`, `read_only_wal`, `database`,
//!   `writable`, `snapshot`: the file, and one state of it;
//! * `map`: from SQLite values to JSON and back;
//! * `read`: checking and reading records and join rows, with an external merge sort for large
//!   tables of random ids;
//! * `changelog`: the application's own edits;
//! * `write`: pulled changes and cursors;
//! * [`introspect`] and [`sample`], [`upload_queue`], [`Sidecar`], `comparison`: a database's tables, a
//!   database to try, the queue of PowerSync, the file beside the database, and temporary tables to
//!   compare it with a server.
//!
//! ```
//! use synctool::offline::{Database, RecordSource, Snapshot};
//! use synctool::schema::Schema;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("app.db");
//! rusqlite::Connection::open(&path)?.execute_batch(
//!     "CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT, done INTEGER);
//!      INSERT INTO todos VALUES ('t2', 'Call', 1), ('t1', 'Write', 0)",
//! )?;
//! let schema = Schema::parse(
//!     r#"{"resources": [{"name": "todos", "version": 1, "fields": [
//!         {"name": "title", "type": "string"}, {"name": "done", "type": "boolean"}]}],
//!         "relations": []}"#,
//! )?;
//!
//! let snapshot = Snapshot::take(&Database::open(&path)?)?;
//! let mut warnings = Vec::new();
//! let todos = RecordSource::resolve(&snapshot, &schema, &schema.resources[0], &mut warnings)?;
//! assert_eq!(todos.check(&snapshot)?, 2);
//!
//! let mut lines = Vec::new();
//! todos.for_each(&snapshot, |record| {
//!     let mut json = Vec::new();
//!     record.write_fields(&mut json)?;
//!     lines.push(format!("{} {}", record.id, String::from_utf8_lossy(&json)));
//!     Ok(())
//! })?;
//! assert_eq!(lines, [r#"t1 {"done":false,"title":"Write"}"#, r#"t2 {"done":true,"title":"Call"}"#]);
//! # Ok(())
//! # }
//! ```

mod changelog;
mod check_constraint;
mod collation;
mod comparison;
mod database;
mod error;
mod foreign_file;
pub mod introspect;
mod map;
mod read;
mod read_only_wal;
mod row_location;
#[cfg(feature = "serve")]
pub mod sample;
mod sidecar;
mod snapshot;
mod sql;
pub mod upload_queue;
mod writable;
mod write;

pub use changelog::{ChangeLog, EditedSince, OfflineDelete, Scope, offline_deletes, touched_since};
pub use comparison::{Digest, FoundItem, FoundItems, ItemKey, ServerItems};
pub use database::Database;
pub use error::{OfflineError, STORAGE_PATH, StorageKind};
pub use foreign_file::ForeignFile;
pub use map::copied::NotMapped;
pub use map::size::RowSize;
pub use read::{
    ChosenIds, JoinRow, JoinSource, MarkedRows, ReadOrder, Record, RecordSource, SortedRecord, SortedRecords,
    dangling_join_rows, temporary_file,
};
pub use row_location::RowLocation;
pub use sidecar::{Acquired, SIDECAR_SUFFIX, Sidecar, SidecarKind};
pub use snapshot::Snapshot;
pub use write::{Applied, CloneCounts, CloneError, CloneFile, Cursors, Finalizer, Origin};

/// The version of the SQLite library that is compiled in.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
