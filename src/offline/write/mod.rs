//! What finalization writes: pulled changes, cursors, and the drained change log (contract 3.1.6).

mod cursors;
mod finalizer;
mod local_table;

pub use cursors::Cursors;
pub use finalizer::{Applied, Finalizer};
