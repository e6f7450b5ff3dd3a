//! The trait that every store implements: access to its one writer and to its readers, which have
//! traits of their own in [`super::writer`] and [`super::reader`].

use super::error::Result;
use super::reader::Reader;
use super::writer::{Syncer, Writer};

/// What [`Store::write`] runs with the writer, and with the syncer that makes its commits durable.
pub(in crate::server) type WriteJob<'j> = dyn FnMut(&mut dyn Writer, Box<dyn Syncer>) + 'j;

/// A store: one writer, any number of readers.
pub(in crate::server) trait Store: Send + Sync {
    /// The store id: made with the store, never changed.
    fn id(&self) -> &str;

    /// Opens the one writer and runs `job` with it; the writer is closed when `job` returns.
    ///
    /// # Errors
    /// [`super::StoreError`] when the store cannot be opened for writing.
    fn write(&self, job: &mut WriteJob<'_>) -> Result<()>;

    /// Opens a reader of one durable state of the store.
    ///
    /// # Errors
    /// [`super::StoreError`] when the store cannot be opened for reading.
    fn reader(&self) -> Result<Box<dyn Reader>>;
}
