//! Decides which digest of an item counts in a comparison: the stored one, or one of some fields only.

use std::collections::BTreeSet;

use super::query::TableQuery;
use crate::mutation::{ContentHash, content_digest};
use crate::server::store::{Document, Result, StoreError, StoredItem, TableFields};

/// The digest of an item that counts in a comparison.
#[derive(Debug)]
pub(super) enum Selection<'q> {
    /// The stored one, which is of all fields of the document.
    Stored,
    /// One of these fields only, for which the document is parsed.
    Fields(&'q BTreeSet<String>),
}

impl<'q> Selection<'q> {
    /// The selection for a table. `written` has the fields that documents of each table may have.
    pub(super) fn new(table: &'q TableQuery, written: &TableFields) -> Self {
        let is_all = written.get(&table.name).is_none_or(|written| written.is_subset(&table.fields));
        if is_all { Self::Stored } else { Self::Fields(&table.fields) }
    }

    /// Whether the documents have to be read.
    pub(super) fn needs_documents(&self) -> bool {
        matches!(self, Self::Fields(_))
    }

    /// The digest of an item.
    ///
    /// # Errors
    /// [`StoreError::DamagedDocument`] when a document has to be parsed and cannot be.
    pub(super) fn digest(&self, item: &StoredItem<'_>) -> Result<ContentHash> {
        match self {
            Self::Stored => Ok(item.digest),
            Self::Fields(fields) => {
                let mut document: Document =
                    serde_json::from_str(item.document).map_err(StoreError::DamagedDocument)?;
                document.retain(|field, _| fields.contains(field));
                Ok(content_digest(&document))
            }
        }
    }
}
