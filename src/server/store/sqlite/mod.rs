//! The store in one SQLite file, in WAL mode (<https://www.sqlite.org/wal.html>).
//!
//! [`layout`] has the tables, [`store`] opens the file, [`writer`] and [`reader`] have the SQL, [`wal`]
//! makes commits durable, and [`lock`] keeps a second server from opening the same file.

mod layout;
mod lock;
mod reader;
mod store;
mod wal;
mod writer;

pub(in crate::server) use store::SqliteStore;
