//! The HTTP client: push, pull, what is a transport error, and when to try again.

mod config;

pub use config::{RemoteConfig, Secret};
