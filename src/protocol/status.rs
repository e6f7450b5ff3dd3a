//! What a server says about itself (contract 4, `status`): limits, extensions, and where its
//! sequence stands.

use serde::Serialize;
use serde_json::Value;

use super::{Bounded, Cursor, Parts};

/// Request bodies may be compressed with gzip (RFC 1952).
pub const PUSH_GZIP: &str = "sync.push.gzip";
/// Request bodies may be compressed with Zstandard (RFC 8878).
pub const PUSH_ZSTD: &str = "sync.push.zstd";
/// A pull may leave out what the caller has made itself; see [`super::PullRequest`].
pub const PULL_EXCLUDE_OWN: &str = "sync.pull.excludeOwn";

/// The inside of the envelope. Everything may be missing: other servers say less.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerStatus {
    /// Made with the store, and there as long as the store is.
    pub store_id: Option<String>,
    /// Which schema the server has.
    pub schema_hash: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// The most that it takes.
    pub limits: ServerLimits,
    /// Its sequence now: an extension, which comes with [`PULL_EXCLUDE_OWN`].
    pub cursor: Option<Cursor>,
    /// Its clock, in milliseconds since 1970.
    pub server_time_ms: Option<u64>,
}

/// The most that a server takes; what is missing is not limited as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerLimits {
    /// Mutations in one push.
    pub max_mutations: Option<u64>,
    /// Bytes of one request's body.
    pub max_body_bytes: Option<u64>,
    /// Changes in one page of a pull.
    pub max_limit: Option<u64>,
}

impl ServerStatus {
    /// Reads what can be read: nothing of it is needed, so nothing of it is an error.
    #[must_use]
    pub fn from_parts(result: &Parts<'_>) -> Self {
        let text = |name: &str| result.get::<String>(name).ok().flatten();
        let limits = result.get::<Parts<'_>>("limits").ok().flatten().unwrap_or_default();
        let limit = |name: &str| limits.get(name).ok().flatten();
        let capabilities = result.get::<Bounded<Value>>("capabilities").ok().flatten();
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

    /// Whether the server names this capability.
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
        ServerStatus::from_parts(&Parts::read(&value.to_string()).unwrap())
    }

    #[test]
    fn what_is_written_is_read_back() {
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
    fn what_is_missing_or_odd_is_not_there() {
        let odd =
            json!({"storeId": 7, "capabilities": [1, "x"], "limits": {"maxMutations": "10"}, "cursor": "-1"});
        let expected = ServerStatus { capabilities: vec!["x".to_owned()], ..ServerStatus::default() };
        assert_eq!(read(&odd), expected);
        assert_eq!(read(&json!({})), ServerStatus::default());
    }
}
