//! What tests share: databases to upload, servers to upload to, and runs of the library and of
//! the binary. Not a test, and not a helper that only one file uses.

mod binary;
#[cfg(unix)]
pub mod browser;
mod counting_relay;
mod feed;
mod forward_proxy;
#[cfg(unix)]
mod manifests;
mod meter;
mod offline;
#[cfg(target_os = "linux")]
mod peak_memory;
#[cfg(target_os = "linux")]
pub mod postgres;
mod proxy;
mod requests;
mod run;
mod samples;
mod scripted;
mod serve_process;
mod server;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod store_servers;
#[cfg(unix)]
mod terminal;
mod tls_relay;
#[cfg(all(target_os = "linux", feature = "postgres"))]
mod traffic;

pub use binary::{
    cloneup, database, errors_of, infer, program, result, spawn_upload, status, stderr, synctool,
};
#[cfg(unix)]
pub use binary::{remove_settings, signal};
pub use counting_relay::CountingRelay;
pub use feed::{delete, upsert};
pub use forward_proxy::ForwardProxy;
#[cfg(unix)]
pub use manifests::assert_is_accepted;
pub use meter::Meter;
pub use offline::Offline;
#[cfg(target_os = "linux")]
pub use peak_memory::peak_memory;
pub use proxy::FaultProxy;
pub use requests::{clone, metrics, mutation, pull, push};
pub use run::{Rig, codes};
pub use samples::{CHINOOK, MIXED_ROWS, POWERSYNC, SCHEMA, TABLES, THREE_TAGS, WATERMELON};
pub use scripted::{Answer, Recorded, Scripted, refusal};
pub use serve_process::ServeProcess;
#[cfg(all(target_os = "linux", feature = "postgres"))]
pub use server::postgres_store;
pub use server::{TestServer, client, open_store};
#[cfg(all(target_os = "linux", feature = "postgres"))]
pub use store_servers::StoreServers;
#[cfg(unix)]
pub use terminal::Terminal;
pub use tls_relay::tls_relay;
#[cfg(all(target_os = "linux", feature = "postgres"))]
pub use traffic::{Hot, Report, Traffic};
