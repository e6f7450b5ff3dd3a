//! Chunks of rows, which the reader hands to the encoding threads. Rows are read in [`super::reader`] and
//! encoded in [`super::encoded_rows`].

use std::ops::Range;

use bytes::BytesMut;

use crate::offline::{OfflineError, OrderedRecords, RowSize};

/// The size of the content in one chunk: large enough that a hand-over between threads costs little
/// per row, small enough to stay in the processor's cache.
const CHUNK_BYTES: usize = 128 * 1024;

/// The maximum number of rows in one chunk: join rows have hardly any content.
const CHUNK_ROWS: usize = 1000;

/// A row of a chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// The id of the record, or of the record that refers.
    pub(crate) id: &'a str,
    /// The id of the record that a join row refers to; empty for a record.
    pub(crate) to: &'a str,
    /// What was appended for it: its draft, or its canonical JSON.
    pub(crate) content: &'a [u8],
    /// Its place in its table.
    pub(crate) place: RowPlace,
}

/// The place of a row in upload order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RowPlace {
    /// The number of rows of its table before it.
    pub(crate) index: u64,
    /// The number of the record's group ([`crate::offline::Record::group`]); 0 for a join row.
    pub(crate) group: u64,
}

/// Rows in two shared buffers, so that a row needs no allocation. A comparison collects rows in one too.
pub(crate) struct RowChunk {
    ids: String,
    contents: BytesMut,
    ends: Vec<RowEnd>,
}

/// Where a row ends in the buffers. Its ids begin where the row before it ends.
struct RowEnd {
    id: usize,
    to: usize,
    content: Range<usize>,
    place: RowPlace,
}

impl Default for RowChunk {
    /// Has room for a chunk, and for the row that makes it full.
    fn default() -> Self {
        let contents = BytesMut::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
        Self { ids: String::new(), contents, ends: Vec::new() }
    }
}

impl RowChunk {
    /// Adds a row, whose content `write` appends; not one that is too large, for which it appends
    /// nothing.
    pub(crate) fn push<E>(
        &mut self,
        id: &str,
        to: &str,
        place: RowPlace,
        write: impl FnOnce(&mut BytesMut) -> Result<RowSize, E>,
    ) -> Result<RowSize, E> {
        if self.ends.is_empty() {
            self.contents.clear();
        }
        let start = self.contents.len();
        if let too_large @ RowSize::TooLarge { .. } = write(&mut self.contents)? {
            return Ok(too_large);
        }
        self.ids.push_str(id);
        let id_end = self.ids.len();
        self.ids.push_str(to);
        let content = start..self.contents.len();
        self.ends.push(RowEnd { id: id_end, to: self.ids.len(), content, place });
        Ok(RowSize::Fits)
    }

    /// Fills the empty chunk with the next records. Returns `false` after the last one.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when a temporary file cannot be read.
    pub(crate) fn fill(&mut self, records: &mut OrderedRecords) -> Result<bool, OfflineError> {
        let Self { ids, contents, ends } = self;
        contents.resize(contents.len().max(CHUNK_BYTES), 0);
        records.read(contents, |id, index, content| {
            ids.push_str(id);
            ends.push(RowEnd { id: ids.len(), to: ids.len(), content, place: RowPlace { index, group: 0 } });
        })
    }

    pub(crate) fn is_full(&self) -> bool {
        self.contents.len() >= CHUNK_BYTES || self.ends.len() >= CHUNK_ROWS
    }

    /// The empty chunk with its buffers, to be filled again. `None` when a single large row has
    /// made the buffers much larger than a chunk.
    pub(crate) fn recycled(mut self) -> Option<Self> {
        // The contents stay: a block is read into bytes that are there.
        self.ids.clear();
        self.ends.clear();
        (self.contents.capacity() <= 2 * CHUNK_BYTES && self.ids.capacity() <= 2 * CHUNK_BYTES)
            .then_some(self)
    }

    /// The rows, in the order in which they were added.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let id = &self.ids[std::mem::replace(&mut start, end.to)..end.id];
            let (to, content) = (&self.ids[end.id..end.to], &self.contents[end.content.clone()]);
            Row { id, to, content, place: end.place }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(chunk: &mut RowChunk, id: &str, to: &str, content: &str) {
        let place = RowPlace { index: 3, group: content.len() as u64 };
        let written: Result<RowSize, ()> = chunk.push(id, to, place, |out| {
            out.extend_from_slice(content.as_bytes());
            Ok(RowSize::Fits)
        });
        written.unwrap();
    }

    #[test]
    fn rows_come_back_in_order_with_their_ids_content_and_place() {
        let mut chunk = RowChunk::default();
        for (id, to, content) in [("a", "", "{}"), ("b", "c", "{\"x\":1}"), ("", "d", "{}")] {
            push(&mut chunk, id, to, content);
        }
        let rows: Vec<_> = chunk.iter().map(|row| (row.id, row.to, row.content)).collect();
        let expected: [(&str, &str, &[u8]); 3] =
            [("a", "", b"{}"), ("b", "c", b"{\"x\":1}"), ("", "d", b"{}")];
        assert_eq!(rows, expected);
        let places = [2, 7, 2].map(|group| RowPlace { index: 3, group });
        assert_eq!(chunk.iter().map(|row| row.place).collect::<Vec<_>>(), places);
    }

    #[test]
    fn a_recycled_chunk_is_empty_and_an_oversized_one_is_dropped() {
        let mut chunk = RowChunk::default();
        push(&mut chunk, "a", "", "{}");
        assert_eq!(chunk.recycled().unwrap().iter().count(), 0);
        let mut chunk = RowChunk::default();
        push(&mut chunk, "a", "", &"x".repeat(4 * CHUNK_BYTES));
        assert!(chunk.is_full() && chunk.recycled().is_none());
    }
}
