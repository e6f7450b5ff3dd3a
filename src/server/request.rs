//! Parses the bodies of pull and clone requests. The body of a push is parsed in [`super::raw_push`]
//! and [`super::prepare`], without building a tree.

use serde_json::{Map, Value};

use super::dfql::{invalid, invalid_json};
use super::limits::Limits;
use super::store::{ClientNumber, FeedQuery, OwnChanges};
use crate::protocol::{ErrorBody, code};

/// Steps in a page of a pull that names no limit.
const DEFAULT_LIMIT: u64 = 1000;

type Result<T> = std::result::Result<T, ErrorBody>;

/// What a pull asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct PullQuery {
    pub(super) feed: FeedQuery,
    /// The last step of the sequence when this pull began at 0, as the answer to its first page said.
    started_at: Option<u64>,
    /// Steps in the page, at most; not above the server's own limit.
    pub(super) limit: u64,
}

impl PullQuery {
    pub(super) fn parse(body: &[u8], limits: &Limits) -> Result<Self> {
        let (client_id, object) = object(body)?;
        let after = step(&object, "cursor")?.unwrap_or(0);
        let started_at = step(&object, "startedAt")?;
        let client = ClientNumber::of(&client_id);
        let own = step(&object, "excludeOwnAfter")?.map(|after| OwnChanges { client, after });
        let limit = match object.get("limit") {
            None | Some(Value::Null) => DEFAULT_LIMIT,
            Some(value) => match value.as_u64() {
                Some(limit) if limit > 0 => limit,
                _ => return Err(invalid("limit", "must be a positive integer")),
            },
        };
        Ok(Self { feed: FeedQuery { after, own }, started_at, limit: limit.min(limits.max_limit) })
    }

    /// Whether this is the first page of a pull by a client that has nothing.
    pub(super) fn is_start(&self) -> bool {
        self.feed.after == 0
    }

    /// Checks that no delete has been forgotten that the client has not seen. One that has nothing, or had
    /// nothing at a step, has missed none before.
    ///
    /// # Errors
    /// `CURSOR_EXPIRED` when one has been: the last of them at this horizon.
    pub(super) fn check_horizon(&self, horizon: u64) -> Result<()> {
        let seen = self.feed.after.max(self.started_at.unwrap_or(0));
        if self.is_start() || seen >= horizon {
            return Ok(());
        }
        let message = format!(
            "The server has forgotten deletes after cursor {}, which is before {horizon}: clone again",
            self.feed.after
        );
        Err(ErrorBody::new(code::CURSOR_EXPIRED, message, "cursor"))
    }
}

/// What a clone asks for.
#[derive(Debug)]
pub(super) struct CloneQuery {
    /// Names of resources; `None` means all.
    pub(super) tables: Option<Vec<String>>,
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

/// A step of the sequence, sent as a base-10 string. A number that does not fit is after every change.
fn step(object: &Map<String, Value>, key: &str) -> Result<Option<u64>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_integer(text) => Ok(Some(text.parse().unwrap_or(u64::MAX))),
        Some(_) => Err(invalid(key, "must be a base-10 integer string")),
    }
}

fn is_integer(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses what all requests have in common: an object with a client id, which is taken out of it.
pub(super) fn object(body: &[u8]) -> Result<(String, Map<String, Value>)> {
    // serde_json refuses more than 127 levels of nesting, which bounds the stack.
    let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else {
        return Err(invalid_json());
    };
    match object.remove("clientId") {
        Some(Value::String(client_id)) if !client_id.is_empty() => Ok((client_id, object)),
        _ => Err(invalid("clientId", "must be string")),
    }
}
