//! The HTTP client: push, pull and status, what an answer means, and the pause before a retry
//! (contract 3.3); the pace of requests and the way to the server (contract 3.10).
//!
//! One call of [`Remote::push`] or [`Remote::pull`] is one request. The loop around them, which
//! retries, halves batches and counts, is in [`crate::cloneup`].
//!
//! A file imports only from those before it in this list:
//! - `url`, `encoding`, `error`, `pace`, `proxy`, `client_certificate`, `config`: the settings and the
//!   errors
//! - `retry`, `backoff`: the error after all retries, and the pause before each
//! - `words`: what the server says about an error, in any form
//! - `classify`: a pure function from an answer, or a failed connection, to its meaning
//! - `request`: sends one request, follows redirects, reads the answer up to a limit
//! - `client`: [`Remote`], the routes
//!
//! A request to a server that is not running:
//!
//! ```
//! use std::net::TcpListener;
//! use std::time::Duration;
//!
//! use synctool::remote::{Remote, RemoteConfig, TransportKind};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The listener is closed at once, so the port refuses connections.
//! let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
//!
//! let mut config = RemoteConfig::new(format!("http://{address}/datafn"));
//! config.timeout = Duration::from_secs(5);
//! let remote = Remote::new(&config)?;
//!
//! let error = remote.status().await.unwrap_err();
//! assert_eq!(error.kind(), Some(TransportKind::Connect));
//! assert!(error.is_transient(), "another try may succeed");
//! # Ok(())
//! # }
//! ```

mod backoff;
mod classify;
mod client;
mod client_certificate;
mod config;
mod encoding;
mod error;
mod pace;
mod proxy;
mod request;
mod retry;
mod url;
mod words;

pub(crate) use backoff::{Backoff, NextTry};
pub use client::Remote;
pub use client_certificate::ClientCertificateError;
pub use config::{ConfigError, RemoteConfig};
#[doc(hidden)]
pub use encoding::Compressor;
pub use encoding::{Compression, Encoding};
pub use error::{Excess, RequestError, TransportError, TransportKind};
pub(crate) use pace::Turn;
pub use pace::{Pace, Rate};
pub use proxy::{ProxyError, ProxySetting};
pub use retry::{GaveUp, RetryError};
