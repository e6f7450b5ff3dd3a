//! The content digests of local rows (contract 3.8), many at a time. The rows are read by
//! [`super::local_items`] and [`super::by_feed`].

use bytes::BytesMut;

use super::table::Table;
use crate::cloneup::encode::{Row, RowChunk, RowPlace};
use crate::mutation::digest::{ItemDigest, ItemHasher};
use crate::mutation::{Content, ContentHash, ContentHasher};
use crate::offline::{ItemKey, OfflineError, RowSize};

/// Collects rows, and hashes them when there are enough.
pub(super) struct ContentDigests {
    /// Whether a row can have a member that is `null`, which does not count.
    can_hold_null: bool,
    is_join_store: bool,
    chunk: RowChunk,
    contents: ContentHasher,
    items: ItemHasher,
}

impl ContentDigests {
    pub(super) fn new(table: &Table) -> Self {
        Self {
            can_hold_null: table.can_hold_json_null(),
            is_join_store: table.is_join_store(),
            chunk: RowChunk::default(),
            contents: ContentHasher::default(),
            items: ItemHasher::default(),
        }
    }

    /// Adds a row, whose JSON `write` appends; `to` is empty for a record.
    pub(super) fn push(
        &mut self,
        id: &str,
        to: &str,
        write: impl FnOnce(&mut BytesMut) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        self.chunk.push(id, to, RowPlace::default(), |json| write(json).map(|()| RowSize::Fits)).map(|_| ())
    }

    pub(super) fn is_full(&self) -> bool {
        self.chunk.is_full()
    }

    /// Hashes the rows, and calls `each` with every key and its digest, in the order in which they were
    /// added. There is none afterwards.
    pub(super) fn contents(
        &mut self,
        mut each: impl FnMut(ItemKey, ContentHash) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let chunk = std::mem::take(&mut self.chunk);
        let hashes = hash(&mut self.contents, &chunk, self.can_hold_null);
        for (row, content) in chunk.iter().zip(hashes) {
            let is_record = !self.is_join_store;
            let key = if is_record { ItemKey::record(row.id) } else { ItemKey::join_row(row.id, row.to) };
            each(key, *content)?;
        }
        self.chunk = chunk.recycled().unwrap_or_default();
        Ok(())
    }

    /// As [`Self::contents`], with the digests of the items.
    pub(super) fn items(
        &mut self,
        mut each: impl FnMut((&str, &str), ItemDigest) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let chunk = std::mem::take(&mut self.chunk);
        let hashes = hash(&mut self.contents, &chunk, self.can_hold_null);
        let mut result = Ok(());
        let mut waiting = chunk.iter();
        for (row, content) in chunk.iter().zip(hashes) {
            if self.is_join_store {
                self.items.add_join_row(row.id, row.to, *content);
            } else {
                self.items.add_record(row.id, *content);
            }
            if self.items.is_full() {
                finish(&mut self.items, &mut waiting, &mut each, &mut result);
            }
        }
        finish(&mut self.items, &mut waiting, &mut each, &mut result);
        drop(waiting);
        self.chunk = chunk.recycled().unwrap_or_default();
        result
    }
}

/// Hashes the contents of rows.
fn hash<'h>(hasher: &'h mut ContentHasher, chunk: &RowChunk, can_hold_null: bool) -> &'h [ContentHash] {
    hasher.hash(chunk.iter(), |text, row| {
        if !can_hold_null {
            return text.extend_from_slice(row.content);
        }
        match std::str::from_utf8(row.content).map(Content::read) {
            Ok(Ok(content)) => content.write_hashed(text),
            // The row was written as JSON just now.
            _ => text.extend_from_slice(row.content),
        }
    })
}

/// Hashes the items that wait, and calls `each` with every one until it fails.
fn finish<'c>(
    items: &mut ItemHasher,
    waiting: &mut impl Iterator<Item = Row<'c>>,
    each: &mut impl FnMut((&str, &str), ItemDigest) -> Result<(), OfflineError>,
    result: &mut Result<(), OfflineError>,
) {
    items.finish(|item| {
        if let (Some(row), Ok(())) = (waiting.next(), &result) {
            *result = each((row.id, row.to), item);
        }
    });
}
