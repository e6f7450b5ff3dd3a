//! What tests share: databases to upload, servers to upload to, and runs of the library and of
//! the binary. Not a test, and not a helper that only one file uses.

mod binary;
mod offline;
mod proxy;
mod requests;
mod run;
mod scripted;
mod server;

#[cfg(unix)]
pub use binary::signal;
pub use binary::{
    cloneup, database, errors_of, infer, program, remove_settings, result, spawn_upload, status, stderr,
    synctool,
};
pub use offline::Offline;
pub use proxy::FaultProxy;
pub use requests::{clone, mutation, pull, push};
pub use run::{Rig, run_with_stop};
pub use scripted::{Answer, Recorded, Scripted};
pub use server::{TestServer, client};

/// A schema with everything in it: a required field, nullable fields, every type, a
/// many-one relation and a many-many relation with metadata.
pub const SCHEMA: &str = r#"{
  "resources": [
    {"name": "todos", "version": 3, "fields": [
      {"name": "title", "type": "string"}, {"name": "done", "type": "boolean"},
      {"name": "count", "type": "number"}, {"name": "note", "type": "string", "nullable": true},
      {"name": "data", "type": "json"}, {"name": "photo", "type": "file"},
      {"name": "projectId", "type": "string"}]},
    {"name": "projects", "version": 1, "fields": [{"name": "name", "type": "string", "required": true}]},
    {"name": "tags", "version": 1, "fields": [{"name": "label", "type": "string"}]},
    {"name": "audit", "version": 1, "isRemoteOnly": true, "fields": []}
  ],
  "relations": [
    {"type": "many-one", "from": "todos", "to": "projects", "relation": "project", "fkField": "projectId"},
    {"type": "many-many", "from": "todos", "to": "tags", "relation": "tags", "inverse": "todos",
     "metadata": [{"name": "order", "type": "number"}]}
  ]
}"#;

/// Tables for [`SCHEMA`], empty; `local` never leaves the machine.
pub const TABLES: &str = r#"
CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT, done INTEGER, count, note TEXT, data TEXT, photo BLOB,
    projectId TEXT, local TEXT DEFAULT 'mine');
CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT);
CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);
CREATE TABLE join_todos_tags_tags ("from" TEXT, "to" TEXT, "order" REAL);
"#;
