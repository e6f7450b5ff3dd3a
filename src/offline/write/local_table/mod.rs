//! A table that pulled records or join rows are written to: the inverse mapping of contract 1.2.
//!
//! Which changes are written is decided in [`super::finalizer`]; how a single value is stored is
//! in [`crate::offline::map`].
//!
//! [`table`] finds the columns and deletes rows, [`upsert`] writes them; [`revival`] and [`revived`] make
//! a row that is marked as deleted a record again; [`foreign_collations`] and [`foreign_changes`] refuse
//! tables that need collations of the application; [`refusal`] and [`error`] are the errors.

mod error;
mod foreign_changes;
mod foreign_collations;
mod refusal;
mod revival;
mod revived;
mod table;
mod upsert;

pub(super) use refusal::{is_refusal, with_subject};
pub(super) use table::LocalTable;
