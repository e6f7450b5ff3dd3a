//! The mapping between SQLite values and JSON, both ways (contract 1.2).
//!
//! It knows values, columns and keys, but reads and writes no table: that is the job of
//! [`super::read`] and [`super::write`].

mod any_json;
pub(super) mod document;
mod document_size;
pub(super) mod fields;
mod key_column;
pub(super) mod keys;
pub(super) mod local_keys;
pub(super) mod marker;
pub(super) mod size;
mod sql_value;
pub(super) mod value;
pub(super) mod written_keys;
