//! The shape of requests to read. A push has its own reading, in
//! [`super::raw_push`] and [`super::prepare`].

use serde_json::{Map, Value};

use super::dfql::{invalid, invalid_json};
use super::limits::Limits;
use super::store::OwnChanges;
use crate::protocol::ErrorBody;

/// The page of a pull that names no limit.
const DEFAULT_LIMIT: u64 = 1000;

/// A pull.
#[derive(Debug)]
pub(super) struct PullQuery {
    pub(super) after: u64,
    /// What the caller knows.
    pub(super) own: Option<OwnChanges>,
    /// Already within the server's own limit.
    pub(super) limit: u64,
}

/// A clone.
#[derive(Debug)]
pub(super) struct CloneQuery {
    /// `None` is everything.
    pub(super) tables: Option<Vec<String>>,
}

type Result<T> = std::result::Result<T, ErrorBody>;

impl PullQuery {
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

impl CloneQuery {
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
