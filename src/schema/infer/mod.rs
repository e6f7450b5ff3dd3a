//! Inference of a schema for a database that was not made for synctool, from its tables, keys and
//! values. A pure function of [`DatabaseFacts`](super::DatabaseFacts) and the answers of a
//! [`Lookup`](super::Lookup): the same database gives the same schema.
//!
//! The facts are collected by [`crate::offline`]; the result is an [`Inferred`](super::Inferred). A
//! database can be uploaded with the schema that is inferred for it.
//!
//! Each file imports only from those before it in this list:
//!
//! * [`kind`]: the types of fields; [`deleted`]: soft deletes; [`guess`]: references that no foreign key
//!   declares; [`names`]: names that must be unique; [`tool_tables`]: tables that are left out;
//! * [`key`]: the columns that the ids are made of;
//! * [`notes`]: what was guessed and left out, one sentence each;
//! * [`fields`](mod@fields): the fields of a table;
//! * [`inference`]: the state of an inference, and what each table becomes;
//! * [`resource`]: resources; [`reference`](mod@reference): many-one relations; [`link`]: many-many
//!   relations;
//! * [`schema`](mod@schema): all steps in their order.

mod deleted;
mod fields;
mod guess;
mod inference;
mod key;
mod kind;
mod link;
mod names;
mod notes;
mod reference;
mod resource;
mod schema;
mod tool_tables;

pub use notes::{other_note, queue_note};
pub use schema::infer;
pub use tool_tables::tool_of;
