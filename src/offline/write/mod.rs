//! What a pull and the finalization of an upload write: pulled changes, cursors, and the removal of
//! change log entries (contract 3.1.6). What the change log means is in [`super::changelog`].
//!
//! [`finalizer`] has the transactions, [`cursors`] the cursors, [`local_table`] writes single rows.

mod cursors;
mod finalizer;
mod local_table;

pub use cursors::Cursors;
pub use finalizer::{Applied, Finalizer};
