//! The tests of the server, on a store in PostgreSQL: the same files once more, whose `TestServer` starts
//! on a new schema there. Not those of the file of a store (`serve_store`, `serve_migration`).
//!
//! Without PostgreSQL they say that they are skipped, and run on a file.
#![allow(clippy::duplicate_mod, reason = "the same tests with another `common`")]

mod common;

#[path = "../serve_digest.rs"]
mod serve_digest;
#[path = "../serve_feed.rs"]
mod serve_feed;
#[path = "../serve_mutations.rs"]
mod serve_mutations;
#[path = "../serve_relations.rs"]
mod serve_relations;
#[path = "../serve_requests.rs"]
mod serve_requests;
