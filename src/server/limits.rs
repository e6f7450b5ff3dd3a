//! The limits of a server, and which of them `status` advertises. Each limit is enforced where it is
//! used: in [`super::accept`], [`super::body`] and [`super::prepare`].

use std::time::Duration;

use crate::protocol::ServerLimits;

/// Many times what one client opens, and few enough for the 1024 open files that a process usually may
/// have.
const DEFAULT_CONNECTIONS: usize = 512;

/// As many as two clients at their highest concurrency send. Each body may be in memory twice,
/// compressed and not, which makes at most 1 GiB with the default limit of a body.
const DEFAULT_BODIES: usize = 32;

/// Ample for a head, which is a few hundred bytes.
const DEFAULT_HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most that a server accepts. The default values are those of `synctool serve` without flags
/// (contract 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Mutations in one push; a push with more is refused with `LIMIT_EXCEEDED`. Advertised by
    /// `status`.
    pub max_mutations: usize,
    /// Bytes of a request's body, compressed as well as decompressed; a larger one is refused with HTTP
    /// 413. Advertised by `status`.
    pub max_body_bytes: usize,
    /// Steps of the sequence in one page of a pull; a larger `limit` in a request is lowered to this.
    /// Advertised by `status`.
    pub max_limit: u64,
    /// Requests per second of all clients together, with bursts of one second's worth; more are refused
    /// with HTTP 429 and `Retry-After`. `None`: no limit.
    pub max_requests_per_second: Option<u32>,
    /// Open connections; further ones wait in the listener's backlog.
    pub max_connections: usize,
    /// Requests whose body is in memory at a time; the bodies of further ones are not read until one of
    /// these is answered.
    pub max_bodies: usize,
    /// How long a connection may take to send the head of a request, idle time before it included.
    pub head_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_mutations: 1000,
            max_body_bytes: 16 * 1024 * 1024,
            max_limit: 10_000,
            max_requests_per_second: None,
            max_connections: DEFAULT_CONNECTIONS,
            max_bodies: DEFAULT_BODIES,
            head_timeout: DEFAULT_HEAD_TIMEOUT,
        }
    }
}

impl Limits {
    /// Those that a client can respect, as `status` advertises them.
    pub(super) fn advertised(&self) -> ServerLimits {
        ServerLimits {
            max_mutations: self.max_mutations.try_into().ok(),
            max_body_bytes: self.max_body_bytes.try_into().ok(),
            max_limit: Some(self.max_limit),
        }
    }
}
