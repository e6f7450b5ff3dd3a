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
//!   tables;
//! * `changelog`: the application's own edits;
//! * `write`: pulled changes and cursors;
//! * [`introspect`] and [`sample`], [`upload_queue`], [`Sidecar`], `comparison`: a database's tables, a
//!   database to try, the queue of PowerSync, the file beside the database, and temporary tables to
//!   compare it with a server.

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
#[doc(hidden)]
pub mod sample;
mod sidecar;
mod snapshot;
mod sql;
pub(crate) mod upload_queue;
mod writable;
mod write;

#[doc(hidden)]
pub use changelog::ChangeLog;
pub(crate) use changelog::{EditedSince, OfflineDelete, Scope, offline_deletes, touched_since};
pub(crate) use comparison::{Digest, FoundItem, FoundItems, ItemKey, ServerItems};
pub use database::Database;
pub(crate) use error::STORAGE_PATH;
pub use error::{OfflineError, StorageKind};
pub use foreign_file::ForeignFile;
pub(crate) use map::draft::NotMapped;
pub(crate) use map::size::RowSize;
pub(crate) use read::{ChosenIds, MarkedRows, OrderedRecords, Progress, dangling_join_rows, temporary_file};
#[doc(hidden)]
pub use read::{JoinRow, JoinSource, ReadOrder, Record, RecordSource, SortedRecord, SortedRecords};
pub use row_location::RowLocation;
#[cfg(feature = "cli")]
pub(crate) use sidecar::SIDECAR_SUFFIX;
pub(crate) use sidecar::{Acquired, Sidecar, SidecarKind};
pub use snapshot::Snapshot;
pub(crate) use write::{CloneCounts, CloneError, CloneFile, Cursors, Finalizer, Origin};

/// The version of the SQLite library that is compiled in.
#[cfg(feature = "cli")]
#[must_use]
pub(crate) fn sqlite_version() -> &'static str {
    rusqlite::version()
}
