//! Sending: batches in flight, retries, and how many requests there may be.

pub(crate) mod batch_sender;
pub(crate) mod concurrency;
pub(crate) mod gate;
