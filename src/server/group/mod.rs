//! Group commit: pushes wait in one queue, and all that wait are applied in one transaction. Many
//! clients thus share a transaction and an fsync.
//!
//! What a mutation does is in [`super::apply`]; how a transaction is made is the store's. [`queue`] is
//! the queue, [`writer_thread`] empties it into a store in one file and `lanes` into one in PostgreSQL,
//! and [`commit`] is the handle that requests have.
//!
//! In between a store forgets, in the rhythm of [`pass`]: the writer of a file in [`forgetting`], for which
//! it waits in a [`timed_queue`], and a task for PostgreSQL in `forgetting_task`.

mod commit;
mod forgetting;
#[cfg(feature = "postgres")]
mod forgetting_task;
#[cfg(feature = "postgres")]
mod lanes;
mod pass;
mod queue;
mod timed_queue;
mod writer_thread;

pub(super) use commit::GroupCommit;
pub(super) use queue::Counters;
