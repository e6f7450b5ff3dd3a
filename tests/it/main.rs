//! What synctool promises (the contract), one module a promise; `docs/guarantees.md` names
//! them. Files, sockets, the server and the binary are real; a scripted server gives the
//! answers that a real one would not. Not tests of one function: those are beside it in `src`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

mod activity;
mod base_url;
mod clone;
mod collations;
mod common;
mod completions;
mod config;
mod connections;
mod dangling;
#[cfg(unix)]
mod datafn_package;
mod deletes;
mod demo;
#[cfg(unix)]
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
mod many_databases;
mod max_errors;
mod merge_results;
mod model;
mod odd_columns;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod on_postgres;
mod only_changed;
mod order;
mod other_server;
mod oversized;
mod overwrite;
mod pace;
#[cfg(target_os = "linux")]
mod packages;
mod page;
mod plan;
#[cfg(target_os = "linux")]
mod postgres_helpers;
mod profiles;
mod proxied;
mod pull;
mod push;
mod read_only;
mod refused;
mod rejected;
mod repeated;
mod report;
mod reserved_keys;
mod result;
mod resume;
mod row_locations;
#[cfg(unix)]
mod scaling;
mod serve_backup;
mod serve_command;
mod serve_digest;
mod serve_feed;
mod serve_log;
mod serve_migration;
mod serve_mutations;
mod serve_operations;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod serve_postgres_operations;
mod serve_relations;
mod serve_requests;
mod serve_retention;
mod serve_store;
mod shard_property;
mod shards;
mod snapshot;
mod soft_deletes;
mod stages;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_bouncer;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_crashes;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_duplicates;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_failover;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_followers;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_full_disk;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_isolation;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_location;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_lost_answers;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_start;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_stopped_server;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_unreachable;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod stores_agree;
mod temporary_files;
mod tls;
mod token;
mod transport;
mod unwritable;
mod upload;
mod usage;
mod values;
mod verify;
mod verify_digest;
mod wait;
