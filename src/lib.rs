//! Bulk upload of an offline-first SQLite database to a DataFn sync server.
//!
//! [`cloneup::Upload`] is a whole upload, [`cloneup::Comparison`] compares both sides. With the
//! feature `serve`, [`server`] is a sync server for development and tests:
//!
//! ```
//! # #[cfg(feature = "serve")]
//! # async fn upload() -> Result<(), Box<dyn std::error::Error>> {
//! use synctool::cloneup::{Options, Upload};
//! use synctool::offline::Database;
//! use synctool::remote::{Remote, RemoteConfig};
//! use synctool::schema::Schema;
//! use synctool::server::{Limits, Retention, ServerConfig, ServerState, StoreLocation, serve};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("app.db");
//! rusqlite::Connection::open(&path)?.execute_batch(
//!     "CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT);
//!      INSERT INTO todos VALUES ('t1', 'Write'), ('t2', 'Call')",
//! )?;
//! let schema = Schema::parse(
//!     r#"{"resources": [{"name": "todos", "version": 1,
//!         "fields": [{"name": "title", "type": "string"}]}], "relations": []}"#,
//! )?;
//!
//! // A server on a free port, until the sender of its shutdown signal is dropped.
//! let config = ServerConfig {
//!     schema: schema.clone(),
//!     store: StoreLocation::File(folder.path().join("server.db")),
//!     token: None,
//!     limits: Limits::default(),
//!     retention: Retention::default(),
//! };
//! let state = ServerState::open(config).await?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let remote = RemoteConfig::new(format!("http://{}/datafn", listener.local_addr()?));
//! let (shutdown, is_shut_down) = tokio::sync::oneshot::channel::<()>();
//! let server = tokio::spawn(serve(listener, async { drop(is_shut_down.await) }, state));
//!
//! let upload = Upload::new(Database::open(&path)?, Remote::new(&remote)?, schema);
//! let outcome = upload.options(Options { pull_after: false, ..Options::default() }).run().await;
//! assert!(outcome.ok, "{:?}", outcome.failures);
//! assert_eq!(outcome.stats.resources[0].1.records, 2);
//!
//! drop(shutdown);
//! server.await?;
//! # Ok(())
//! # }
//! # #[cfg(feature = "serve")]
//! # tokio::runtime::Runtime::new().unwrap().block_on(upload()).unwrap();
//! ```
//!
//! # How a record travels
//!
//! In one direction: a snapshot of the offline database gives rows ([`offline`]), which become
//! canonical JSON and content-hashed mutations ([`mutation`]), which are sent in batches
//! ([`cloneup`], [`remote`]); a tally of the answers becomes the result. Bounded channels between
//! the steps are the back-pressure, so that memory does not grow with the data.
//!
//! # Where each part is
//!
//! Imports run downwards only, and no two files import each other in a circle:
//!
//! * roof: `cli` (feature `cli`), what a person types and sees;
//! * second floor: [`cloneup`], the job itself, and the private `report` (feature `cli`), which makes
//!   reports and metrics of events;
//! * first floor: [`offline`] (the local database), [`remote`] (the HTTP client) and [`server`]
//!   (feature `serve`, the reference server), which do not know each other;
//! * ground: [`protocol`] (the wire), [`schema`] (resources, fields and relations), [`mutation`]
//!   (what is sent), [`secret`] (tokens that no log shows), and the private `beside` (paths of files
//!   beside a database), `blocking_pool` (work that blocks), `failpoint` (places where a test can abort the process)
//!   and `numbers` (numbers for people).
//!
//! # Features
//!
//! All are on by default. Without default features the crate is a library without a terminal.
//!
//! * `cli`: the binary, with its flags, configuration and progress bars;
//! * `serve`: the reference server;
//! * `simd-hash`: several content hashes at a time, in the lanes of the vector unit. Without it
//!   the ids are the same.

mod beside;
mod blocking_pool;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod cloneup;
mod failpoint;
#[cfg(feature = "cli")]
mod hidden_text;
mod mutation;
#[cfg(feature = "cli")]
mod numbers;
pub mod offline;
pub mod protocol;
pub mod remote;
#[cfg(feature = "cli")]
mod report;
pub mod schema;
pub mod secret;
#[cfg(feature = "serve")]
pub mod server;

/// What the tests, benchmarks and fuzz targets of the repository use of the private modules. It is no part of the
/// public interface, and changes in any version.
#[doc(hidden)]
pub mod internal {
    pub use crate::mutation::*;
}

/// Compiles the README's library example, so that it cannot drift.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
