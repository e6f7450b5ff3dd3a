//! The offline database: everything that is read from it and written back to it.
//!
//! Reading happens in a [`Snapshot`], one state of the database: [`RecordSource`] and
//! [`JoinSource`] give ordered rows, which write themselves as canonical JSON. Writing happens
//! in a [`Finalizer`], after the upload. All of it blocks, so it runs on threads of its own.
//! What is done with the rows is decided in [`crate::cloneup`].

mod changelog;
mod database;
mod digests;
mod error;
pub mod introspect;
mod map;
mod read;
#[cfg(feature = "serve")]
pub mod sample;
mod sidecar;
mod snapshot;
mod sql;
mod write;

pub use changelog::{ChangeLog, OfflineDelete, Scope, offline_deletes, touched_since};
pub use database::Database;
pub use digests::{Digest, Digests};
pub use error::{OfflineError, STORAGE_PATH, StorageKind};
pub use read::{JoinRow, JoinSource, ReadOrder, Record, RecordSource, SortedRecord, SortedRecords};
pub use sidecar::{Acquired, Sidecar};
pub use snapshot::Snapshot;
pub use write::{Applied, Cursors, Finalizer};
