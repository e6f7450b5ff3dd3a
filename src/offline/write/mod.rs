//! What finalization writes: pulled changes, cursors, and the drained change log (contract 3.1.6).

pub(crate) mod cursors;
pub(crate) mod finalizer;
pub(crate) mod local_table;
