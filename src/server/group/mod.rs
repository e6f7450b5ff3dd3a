//! Group commit: pushes wait in one queue, and all that wait are applied in one transaction. Many
//! clients thus share a transaction and an fsync.
//!
//! What a mutation does is in [`super::apply`]; how a transaction is made is the store's. [`queue`] is
//! the queue, [`writer_thread`] empties it into a store in one file and `lanes` into one in PostgreSQL,
//! and [`commit`] is the handle that requests have.

mod commit;
#[cfg(feature = "postgres")]
mod lanes;
mod queue;
mod writer_thread;

pub(super) use commit::GroupCommit;
