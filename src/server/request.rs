//! The shape of requests to read, and the limits of all. A push has its own reading, in
//! [`super::incoming`] and [`super::prepare`].

use std::time::Duration;

use serde_json::{Map, Value};

use super::store::OwnChanges;
use crate::protocol::{ErrorBody, ROOT_PATH, ServerLimits, code};

/// The page of a pull that names no limit.
const DEFAULT_LIMIT: u64 = 1000;

/// How many connections there are at a time: many times what a client opens, and few enough for
/// the 1024 files that a process usually may have open.
const DEFAULT_CONNECTIONS: usize = 512;

/// How many bodies are in memory at a time: as many as two clients send at most. Each may be
/// there twice, compressed and not, which makes one gibibyte with the usual limit of a body.
const DEFAULT_BODIES: usize = 32;

/// How long a request's head may take: it is a few hundred bytes.
const DEFAULT_HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most that a server takes; `status` tells what a client can keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Mutations in one push.
    pub max_mutations: usize,
    /// Bytes of one request's body.
    pub max_body_bytes: usize,
    /// Changes in one page of a pull.
    pub max_limit: u64,
    /// Requests a second, of all clients together; `None` is as many as come.
    pub max_requests_per_second: Option<u32>,
    /// Connections at a time; the ones after them wait to be accepted.
    pub max_connections: usize,
    /// Requests that have their body in memory at a time; the ones after them wait before they
    /// are read.
    pub max_bodies: usize,
    /// How long a connection waits for a request's head to be complete.
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
    /// As `status` tells them.
    pub(super) fn advertised(&self) -> ServerLimits {
        ServerLimits {
            max_mutations: self.max_mutations.try_into().ok(),
            max_body_bytes: self.max_body_bytes.try_into().ok(),
            max_limit: Some(self.max_limit),
        }
    }
}

/// A pull.
#[derive(Debug)]
pub(super) struct Pull {
    pub(super) after: u64,
    /// What the caller knows.
    pub(super) own: Option<OwnChanges>,
    /// Already within the server's own limit.
    pub(super) limit: u64,
}

/// A clone.
#[derive(Debug)]
pub(super) struct Clone {
    /// `None` is everything.
    pub(super) tables: Option<Vec<String>>,
}

type Result<T> = std::result::Result<T, ErrorBody>;

/// "Invalid DFQL: `<path>` `<what>`", the protocol's words for a request that is not as it
/// must be.
pub(super) fn invalid(path: impl Into<String>, what: &str) -> ErrorBody {
    let path = path.into();
    ErrorBody::new(code::DFQL_INVALID, format!("Invalid DFQL: {path} {what}"), path)
}

/// What is said about a body that is no JSON, or no object.
pub(super) fn invalid_json() -> ErrorBody {
    ErrorBody::new(code::DFQL_INVALID, "Invalid JSON", ROOT_PATH)
}

impl Pull {
    pub(super) fn parse(body: &[u8], limits: &Limits) -> Result<Self> {
        let (client_id, object) = object(body)?;
        let after = place(&object, "cursor")?.unwrap_or(0);
        let own = place(&object, "excludeOwnAfter")?.map(|after| OwnChanges { client_id, after });
        let limit = match object.get("limit") {
            None | Some(Value::Null) => DEFAULT_LIMIT,
            Some(value) => match value.as_u64() {
                Some(limit) if limit > 0 => limit,
                _ => return Err(invalid("limit", "must be a positive integer")),
            },
        };
        Ok(Self { after, own, limit: limit.min(limits.max_limit) })
    }
}

/// A place in the sequence. What does not fit is behind every change.
fn place(object: &Map<String, Value>, key: &str) -> Result<Option<u64>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_integer(text) => Ok(Some(text.parse().unwrap_or(u64::MAX))),
        Some(_) => Err(invalid(key, "must be a base-10 integer string")),
    }
}

fn is_integer(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Clone {
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let (_, mut object) = object(body)?;
        let tables = match object.remove("tables") {
            None | Some(Value::Null) => None,
            Some(value) => Some(
                serde_json::from_value(value).map_err(|_| invalid("tables", "must be array of strings"))?,
            ),
        };
        Ok(Self { tables })
    }
}

/// Every request is an object with a client id.
fn object(body: &[u8]) -> Result<(String, Map<String, Value>)> {
    // The parser refuses what is nested more than 127 levels deep, which keeps the stack small.
    let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else {
        return Err(invalid_json());
    };
    match object.remove("clientId") {
        Some(Value::String(client_id)) if !client_id.is_empty() => Ok((client_id, object)),
        _ => Err(invalid("clientId", "must be string")),
    }
}
