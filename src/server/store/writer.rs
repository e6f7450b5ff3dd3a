//! The writing half of a store: one transaction at a time, and making it durable. Reading is
//! [`super::reader`].

use super::error::Result;
use super::subject::{Document, Subject};
use crate::server::shared_text::SharedText;

/// Writes to a store, inside one transaction at a time.
pub(in crate::server) trait Writer {
    /// Begins a transaction.
    fn begin(&mut self) -> Result<()>;

    /// Commits the transaction. It is durable only after [`Syncer::sync`].
    fn commit(&mut self) -> Result<()>;

    /// Undoes everything since [`Self::begin`], the sequence included.
    fn rollback(&mut self);

    /// The last step of the sequence, steps of the open transaction included.
    fn sequence(&mut self) -> Result<u64>;

    /// Enters a mutation as applied; false if it has been entered before (contract 4: idempotency by
    /// client and mutation id).
    fn mark_applied(&mut self, client_id: &str, mutation_id: &SharedText) -> Result<bool>;

    /// Takes back [`Self::mark_applied`] for a mutation that was then rejected.
    fn unmark_applied(&mut self, client_id: &str, mutation_id: &SharedText) -> Result<()>;

    /// Writes a document, given as JSON, for a subject that has none; false, and nothing is written, if
    /// it has one.
    fn insert(&mut self, subject: &Subject, document: &SharedText) -> Result<bool>;

    /// The current document of a subject.
    fn find(&mut self, subject: &Subject) -> Result<Option<Document>>;

    /// Writes a document, given as JSON, over the current one if there is one.
    fn put(&mut self, subject: &Subject, document: &SharedText) -> Result<()>;

    /// [`Self::put`] for a document that is not JSON text yet.
    fn put_document(&mut self, subject: &Subject, document: &Document) -> Result<()> {
        let text = serde_json::to_string(document).expect("a map of JSON values can be written as JSON");
        self.put(subject, &text.into())
    }

    /// Removes the document of a subject if there is one.
    fn remove(&mut self, subject: &Subject) -> Result<()>;

    /// Takes one step of the sequence for a mutation of this client, and enters the mutation's changes
    /// in the change feed under it.
    fn append_step(&mut self, client_id: &str, changes: &[NewChange]) -> Result<()>;
}

/// Makes commits durable, on another thread than the writer, which continues meanwhile.
pub(in crate::server) trait Syncer: Send {
    /// Makes everything durable that has been committed by now, which goes up to this step of the
    /// sequence, and shows it to new readers.
    ///
    /// # Errors
    /// [`super::StoreError`] when the fsync fails. The on-disk state is then unknown, and every later call
    /// fails too.
    fn sync(&mut self, sequence: u64) -> Result<()>;
}

/// One changed subject, as the writer enters it in the change feed.
#[derive(Debug)]
pub(in crate::server) struct NewChange {
    pub(in crate::server) subject: Subject,
    /// Whether the subject's state is now exactly what the mutation's client sent, so that this
    /// client's own pulls may leave the change out ([`super::OwnChanges`]).
    pub(in crate::server) is_as_sent: bool,
}
