//! The reference server (contract 4): a DataFn sync server on one SQLite file, or, with the feature
//! `postgres`, on a PostgreSQL database that several servers share.
//!
//! [`ServerState::open`] opens the store, and [`serve`] answers requests on a listener until a future
//! completes, so a program brings any address and any shutdown signal.
//!
//! ```
//! use synctool::schema::Schema;
//! use synctool::server::{Limits, Retention, ServerConfig, ServerState, StoreLocation, serve};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::{TcpListener, TcpStream};
//! use tokio::sync::oneshot;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let state = ServerState::open(ServerConfig {
//!     schema: Schema::parse(r#"{"resources": [{"name": "todos", "version": 1, "fields": []}]}"#)?,
//!     store: StoreLocation::File(folder.path().join("server.db")),
//!     token: None,
//!     limits: Limits::default(),
//!     retention: Retention::default(),
//! })
//! .await?;
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let (stop, stopped) = oneshot::channel::<()>();
//! let server = tokio::spawn(serve(listener, async { drop(stopped.await) }, state));
//!
//! let mut client = TcpStream::connect(address).await?;
//! client.write_all(b"GET /datafn/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer).await?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK"));
//! assert!(answer.contains("\"sync.push\""));
//!
//! drop(stop);
//! server.await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How a request travels
//!
//! Each file imports only from files below it in this list.
//!
//! * Connections and requests: [`router`] has the routes of the protocol and the token, [`operations`]
//!   those for who operates the server; [`exchange`] the id, the log line and the count of a request;
//!   [`accept`] the connections and their timeouts; [`state`] what all requests share; [`readiness`] whether
//!   the server is ready; [`body`] reads and decompresses a body; [`answer`] is the envelope, [`refusal`] an
//!   HTTP error; [`page`] what a person sees of all this; [`rate`] the token bucket; [`peer`] who is at the other end.
//! * Group commit and reads: [`feed`] answers pulls and clones, [`digest`] comparisons; [`group`] is the queue of waiting
//!   pushes, applied in group commits.
//! * The meaning of a mutation, the same for every store: [`apply`] changes the store; [`prepare`] and
//!   [`check`] check all that does not need it; [`raw_push`] and [`raw_json`] read a push without
//!   copying it.
//! * Ground: [`request`] parses pulls and clones; [`dfql`] words the protocol's errors; [`limits`];
//!   [`retention`]; [`metrics`]; [`activity`] is what clients have been doing lately; [`store`] keeps the data, and has all SQL; [`shared_text`] is text that shares the memory of a
//!   request's body.

mod accept;
mod activity;
mod answer;
mod apply;
mod body;
mod check;
mod dfql;
mod digest;
mod exchange;
mod feed;
mod group;
mod limits;
mod metrics;
mod operations;
mod page;
mod peer;
mod prepare;
mod rate;
mod raw_json;
mod raw_push;
mod readiness;
mod refusal;
mod request;
mod retention;
mod router;
mod shared_text;
mod state;
mod store;

pub use limits::Limits;
pub use retention::Retention;
pub use router::serve;
pub use state::{NewStoreId, OpenError, ServerConfig, ServerState, StoreLocation, new_store_id};
#[cfg(feature = "postgres")]
pub use store::postgres::{InvalidUrl, PostgresConfig, PostgresConfigError};
