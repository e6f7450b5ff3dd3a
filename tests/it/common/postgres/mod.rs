//! Real PostgreSQL for tests and benchmarks: clusters in temporary folders, run by an ordinary user,
//! that end with the test process. Not the store that uses them.
//!
//! Whatever needs a program that this machine lacks returns None after a line on stderr, so that a
//! test begins with `let Some(cluster) = Cluster::shared() else { return };`. With
//! `SYNCTOOL_TEST_REQUIRE_POSTGRES=1` it panics instead. This folder imports nothing from other
//! modules of the tests, because the benchmarks include it too.
//!
//! * `programs`: where the programs are, and the rule about tests without them
//! * `account`, `guard`, `daemon`: a background process that cannot be left over
//! * `options`, `cluster`: a cluster, its databases and connections

mod account;
mod cluster;
mod daemon;
mod guard;
mod options;
mod programs;

pub use cluster::{Cluster, USER, unique_schema};
