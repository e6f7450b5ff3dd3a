//! The mark of a clone that is not complete, in `__datafn_meta`: the same command continues it, with the
//! same server and the same schema.

use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::error::CloneError;
use crate::offline::database::{delete_meta, meta, set_meta};
use crate::offline::error::OfflineError;
use crate::protocol::Cursor;

/// Its key.
const KEY: &str = "clone";

/// The server that a clone is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The id of its store, where it has one.
    pub store_id: Option<String>,
    /// Its URL, without credentials.
    pub remote: String,
}

/// What is remembered of a clone that is not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mark {
    #[serde(flatten)]
    pub(super) origin: Origin,
    /// The fingerprint of the schema.
    pub(super) schema: String,
    /// The names of the tables that the clone has made.
    pub(super) tables: Vec<String>,
    /// Whether the clone has made the file.
    pub(super) is_new_file: bool,
    /// What the server said on the first page ([`crate::protocol::PullRequest::started_at`]).
    pub(super) started_at: Option<Cursor>,
}

impl Mark {
    /// Reads the mark; one that cannot be parsed is none.
    pub(super) fn read(connection: &Connection) -> Result<Option<Self>, OfflineError> {
        let text = meta(connection, KEY).map_err(OfflineError::while_doing("cannot read __datafn_meta"))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    pub(super) fn write(&self, connection: &Connection) -> Result<(), OfflineError> {
        let text = serde_json::to_string(self).expect("text and flags can be written as JSON");
        set_meta(connection, KEY, &text).map_err(OfflineError::while_doing("cannot write __datafn_meta"))
    }

    pub(super) fn remove(connection: &Connection) -> Result<(), OfflineError> {
        delete_meta(connection, KEY).map_err(OfflineError::while_doing("cannot write __datafn_meta"))
    }

    /// Checks that the clone can be continued with this schema.
    pub(super) fn check_schema(&self, path: &Path, fingerprint: &str) -> Result<(), CloneError> {
        if self.schema == fingerprint { Ok(()) } else { Err(CloneError::OtherSchema(path.to_owned())) }
    }

    /// Checks that the clone can be continued with this server: where both say the id of their store, that
    /// counts, and not the address.
    pub(super) fn check_origin(&self, path: &Path, now: &Origin) -> Result<(), CloneError> {
        let (begun, now) = match (&self.origin.store_id, &now.store_id) {
            (Some(begun), Some(now)) => (begun, now),
            _ => (&self.origin.remote, &now.remote),
        };
        if begun == now {
            return Ok(());
        }
        Err(CloneError::OtherServer { path: path.to_owned(), begun: begun.clone(), now: now.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(store_id: Option<&str>, remote: &str) -> Origin {
        Origin { store_id: store_id.map(str::to_owned), remote: remote.to_owned() }
    }

    #[test]
    fn a_clone_continues_with_the_same_store_or_else_the_same_address() {
        for (begun, now, expected) in [
            (origin(Some("s"), "http://a"), origin(Some("s"), "http://b"), true),
            (origin(Some("s"), "http://a"), origin(Some("t"), "http://a"), false),
            (origin(None, "http://a"), origin(Some("t"), "http://a"), true),
            (origin(Some("s"), "http://a"), origin(None, "http://a"), true),
            (origin(Some("s"), "http://a"), origin(None, "http://b"), false),
            (origin(None, "http://a"), origin(None, "http://b"), false),
        ] {
            let (schema, tables) = (String::new(), Vec::new());
            let mark = Mark { origin: begun, schema, tables, is_new_file: true, started_at: None };
            let checked = mark.check_origin("app.db".as_ref(), &now);
            assert_eq!(checked.is_ok(), expected, "{:?} {now:?}", mark.origin);
        }
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let connection = Connection::open_in_memory().unwrap();
        let mark = Mark {
            origin: origin(Some("s"), "http://a"),
            schema: "f".to_owned(),
            tables: vec!["t\"".to_owned()],
            is_new_file: false,
            started_at: Some(Cursor::from(9)),
        };
        assert_eq!(Mark::read(&connection).unwrap(), None);
        mark.write(&connection).unwrap();
        assert_eq!(Mark::read(&connection).unwrap(), Some(mark));
        Mark::remove(&connection).unwrap();
        assert_eq!(Mark::read(&connection).unwrap(), None);
    }
}
