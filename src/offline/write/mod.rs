//! What a pull and the finalization of an upload write: pulled changes, cursors, and the removal of
//! change log entries (contract 3.1.6). What the change log means is in [`super::changelog`].
//!
//! [`finalizer`] has the transactions, [`cursors`] the cursors; [`page_writer`] applies a page, and
//! [`local_table`] writes single rows of one of the [`local_tables`]. [`clone`] begins and ends a clone, for
//! which [`new_tables`] makes the tables.

mod clone;
mod cursors;
mod finalizer;
mod local_table;
mod local_tables;
mod new_tables;
mod page_writer;

pub use clone::{CloneCounts, CloneError, CloneFile, Origin};
pub use cursors::Cursors;
pub use finalizer::Finalizer;
