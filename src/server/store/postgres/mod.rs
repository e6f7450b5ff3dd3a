//! The store in PostgreSQL, or in what speaks its protocol. Any number of servers share one schema of a
//! database and are one server together: one sequence, in the order in which transactions commit.
//!
//! A transaction writes its items under a *batch id* that nothing is ordered by, and takes the counter
//! of the sequence last. The lock of the counter's row is held until the commit is visible, so whoever
//! sees a step sees every step below it.
//!
//! * Where it is: [`url`] and [`config`] say which database, [`tls`] which certificates are trusted;
//!   [`connection`] makes connections.
//! * How it is made: [`layout`] has the tables and [`open`] creates them, once for all servers.
//! * Writes: [`load`] reads what a group of pushes may look at into [`staging`], on which the pushes are
//!   applied; [`columns`] takes the changes out of it, and [`flight`] writes them in one transaction;
//!   [`transaction`] does all that once, and [`lane`] again where another server was faster.
//! * Reads: [`reader`] has a connection for each read, and [`snapshot`] a whole state.
//! * Beside them: [`sizes`] counts, [`page`] reads what the page shows, [`forget`] forgets, [`store_id`] gives a restored store a new id.
//! * Ground: [`sql`], [`retention_sql`] and [`page_sql`] are the text of all statements, [`batch`] has the ids of transactions, [`error`] what an error means for another try.

mod batch;
mod columns;
mod config;
mod connection;
mod error;
mod flight;
mod forget;
mod lane;
mod layout;
mod load;
#[cfg(debug_assertions)]
mod mistakes;
mod open;
mod page;
mod page_sql;
mod reader;
mod retention_sql;
mod sizes;
mod snapshot;
mod sql;
mod staging;
mod store;
mod store_id;
mod tls;
mod transaction;
mod types;
mod url;

pub use config::{InvalidUrl, PostgresConfig, PostgresConfigError};
pub(in crate::server) use error::PostgresError;
pub(in crate::server) use forget::{AppliedKey, Before};
pub(in crate::server) use lane::Lane;
pub(in crate::server) use snapshot::{Snapshot, StoredItems};
pub(in crate::server) use store::PostgresStore;
pub(in crate::server) use store_id::renew_store_id;
