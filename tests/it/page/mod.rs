//! The page of `serve` and its events (contract 4.1): what is shown is what was sent, on both stores, to
//! those who may see it, and as text.
//!
//! `document` is the answer to `GET /`, `events` that to `GET /events`, `counts` the numbers in it,
//! `shared_store` servers that share a store; `stream` reads events. The rest is what a browser shows:
//! `shown`, `hostile`, `looks`, `asked` (the token), `lost` (the connection), `parser` (events).

#[cfg(unix)]
mod asked;
mod counts;
mod document;
mod events;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod looks;
#[cfg(unix)]
mod lost;
#[cfg(unix)]
mod parser;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod shared_store;
#[cfg(unix)]
mod shown;
mod stream;

#[cfg(all(target_os = "linux", feature = "postgres"))]
pub use stream::{Stream, count};
