//! The mapping between SQLite values and JSON, both ways (contract 1.2).
//!
//! It knows values, columns and keys, but reads and writes no table: that is the job of
//! [`super::read`] and [`super::write`].
//!
//! * [`value`] and [`sql_value`]: single values, to JSON and back; [`size`] and [`document_size`]: how large
//!   a row is at least; [`json_key`]: the keys of objects;
//! * [`draft`]: a row that another thread finishes;
//! * [`fields`]: which columns hold which fields; [`document`],
//!   [`document_text`], [`document_value`] and [`unnamed_keys`]: fields in a JSON document;
//! * [`keys`], [`key_column`], [`local_keys`] and [`written_keys`]: ids, from the columns of a key and back;
//! * [`marker`]: rows that are marked as deleted.

pub(super) mod document;
mod document_size;
mod document_text;
mod document_value;
pub(super) mod draft;
pub(super) mod fields;
pub(super) mod json_key;
mod key_column;
pub(super) mod keys;
pub(super) mod local_keys;
pub(super) mod marker;
pub(super) mod size;
mod sql_value;
pub(super) mod unnamed_keys;
pub(super) mod value;
pub(super) mod written_keys;
