//! Sending: requests in flight side by side, as many as the server answers without delay.
//!
//! [`batch_sender`] does the I/O of one batch, [`delivery`] is its state, [`retry`] sends a
//! request again with exponential backoff, [`gate`] lets as many requests through as
//! [`concurrency`] (AIMD) allows, and [`window`] decides when the next batch may be sent. The result is
//! a [`delivered`] batch, which [`super::progress`] counts; [`unsent_errors`] bounds the errors for
//! mutations that this run did not send, [`rejections`] the rejected mutations.

pub(super) mod batch_sender;
pub(super) mod concurrency;
pub(super) mod delivered;
mod delivery;
pub(super) mod gate;
pub(super) mod rejections;
pub(super) mod retry;
pub(super) mod unsent_errors;
pub(super) mod window;
