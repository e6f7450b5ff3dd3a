//! Compares the items of one table: what the server has, as far as it is known, with what the database
//! has. Where both come from is decided in [`super::by_digest`] and [`super::by_feed`].

use super::difference::TableCounts;
use super::table::{CountedRows, Table};
use crate::offline::{Digest, FoundItem, FoundItems, ItemKey, OfflineError, ServerItems};

/// The comparison of one resource or join store.
pub(super) struct TableComparison<'a> {
    pub(super) table: &'a Table,
    pub(super) counted: &'a CountedRows,
    pub(super) server: &'a ServerItems,
    pub(super) found: &'a FoundItems,
    pub(super) counts: TableCounts,
}

impl TableComparison<'_> {
    /// Compares an item that the database has.
    pub(super) fn local(&mut self, key: ItemKey, local: Digest) -> Result<(), OfflineError> {
        let name = self.table.name();
        let server = self.server.take(name, &key)?;
        if server == Some(local) || !self.counted.has_local(self.table, &key) {
            return Ok(());
        }
        match server {
            None => self.counts.missing += 1,
            Some(_) => self.counts.different += 1,
        }
        self.found.add(name, &FoundItem { key, local: Some(local), server })
    }

    /// Ends with the items that only the server has.
    pub(super) fn finish(mut self) -> Result<TableCounts, OfflineError> {
        let name = self.table.name();
        self.server.rest(name, |key, digest| {
            if !self.counted.has_extra(self.table, &key) {
                return Ok(());
            }
            self.counts.extra += 1;
            self.found.add(name, &FoundItem { key, local: None, server: Some(digest) })
        })?;
        Ok(self.counts)
    }
}
