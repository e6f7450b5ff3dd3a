//! The schema: what resources, fields and relations there are, where they lie in the
//! offline database, and in which order resources must be uploaded (contract 1.1 and 2).
//!
//! [`Schema::parse`] is the only way to a [`Schema`], so every one that exists is valid.
//! Whether a database has the tables it names is [`crate::offline`]'s question.

mod facts;
mod infer;
mod model;
mod order;
mod parse;

pub use facts::{ColumnFacts, ForeignKey, TableFacts};
pub use infer::{Inferred, infer};
pub use model::{
    Field, IdFormat, JoinStorage, JoinStore, ManyOne, Relation, RelationKind, Resource, Schema, Storage, Type,
};
pub use order::upload_order;
pub use parse::SchemaError;
