//! The shape of requests: what can be said about a body before any mutation is looked at.

use serde_json::{Map, Value};

use crate::protocol::{ErrorBody, ROOT_PATH, code};

/// The page of a pull that names no limit.
const DEFAULT_LIMIT: u64 = 1000;

/// The most that a server takes; `status` tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Mutations in one push.
    pub max_mutations: usize,
    /// Bytes of one request's body.
    pub max_body_bytes: usize,
    /// Changes in one page of a pull.
    pub max_limit: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_mutations: 1000, max_body_bytes: 16 * 1024 * 1024, max_limit: 10_000 }
    }
}

/// A push, its mutations still as they came.
#[derive(Debug)]
pub(super) struct Push {
    pub(super) client_id: String,
    pub(super) mutations: Vec<Value>,
}

/// A pull.
#[derive(Debug)]
pub(super) struct Pull {
    pub(super) after: u64,
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

impl Push {
    pub(super) fn parse(body: &[u8], limits: &Limits) -> Result<Self> {
        let (client_id, mut object) = object(body)?;
        let Some(Value::Array(mutations)) = object.remove("mutations") else {
            return Err(invalid("mutations", "must be array"));
        };
        if mutations.len() > limits.max_mutations {
            let message = format!("at most {} mutations in one push", limits.max_mutations);
            return Err(ErrorBody::new(code::LIMIT_EXCEEDED, message, "mutations"));
        }
        Ok(Self { client_id, mutations })
    }
}

impl Pull {
    pub(super) fn parse(body: &[u8], limits: &Limits) -> Result<Self> {
        let (_, object) = object(body)?;
        let after = match object.get("cursor") {
            None | Some(Value::Null) => 0,
            Some(Value::String(text)) if is_integer(text) => {
                // What does not fit is behind every change.
                text.parse().unwrap_or(u64::MAX)
            }
            Some(_) => return Err(invalid("cursor", "must be a base-10 integer string")),
        };
        let limit = match object.get("limit") {
            None | Some(Value::Null) => DEFAULT_LIMIT,
            Some(value) => match value.as_u64() {
                Some(limit) if limit > 0 => limit,
                _ => return Err(invalid("limit", "must be a positive integer")),
            },
        };
        Ok(Self { after, limit: limit.min(limits.max_limit) })
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
    let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else {
        return Err(ErrorBody::new(code::DFQL_INVALID, "Invalid JSON", ROOT_PATH));
    };
    match object.remove("clientId") {
        Some(Value::String(client_id)) if !client_id.is_empty() => Ok((client_id, object)),
        _ => Err(invalid("clientId", "must be string")),
    }
}
