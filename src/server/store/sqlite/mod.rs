//! The store in one SQLite file, in WAL mode (<https://www.sqlite.org/wal.html>).
//!
//! [`layout`] has the tables and [`migrate`] rewrites older ones; [`store`] opens the file,
//! [`connection`] and [`pool`] the connections to it; [`writer`] and [`reader`] have the SQL, [`forget`]
//! that of forgetting, [`sizes`] that of counting and [`newest`] that of the page, beside the [`counters`]
//! and the counts by name, [`live`]; [`wal`] makes commits durable, up to the step that [`durable`] tells; and [`lock`] keeps a second server from opening the same
//! file.

mod connection;
mod counters;
mod durable;
mod forget;
mod layout;
mod live;
mod lock;
mod migrate;
mod newest;
mod pool;
mod reader;
mod sizes;
mod store;
mod wal;
mod writer;

pub(in crate::server) use forget::AppliedKey;
pub(in crate::server) use reader::SqliteReader;
pub(in crate::server) use store::SqliteStore;
pub(in crate::server) use wal::WalSyncer;
pub(in crate::server) use writer::SqliteWriter;
