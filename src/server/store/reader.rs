//! The reading half of a store: the change feed and the current documents, in one state. Writing is
//! [`super::writer`].

use super::error::Result;
use super::subject::{Document, Subject};

/// Reads one state of a store.
pub(in crate::server) trait Reader {
    /// The last step of the sequence in this state.
    fn sequence(&mut self) -> Result<u64>;

    /// One page of the change feed (keyset pagination by sequence): the first changes after step
    /// `after` and up to step `until`, without those that `own` leaves out.
    fn changes(
        &mut self,
        after: u64,
        until: u64,
        own: Option<&OwnChanges>,
        limit: PageLimit,
    ) -> Result<ChangePage>;

    /// The last step that changed anything of this resource or join store; `None` if none did.
    fn last_change_of(&mut self, name: &str) -> Result<Option<u64>>;

    /// Calls `each` with id and fields of all records of a resource, ascending by id.
    fn records(&mut self, resource: &str, each: &mut dyn FnMut(String, Document)) -> Result<()>;

    /// Calls `each` with `from`, `to` and metadata of all rows of a join store, ascending by both ids.
    fn join_rows(&mut self, store: &str, each: &mut dyn FnMut(String, String, Document)) -> Result<()>;
}

/// Changes to leave out because the caller made them: those after a step whose subject is
/// exactly what this client sent (protocol extension `sync.pull.excludeOwn`).
#[derive(Debug)]
pub(in crate::server) struct OwnChanges {
    pub(in crate::server) client_id: String,
    pub(in crate::server) after: u64,
}

/// The size of a page. A page holds whole steps and at least one, however large that is.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct PageLimit {
    /// Steps of the sequence.
    pub(in crate::server) steps: u64,
    /// Bytes of documents, names and ids.
    pub(in crate::server) bytes: usize,
}

/// A page of the change feed.
#[derive(Debug)]
pub(in crate::server) struct ChangePage {
    /// In the order of the sequence.
    pub(in crate::server) changes: Vec<StoredChange>,
    /// Whether the limit ended the page, so that there are later changes.
    pub(in crate::server) has_more: bool,
}

/// A change, with the subject's current document instead of the one that the change wrote.
#[derive(Debug)]
pub(in crate::server) struct StoredChange {
    /// The step of the sequence.
    pub(in crate::server) sequence: u64,
    pub(in crate::server) subject: Subject,
    /// `None` if the record or join row does not exist now.
    pub(in crate::server) document: Option<Document>,
}
