//! What a store holds: items, which are records and join rows, each in the feed at its last change. How
//! they are stored is decided in [`super::sqlite`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::mutation::{ContentHash, content_digest};
use crate::server::shared_text::SharedText;

/// A record's fields or a join row's metadata, by name.
pub(in crate::server) type Document = Map<String, Value>;

/// The number of items that one mutation may change: each has a place of its own within the mutation's
/// step of the sequence. No request of any sensible size reaches it.
pub(in crate::server) const MAX_ITEMS_OF_A_STEP: usize = 1 << 20;

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::server) struct ItemKey {
    /// The resource of a record, the join store of a join row.
    pub(in crate::server) name: SharedText,
    /// The id of a record, the id at the `from` end of a join row.
    pub(in crate::server) id: SharedText,
    /// The id at the `to` end of a join row; empty for a record. No id is empty.
    pub(in crate::server) target: SharedText,
}

impl ItemKey {
    /// The key of a record.
    pub(in crate::server) fn record(resource: SharedText, id: SharedText) -> Self {
        Self { name: resource, id, target: SharedText::default() }
    }

    /// The key of a join row.
    pub(in crate::server) fn join_row(store: SharedText, from: SharedText, to: SharedText) -> Self {
        Self { name: store, id: from, target: to }
    }
}

/// A document as it is stored, with its digest.
#[derive(Debug, Clone)]
pub(in crate::server) struct StoredContent {
    /// The text of a JSON object.
    pub(in crate::server) document: SharedText,
    /// The content digest of the document (contract 3.8).
    pub(in crate::server) digest: ContentHash,
}

impl From<&Document> for StoredContent {
    fn from(document: &Document) -> Self {
        let text = serde_json::to_string(document).expect("a map of JSON values can be written as JSON");
        Self { document: text.into(), digest: content_digest(document) }
    }
}

/// The number that stands for a client id in a store: the first 8 bytes of its BLAKE3 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::server) struct ClientNumber(pub(in crate::server) i64);

impl ClientNumber {
    /// The number of a client id.
    pub(in crate::server) fn of(client_id: &str) -> Self {
        let hash = blake3::hash(client_id.as_bytes());
        let first = hash.as_bytes().first_chunk().expect("a hash has 32 bytes");
        Self(i64::from_be_bytes(*first))
    }
}

/// An item as a reader finds it in the feed or in a table.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct FeedItem<'r> {
    /// The step of the sequence that changed it last.
    pub(in crate::server) step: u64,
    pub(in crate::server) name: &'r str,
    pub(in crate::server) id: &'r str,
    /// Empty for a record.
    pub(in crate::server) target: &'r str,
    /// The text of a JSON object; `None` if the item is deleted.
    pub(in crate::server) document: Option<&'r str>,
}

/// An item that is not deleted, with its digest.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct StoredItem<'r> {
    pub(in crate::server) name: &'r str,
    pub(in crate::server) id: &'r str,
    /// Empty for a record.
    pub(in crate::server) target: &'r str,
    /// The content digest of all members of the document.
    pub(in crate::server) digest: ContentHash,
    /// The text of a JSON object; empty in a scan without documents.
    pub(in crate::server) document: &'r str,
}

/// The names of fields by resource, and of metadata by join store.
pub(in crate::server) type TableFields = BTreeMap<String, BTreeSet<String>>;

/// Which part of the feed a page is read from.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct FeedQuery {
    /// The step after which the page begins.
    pub(in crate::server) after: u64,
    /// The caller's own changes, which are left out.
    pub(in crate::server) own: Option<OwnChanges>,
}

/// Changes to leave out because the caller made them: those after a step whose item is exactly what
/// this client sent (protocol extension `sync.pull.excludeOwn`).
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct OwnChanges {
    pub(in crate::server) client: ClientNumber,
    pub(in crate::server) after: u64,
}
