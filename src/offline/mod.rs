//! The offline database: everything that is read from it and written back to it.
//!
//! Reading happens in a [`Snapshot`], one state of the database: [`RecordSource`] and
//! [`JoinSource`] give ordered rows, which write themselves as canonical JSON. Writing happens
//! in a [`Finalizer`], after the upload. All of it blocks, so it runs on threads of its own;
//! what is done with the rows is [`crate::cloneup`]'s business.

mod changelog;
mod cursors;
mod database;
mod depth;
mod digests;
mod document;
mod entry;
mod error;
pub mod facts;
mod fields;
mod finalize;
mod halves;
mod join_rows;
mod keys;
mod local_table;
mod presence;
mod records;
mod runs;
#[cfg(feature = "serve")]
pub mod sample;
mod sidecar;
mod snapshot;
mod sorted;
mod sql;
mod value;

pub use cursors::Cursors;
pub use database::Database;
pub use digests::{Digest, Digests};
pub use entry::{OfflineDelete, Scope};
pub use error::OfflineError;
pub use finalize::{Applied, Finalizer};
pub use join_rows::{JoinRow, JoinSource};
pub use records::{Record, RecordSource};
pub use runs::SortedRow;
pub use sidecar::{Acquired, Sidecar};
pub use snapshot::Snapshot;
pub use sorted::Sorted;
