//! The trait through which mutations change a store, inside one transaction of the store's. What a
//! mutation means is decided in [`crate::server::apply`].

use super::error::Result;
use super::item::{ClientNumber, Document, ItemKey, StoredContent};
use crate::server::shared_text::SharedText;

/// Changes a store, inside an open transaction.
///
/// Every write of an item gives it the next place in the feed, under the step that
/// [`Self::take_step`] then takes. A mutation writes nothing before it is known to be applied.
pub(in crate::server) trait Writer {
    /// The last step of the sequence, steps of the open transaction included. A store that numbers its
    /// steps when it commits them counts from 0 here.
    fn sequence(&self) -> u64;

    /// Enters a mutation as applied; false if it has been entered before (contract 4: idempotency by
    /// client and mutation id).
    fn remember(&mut self, client: ClientNumber, mutation_id: &SharedText) -> Result<bool>;

    /// Takes back [`Self::remember`] for a mutation that was then rejected.
    fn forget(&mut self, client: ClientNumber, mutation_id: &SharedText) -> Result<()>;

    /// The document of an item; `None` if there is none or it is deleted.
    fn find(&mut self, key: &ItemKey) -> Result<Option<Document>>;

    /// Whether an item has a document.
    fn exists(&mut self, key: &ItemKey) -> Result<bool>;

    /// Writes an item that the store has never had; false, and nothing is written, if it has it or its
    /// tombstone.
    ///
    /// `client` is the client that sent exactly this content.
    fn insert(&mut self, key: &ItemKey, content: &StoredContent, client: ClientNumber) -> Result<bool>;

    /// Writes an item, over the current one if there is one.
    ///
    /// `client` is set if that client has sent exactly this content, so that its own pulls may leave
    /// the item out ([`super::OwnChanges`]).
    fn put(&mut self, key: &ItemKey, content: &StoredContent, client: Option<ClientNumber>) -> Result<()>;

    /// Deletes an item and leaves its tombstone in the feed, also where there was none. A tombstone has no
    /// client: a pull of the client that has sent the delete includes it, so that what the client keeps
    /// of the deleted item until then is removed.
    fn remove(&mut self, key: &ItemKey) -> Result<()>;

    /// Takes the step of the sequence for the mutation whose items have been written since the last
    /// one.
    fn take_step(&mut self) -> Result<()>;
}
