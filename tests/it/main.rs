//! What synctool promises, one module a promise. Everything is real: files, sockets, the
//! server and the binary; a scripted server gives the answers that a real one would not.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

mod cli;
mod common;
mod config;
mod connections;
mod deletes;
mod docs;
mod faults;
mod finalize;
mod generated;
mod hostile;
mod layouts;
mod limits;
mod model;
mod order;
mod plan;
mod pull;
mod push;
mod resume;
mod serve;
mod snapshot;
mod upload;
mod values;
mod verify;
