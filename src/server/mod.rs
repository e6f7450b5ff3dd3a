//! The reference server (contract 4): a real DataFn sync server on one SQLite file, for
//! development, CI and demos.
//!
//! [`serve`] runs on a listener and ends with a future, so a test brings port 0 and any
//! signal it likes. Connections come and go in [`accept`]; a request goes through [`router`]
//! (token, envelope) and [`body`] (its size and coding). A push is read ([`raw_push`]), checked ([`prepare`], [`check`]), and waits
//! for the one writer thread in [`group`], which applies mutations ([`apply`]) in group
//! commits; a pull or clone ([`request`]) reads in [`feed`]. All SQL is in [`store`].

mod accept;
mod apply;
mod body;
mod check;
mod dfql;
mod feed;
mod group;
mod limits;
mod prepare;
mod rate;
mod raw_json;
mod raw_push;
mod request;
mod router;
mod shared_text;
mod state;
mod store;

pub use limits::Limits;
pub use router::serve;
pub use state::{OpenError, ServerConfig, State};
