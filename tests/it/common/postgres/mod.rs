//! Real PostgreSQL for tests and benchmarks: clusters in temporary folders, run by an ordinary user,
//! that end with the test process. On Linux only, whose namespaces and `/proc` they use. Not the store
//! that uses them.
//!
//! Whatever needs a program that this machine lacks returns None after a line on stderr, so that a
//! test begins with `let Some(cluster) = Cluster::shared() else { return };`. With
//! `SYNCTOOL_TEST_REQUIRE_POSTGRES=1` it panics instead. This folder imports nothing from other
//! modules of the tests, because the benchmarks include it too.
//!
//! * `programs`: where the programs are, and the rule about tests without them
//! * `account`, `guard`, `daemon`: a background process that cannot be left over
//! * `options`, `initdb`, `cluster`: a cluster, its databases and connections
//! * `control`: its server stops, is killed, or is paused
//! * `standby`: its copies; `bouncer`: pgbouncer in front of it
//! * `tls`, `disk`: certificates, and a disk that a test fills
//! * `network`: hosts and partitions
//! * `frames`, `proxy`: connections that break

mod account;
mod bouncer;
mod cluster;
mod control;
mod daemon;
mod disk;
mod frames;
mod guard;
mod initdb;
mod network;
mod options;
mod programs;
mod proxy;
mod standby;
mod tls;

pub use bouncer::PgBouncer;
pub use cluster::{Cluster, unique_schema};
pub use disk::SmallDisk;
#[cfg(feature = "postgres")]
pub use network::Host;
pub use network::Network;
pub use options::{ClusterOptions, USER};
pub use proxy::PostgresProxy;
pub use standby::Replication;
pub use tls::{CA_CERTIFICATE, OTHER_CA_CERTIFICATE};
