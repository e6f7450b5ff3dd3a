//! The schema: resources, fields and relations, where they are stored in the offline database, and
//! the order in which resources are uploaded (contract 1.1 and 2).
//!
//! [`Schema::parse`] is the only constructor of a [`Schema`] outside this module, so a schema is
//! always valid. Whether a database has the tables that it names is checked by [`crate::offline`],
//! which also collects the [`DatabaseFacts`] from which [`infer`](fn@infer) makes a schema.
//!
//! * `model`, `deleted_when`, `id_format`: the parts of a schema; `definition`, `index`: the schema as a
//!   whole, and looking up names in it;
//! * `parse`, `error`: from JSON to a schema;
//! * `order`, `components`: the order of resources, and the strongly connected components that it needs;
//! * `table_facts`, `infer`, `inferred`: from facts about a database to the JSON of a schema.
//!
//! A resource is uploaded after those that it refers to:
//!
//! ```
//! use synctool::schema::{Schema, upload_order};
//!
//! let schema = Schema::parse(
//!     r#"{"resources": [
//!           {"name": "todos", "fields": [{"name": "projectId", "type": "string"}]},
//!           {"name": "projects", "fields": [{"name": "title", "type": "string"}]}],
//!         "relations": [
//!           {"type": "many-one", "from": "todos", "to": "projects", "fkField": "projectId"}]}"#,
//! )?;
//! let requested: Vec<_> = schema.resources.iter().collect();
//! let order: Vec<_> =
//!     upload_order(&schema, &requested).iter().map(|resource| resource.name.as_str()).collect();
//! assert_eq!(order, ["projects", "todos"]);
//!
//! let error = Schema::parse(r#"{"resources": [{"version": 2}]}"#).unwrap_err();
//! assert_eq!(error.path, "resources[0].name");
//! # Ok::<(), synctool::schema::SchemaError>(())
//! ```

mod components;
mod definition;
mod deleted_when;
mod error;
mod id_format;
mod index;
mod infer;
mod inferred;
mod model;
mod order;
mod parse;
mod table_facts;

pub use definition::Schema;
pub use deleted_when::{DeletedRule, DeletedWhen, MarkerValue};
pub use error::{Place, SchemaError, UnknownName};
pub use id_format::IdFormat;
pub(crate) use infer::{infer, other_note, queue_note, tool_of};
pub use inferred::Inferred;
pub use model::{Field, JoinStorage, JoinStore, ManyOne, Relation, RelationKind, Resource, Storage, Type};
#[doc(hidden)]
pub use order::upload_order;
pub use parse::Checked;
pub(crate) use table_facts::{
    ColumnFacts, DatabaseFacts, DocumentFacts, ForeignKey, Lookup, OtherKind, OtherTable, TableFacts,
    ValuesOf,
};
