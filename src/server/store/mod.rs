//! Where the server keeps everything, behind one trait. What a mutation means is
//! [`super::apply`]'s business; a store only keeps, finds and counts.

pub(super) mod sqlite;

use serde_json::{Map, Value};

use super::text::Text;

/// A store that failed. Clients are told that it did, the log is told why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(String);

impl StoreError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

pub(super) type Result<T> = std::result::Result<T, StoreError>;

/// A record's fields or a join row's metadata.
pub(super) type Document = Map<String, Value>;

/// What is done with the one writer.
pub(super) type Work<'w> = dyn FnMut(&mut dyn Writer, Box<dyn Syncer>) + 'w;

/// A store: one writer, any number of readers.
pub(super) trait Store: Send + Sync {
    /// The id that was made with the store and stays with it.
    fn id(&self) -> &str;
    /// Calls `work` with the one writer, which lives as long as that goes on, and with what makes
    /// its commits durable.
    fn write(&self, work: &mut Work<'_>) -> Result<()>;
    /// A reader of one state of the store.
    fn reader(&self) -> Result<Box<dyn Reader>>;
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// A record: resource and id.
    Record { resource: Text, id: Text },
    /// A join row: join store and both ends.
    JoinRow { store: Text, from: Text, to: Text },
}

impl Subject {
    /// The id of the record, or of the one that refers.
    pub(super) fn id(&self) -> &Text {
        match self {
            Self::Record { id, .. } => id,
            Self::JoinRow { from, .. } => from,
        }
    }
}

/// Writes inside one transaction at a time.
pub(super) trait Writer {
    fn begin(&mut self) -> Result<()>;
    /// Ends what [`Self::begin`] began; durable it is only after [`Syncer::sync`].
    fn commit(&mut self) -> Result<()>;
    fn rollback(&mut self);
    /// The last step of the sequence.
    fn sequence(&mut self) -> Result<u64>;
    /// Remembers a mutation as applied; false if it was before.
    fn remember(&mut self, client_id: &str, mutation_id: &Text) -> Result<bool>;
    /// Forgets a mutation that was not applied after all.
    fn forget(&mut self, client_id: &str, mutation_id: &Text) -> Result<()>;
    /// Puts a document, as JSON, where there is none yet; false if there is one.
    fn insert(&mut self, subject: &Subject, document: &Text) -> Result<bool>;
    fn find(&mut self, subject: &Subject) -> Result<Option<Document>>;
    /// Puts a document, as JSON.
    fn put(&mut self, subject: &Subject, document: &Text) -> Result<()>;
    fn put_document(&mut self, subject: &Subject, document: &Document) -> Result<()> {
        let text = serde_json::to_string(document).map_err(|error| StoreError::new(error.to_string()))?;
        self.put(subject, &text.into())
    }
    fn remove(&mut self, subject: &Subject) -> Result<()>;
    /// Takes one step of the sequence for a mutation, and writes its changes.
    fn record_step(&mut self, client_id: &str, changes: &[Change]) -> Result<()>;
}

/// Makes commits durable, on another thread than the writer's.
pub(super) trait Syncer: Send {
    /// Makes everything durable that has been committed by now, which goes up to this step of
    /// the sequence, and shows it to readers.
    fn sync(&mut self, sequence: u64) -> Result<()>;
}

/// A change as it is written.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) subject: Subject,
    /// Whether the subject is now just what its client has sent, so that this client needs
    /// not be told.
    pub(super) is_as_sent: bool,
}

/// A change as it is read back: what it is about, as that is now.
#[derive(Debug)]
pub(super) struct StoredChange {
    pub(super) sequence: u64,
    pub(super) subject: Subject,
    /// What is there now.
    pub(super) document: Option<Document>,
}

/// Changes in the order of the sequence.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) changes: Vec<StoredChange>,
    /// Whether there are more behind them.
    pub(super) has_more: bool,
}

/// How much is read of the changes at a time. A step is never cut in two, and there is always
/// one.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLimit {
    pub(super) steps: u64,
    /// Of documents and what names them.
    pub(super) bytes: usize,
}

/// Changes that a client knows: its own ones after a place in the sequence.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) client_id: String,
    pub(super) after: u64,
}

/// Reads one state of the store.
pub(super) trait Reader {
    /// The last step of the sequence.
    fn sequence(&mut self) -> Result<u64>;
    /// The first changes after `after` and up to `until`, but not those in `own`.
    fn changes(&mut self, after: u64, until: u64, own: Option<&Own>, limit: PageLimit) -> Result<Changes>;
    /// The last step that changed a resource or join store.
    fn last_change_of(&mut self, name: &str) -> Result<Option<u64>>;
    /// All records of a resource, by id: id and fields.
    fn records(&mut self, resource: &str, each: &mut dyn FnMut(String, Document)) -> Result<()>;
    /// All rows of a join store, by both ends: from, to and metadata.
    fn join_rows(&mut self, store: &str, each: &mut dyn FnMut(String, String, Document)) -> Result<()>;
}
