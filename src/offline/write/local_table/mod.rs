//! A table that pulled records or join rows are written to: the inverse mapping of contract 1.2.
//!
//! Which changes are written is decided in [`super::page_writer`]; how a single value is stored is
//! in [`crate::offline::map`].
//!
//! * [`table`]: the columns and keys of a table; [`unique_key`]: whether a unique index finds its rows;
//!   [`statements`]: the SQL for it; [`field_values`]: the values of a record's fields;
//! * [`writer`]: prepared statements; [`upsert`] and [`delete`]: what a change does to a row;
//! * [`revival`] and [`revived`]: make a row that is marked as deleted a record again;
//! * [`foreign_collations`] and [`foreign_changes`]: refuse tables that need collations of the application;
//! * [`refusal`] and [`error`]: the errors.

mod delete;
mod error;
mod field_values;
mod foreign_changes;
mod foreign_collations;
mod refusal;
mod revival;
mod revived;
mod statements;
mod table;
mod unique_key;
mod upsert;
mod writer;

pub(super) use refusal::{is_refusal, with_subject};
pub(super) use revival::WATERMELON_STATE;
pub(super) use table::LocalTable;
pub(super) use unique_key::is_empty;
pub(super) use upsert::Upserted;
pub(super) use writer::TableWriter;
