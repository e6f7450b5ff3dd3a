//! Bulk upload of an offline-first SQLite database to a DataFn sync server.
//!
//! A record travels one way: the offline database gives rows ([`offline`]), which become
//! canonical JSON and content-hashed mutations ([`mutation`]), which go out in batches
//! ([`cloneup`], [`remote`]); the answers are tallied into one result.
//!
//! The floors, each of which imports only from below:
//!
//! * ground: [`protocol`] (the wire), [`schema`] (what there is to upload), [`mutation`]
//!   (what is sent), [`secret`] (tokens that nothing shows);
//! * first: [`offline`] (the local database), [`remote`] (the HTTP client) and, with the
//!   feature `serve`, [`server`] (the reference server), which do not know each other;
//! * second: [`cloneup`] (the job itself), for a program of your own too;
//! * roof: [`cli`] (what a person types and sees).

pub mod cli;
pub mod cloneup;
mod failpoint;
pub mod mutation;
pub mod offline;
pub mod protocol;
pub mod remote;
pub mod schema;
pub mod secret;
#[cfg(feature = "serve")]
pub mod server;
