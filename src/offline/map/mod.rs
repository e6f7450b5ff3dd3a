//! The mapping between SQLite values and JSON, both ways (contract 1.2).

pub(crate) mod document;
pub(crate) mod fields;
pub(crate) mod keys;
pub(crate) mod value;
