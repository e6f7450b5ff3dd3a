//! What a store holds documents of: the names of records and join rows. How they are stored is decided in
//! [`super::sqlite`].

use serde_json::{Map, Value};

use crate::server::shared_text::SharedText;

/// A record's fields or a join row's metadata, by name.
pub(in crate::server) type Document = Map<String, Value>;

/// The name of a record or join row: what a document belongs to, and what a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) enum Subject {
    /// A record, by resource and id.
    Record { resource: SharedText, id: SharedText },
    /// A join row, by join store and the ids of both ends.
    JoinRow { store: SharedText, from: SharedText, to: SharedText },
}

impl Subject {
    /// The id of the record; of a join row the id at its `from` end.
    pub(in crate::server) fn id(&self) -> &SharedText {
        match self {
            Self::Record { id, .. } => id,
            Self::JoinRow { from, .. } => from,
        }
    }
}
