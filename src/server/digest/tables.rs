//! Computes the digests of all buckets of some tables.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::query::TableQuery;
use super::select::Selection;
use crate::mutation::digest::{BucketDigests, ItemHasher};
use crate::server::store::{Result, StoredItem, TableFields};

/// The answer's member for a table.
#[derive(Debug, Serialize)]
pub(super) struct TableAnswer {
    count: u64,
    digests: String,
}

/// Collects the items of a scan.
pub(super) struct TablesScan<'q> {
    tables: HashMap<&'q str, TableScan<'q>>,
}

struct TableScan<'q> {
    is_join_store: bool,
    selection: Selection<'q>,
    hasher: ItemHasher,
    digests: BucketDigests,
}

impl<'q> TablesScan<'q> {
    /// Begins a scan; `written` has the fields that documents of each table may have.
    pub(super) fn new(bits: u8, tables: &'q [TableQuery], written: &TableFields) -> Self {
        let scan = |table: &'q TableQuery| TableScan {
            is_join_store: table.is_join_store,
            selection: Selection::new(table, written),
            hasher: ItemHasher::default(),
            digests: BucketDigests::new(bits),
        };
        Self { tables: tables.iter().map(|table| (table.name.as_str(), scan(table))).collect() }
    }

    /// Adds an item, if it is one of the tables'.
    ///
    /// # Errors
    /// As [`Selection::digest`].
    pub(super) fn add(&mut self, item: &StoredItem<'_>) -> Result<()> {
        let Some(table) = self.tables.get_mut(item.name) else { return Ok(()) };
        if table.is_join_store == item.target.is_empty() {
            return Ok(());
        }
        let content = table.selection.digest(item)?;
        if table.is_join_store {
            table.hasher.add_join_row(item.id, item.target, content);
        } else {
            table.hasher.add_record(item.id, content);
        }
        if table.hasher.is_full() {
            table.hash();
        }
        Ok(())
    }

    /// Whether [`Self::add`] needs the documents.
    pub(super) fn needs_documents(&self) -> bool {
        self.tables.values().any(|table| table.selection.needs_documents())
    }

    /// The answer's member `tables`.
    pub(super) fn finish(self) -> BTreeMap<String, TableAnswer> {
        let tables = self.tables.into_iter().map(|(name, mut table)| {
            table.hash();
            let digests = STANDARD.encode(table.digests.buckets().as_flattened());
            (name.to_owned(), TableAnswer { count: table.digests.count(), digests })
        });
        tables.collect()
    }
}

impl TableScan<'_> {
    fn hash(&mut self) {
        self.hasher.finish(|item| self.digests.add(&item));
    }
}
