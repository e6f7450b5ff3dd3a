//! A table that pulled records or join rows are written to: the way back of contract 1.2.
//!
//! Which changes are written is decided in [`super::finalizer`]; how a single value is stored is
//! in [`crate::offline::map`].

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
