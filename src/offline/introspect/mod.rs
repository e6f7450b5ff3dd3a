//! Introspection: facts about the tables of any SQLite database, from which a schema is inferred.
//! They are the declared columns and keys, and the kinds of values that the columns hold.
//! What follows from them is decided in [`crate::schema::infer`](fn@crate::schema::infer).
//!
//! * `tables`: what is declared, and tables of other kinds than rows of columns;
//! * `values`: the kinds of values in a table, found in one scan;
//! * `json_text`: what a JSON round trip would change in a text;
//! * `documents`: the keys of JSON documents;
//! * `lookup`: questions about rows that only come up while a schema is inferred;
//! * `left_out`: the tables and generated columns that a schema does not name.
//!
//! ```
//! use synctool::offline::{Database, Snapshot, introspect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("app.db");
//! rusqlite::Connection::open(&path)?.execute_batch(
//!     "CREATE TABLE todos (id TEXT PRIMARY KEY, done BOOLEAN);
//!      INSERT INTO todos VALUES ('t1', 0), ('t2', 1)",
//! )?;
//!
//! let snapshot = Snapshot::take(&Database::open(&path)?)?;
//! let schema = serde_json::to_value(introspect::infer(&snapshot)?)?;
//! // It is declared as one, and has 0 and 1 only.
//! let done = &schema["resources"][0]["fields"][0];
//! assert_eq!((&done["name"], &done["type"]), (&"done".into(), &"boolean".into()));
//! # Ok(())
//! # }
//! ```

mod documents;
mod json_text;
mod left_out;
mod lookup;
mod tables;
mod values;

pub use left_out::LeftOut;
pub(crate) use left_out::left_out;
pub use lookup::infer;
