//! The HTTP client: push, pull, what an answer means, and when to try again.
//!
//! One request is one call of [`Remote::push`] or [`Remote::pull`]; the loop around them,
//! which retries, halves and counts, is [`crate::cloneup`]'s.

mod backoff;
mod classify;
mod client;
mod config;
mod encoding;
mod error;
mod retry;

pub use backoff::{Backoff, NextTry};
pub use client::{ConfigError, Remote};
pub use config::RemoteConfig;
pub use encoding::{Compression, Compressor, Encoding};
pub use error::{Excess, RequestError, TransportError, TransportKind};
pub use retry::{GaveUp, RetryError};
