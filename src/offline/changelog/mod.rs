//! The change log that the application keeps of its own edits (contract 1.3).

pub(crate) mod entries;
pub(crate) mod entry;
pub(crate) mod presence;
