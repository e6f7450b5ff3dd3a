//! The tables that a clone makes where a database has none for the schema (contract 1.1 and 3.9). They are
//! written by [`super::local_table`], like those of an application.
//!
//! * [`key_kind`]: which values a key has, by an id that its template makes; [`column_type`]: the declared
//!   types of columns;
//! * [`table`]: a table and its SQL; [`layout`]: the tables that a schema needs;
//! * [`made`]: makes them, and makes them anew for keys of another kind.

mod column_type;
mod key_kind;
mod layout;
mod made;
mod table;

pub(super) use layout::Layout;
pub(super) use made::MadeTables;
