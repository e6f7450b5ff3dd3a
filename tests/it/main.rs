//! What synctool promises (the contract), one module a promise; `docs/guarantees.md` names
//! them. Files, sockets, the server and the binary are real; a scripted server gives the
//! answers that a real one would not. Not tests of one function: those are beside it in `src`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

mod activity;
mod base_url;
mod collations;
mod common;
mod config;
mod connections;
mod dangling;
mod deletes;
mod demo;
mod docs;
mod events;
mod faults;
mod finalize;
mod generated;
mod help;
mod hostile;
mod infer_property;
mod inferred;
mod inspect;
mod interruption;
mod keys;
mod layouts;
mod limited;
mod limits;
mod lock;
mod looks;
mod max_errors;
mod model;
mod odd_columns;
mod order;
mod other_server;
mod oversized;
mod pace;
mod plan;
#[cfg(unix)]
mod postgres_helpers;
mod profiles;
mod proxied;
mod pull;
mod push;
mod read_only;
mod refused;
mod rejected;
mod repeated;
mod reserved_keys;
mod result;
mod resume;
mod row_locations;
mod serve_backup;
mod serve_command;
mod serve_digest;
mod serve_feed;
mod serve_log;
mod serve_migration;
mod serve_mutations;
mod serve_operations;
#[cfg(all(unix, feature = "postgres"))]
mod serve_postgres_operations;
mod serve_relations;
mod serve_requests;
mod serve_retention;
mod serve_store;
mod snapshot;
mod soft_deletes;
#[cfg(all(unix, feature = "postgres"))]
mod stores_agree;
mod tls;
mod token;
mod transport;
mod unwritable;
mod upload;
mod usage;
mod values;
mod verify;
mod wait;
