//! Where the server is and how it is spoken to.

use std::path::PathBuf;
use std::time::Duration;

use super::client::is_loopback;
use super::encoding::Compression;
use crate::secret::Secret;

/// Everything that a [`super::Remote`] needs to know.
#[derive(Debug, Clone)]
pub struct RemoteConfig {
    /// The base, such as `http://127.0.0.1:4400/datafn`.
    pub base: String,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<Secret>,
    /// Sent with every request: name and value.
    pub headers: Vec<(String, String)>,
    /// For one request, all of it.
    pub timeout: Duration,
    /// For a connection.
    pub connect_timeout: Duration,
    /// The longest first pause before a retry; it doubles from there.
    pub retry_delay: Duration,
    /// The longest pause that back-off comes to.
    pub retry_max_delay: Duration,
    /// A PEM file with certificates to trust beside the platform's.
    pub ca_cert: Option<PathBuf>,
    /// Whether request bodies are compressed.
    pub compression: Compression,
}

impl RemoteConfig {
    /// The contract's defaults (section 3) for a server.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            token: None,
            headers: Vec::new(),
            timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
            retry_delay: Duration::from_secs(1),
            retry_max_delay: Duration::from_secs(30),
            ca_cert: None,
            compression: Compression::Auto,
        }
    }

    /// Whether others on the way can read the token: plain http to another machine.
    #[must_use]
    pub fn sends_token_in_the_clear(&self) -> bool {
        let url = reqwest::Url::parse(&self.base);
        self.token.is_some() && url.is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url))
    }
}
