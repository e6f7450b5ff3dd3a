//! The answer to `status` (contract 4): a server's limits, capabilities and current sequence. What a
//! client does with it is decided in [`crate::cloneup`].

use serde::Serialize;
use serde_json::Value;

use super::bounded_list::BoundedList;
use super::cursor::Cursor;
use super::raw_object::RawObject;

/// Capability: the bodies of pushes may be compressed with gzip (RFC 1952).
pub const PUSH_GZIP: &str = "sync.push.gzip";
/// Capability: the bodies of pushes may be compressed with Zstandard (RFC 8878).
pub const PUSH_ZSTD: &str = "sync.push.zstd";
/// Capability: the answer to a push says how many of its mutations were applied before; see
/// [`super::PushAnswer::repeated`].
pub const PUSH_REPEATED: &str = "sync.push.repeated";
/// Capability: a pull can omit the caller's own changes; see
/// [`super::PullRequest::exclude_own_after`].
pub const PULL_EXCLUDE_OWN: &str = "sync.pull.excludeOwn";
/// Capability: the route `digest`, with which two sides find out what differs (contract 3.8); see
/// [`super::DigestRequest`].
pub const DIGEST: &str = "sync.digest";

/// The result of `status`. Every member may be missing: other servers send less.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServerStatus {
    /// Identifies the server's store; it is made with the store and never changes.
    pub store_id: Option<String>,
    /// Identifies the server's schema; its form is up to the server.
    pub schema_hash: Option<String>,
    /// The names of the server's capabilities, such as [`PUSH_GZIP`].
    pub capabilities: Vec<String>,
    /// The server's limits.
    pub limits: ServerLimits,
    /// The server's current sequence: an extension that comes with [`PULL_EXCLUDE_OWN`].
    pub cursor: Option<Cursor>,
    /// The server's clock, in milliseconds since the Unix epoch.
    pub server_time_ms: Option<u64>,
}

/// The limits of a server; `None` where it names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServerLimits {
    /// Maximum number of mutations in one push.
    pub max_mutations: Option<u64>,
    /// Maximum size of a request body, in bytes.
    pub max_body_bytes: Option<u64>,
    /// Maximum number of changes in one page of a pull.
    pub max_limit: Option<u64>,
}

impl ServerLimits {
    /// The maximum number of mutations in one push; 0 counts as no limit.
    #[must_use]
    pub(crate) fn mutations(&self) -> Option<u64> {
        self.max_mutations.filter(|limit| *limit > 0)
    }

    /// The maximum size of a request body, in bytes; 0 counts as no limit.
    #[must_use]
    pub(crate) fn body_bytes(&self) -> Option<u64> {
        self.max_body_bytes.filter(|limit| *limit > 0)
    }
}

impl ServerStatus {
    /// Reads the result inside the envelope. A member of the wrong type counts as missing: the
    /// upload works without any of them, so none is an error.
    #[must_use]
    #[doc(hidden)]
    pub fn from_raw(result: &RawObject<'_>) -> Self {
        let text = |name: &str| result.get::<String>(name).ok().flatten();
        let limits = result.get::<RawObject<'_>>("limits").ok().flatten();
        let limit = |name: &str| limits.as_ref()?.get(name).ok()?;
        let capabilities = result.get::<BoundedList<Value>>("capabilities").ok().flatten();
        let capabilities = capabilities.map_or_else(Vec::new, |list| list.0);
        Self {
            store_id: text("storeId"),
            schema_hash: text("schemaHash"),
            capabilities: capabilities.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            limits: ServerLimits {
                max_mutations: limit("maxMutations"),
                max_body_bytes: limit("maxBodyBytes"),
                max_limit: limit("maxLimit"),
            },
            cursor: text("cursor").and_then(|text| text.parse().ok()),
            server_time_ms: result.get("serverTimeMs").ok().flatten(),
        }
    }

    /// Whether the server has this capability.
    #[must_use]
    pub fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|name| name == capability)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> ServerStatus {
        ServerStatus::from_raw(&RawObject::read(&value.to_string()).unwrap())
    }

    #[test]
    fn reads_back_what_the_server_writes() {
        let status = ServerStatus {
            store_id: Some("s".to_owned()),
            schema_hash: None,
            capabilities: vec!["sync.push".to_owned(), PUSH_ZSTD.to_owned()],
            limits: ServerLimits { max_mutations: Some(10), ..ServerLimits::default() },
            cursor: Some(Cursor::from(7)),
            server_time_ms: Some(1),
        };
        assert_eq!(read(&serde_json::to_value(&status).unwrap()), status);
        assert!(status.has(PUSH_ZSTD) && !status.has(PUSH_GZIP));
    }

    #[test]
    fn treats_members_of_the_wrong_type_as_missing() {
        let odd =
            json!({"storeId": 7, "capabilities": [1, "x"], "limits": {"maxMutations": "10"}, "cursor": "-1"});
        let expected = ServerStatus { capabilities: vec!["x".to_owned()], ..ServerStatus::default() };
        assert_eq!(read(&odd), expected);
        assert_eq!(read(&json!({})), ServerStatus::default());
    }
}
