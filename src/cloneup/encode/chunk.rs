//! Chunks of encoded rows, which the reader hands to the encoder. Rows are read in [`super::reader`] and
//! hashed in [`super::encoder`].

use crate::offline::RowSize;

/// The amount of JSON in one chunk: large enough that a hand-over between threads costs little
/// per row, small enough to stay in the processor's cache.
const CHUNK_BYTES: usize = 128 * 1024;

/// The maximum number of rows in one chunk: join rows have hardly any JSON.
const CHUNK_ROWS: usize = 1000;

/// A row as canonical JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EncodedRow<'a> {
    /// The id of the record, or of the record that refers.
    pub(crate) id: &'a str,
    /// The id of the record that a join row refers to; empty for a record.
    pub(crate) to: &'a str,
    /// The canonical JSON object of the fields or the metadata.
    pub(crate) json: &'a [u8],
    /// The number of the record's group ([`crate::offline::Record::group`]); 0 for a join row.
    pub(crate) group: u64,
}

/// Encoded rows in two shared buffers, so that a row needs no allocation. A comparison collects rows in
/// one too.
pub(crate) struct RowChunk {
    ids: String,
    json: Vec<u8>,
    ends: Vec<RowEnd>,
}

/// Where a row ends in the buffers; it begins where the row before it ends.
#[derive(Clone, Copy, Default)]
struct RowEnd {
    id: usize,
    to: usize,
    json: usize,
    group: u64,
}

impl Default for RowChunk {
    /// Has room for a chunk, and for the row that makes it full.
    fn default() -> Self {
        let json = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
        Self { ids: String::new(), json, ends: Vec::new() }
    }
}

impl RowChunk {
    /// Adds a row, whose JSON `write` appends; not one that is too large, for which it appends
    /// nothing.
    pub(crate) fn push<E>(
        &mut self,
        id: &str,
        to: &str,
        group: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<RowSize, E>,
    ) -> Result<RowSize, E> {
        if let too_large @ RowSize::TooLarge { .. } = write(&mut self.json)? {
            return Ok(too_large);
        }
        self.ids.push_str(id);
        let id_end = self.ids.len();
        self.ids.push_str(to);
        self.ends.push(RowEnd { id: id_end, to: self.ids.len(), json: self.json.len(), group });
        Ok(RowSize::Fits)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.json.len() >= CHUNK_BYTES || self.ends.len() >= CHUNK_ROWS
    }

    /// The empty chunk with its buffers, to be filled again. `None` when a single large row has
    /// made the buffers much larger than a chunk.
    pub(crate) fn recycled(mut self) -> Option<Self> {
        self.ids.clear();
        self.json.clear();
        self.ends.clear();
        (self.json.capacity() <= 2 * CHUNK_BYTES && self.ids.capacity() <= 2 * CHUNK_BYTES).then_some(self)
    }

    /// The rows, in the order in which they were added.
    pub(crate) fn iter(&self) -> impl Iterator<Item = EncodedRow<'_>> {
        let mut start = RowEnd::default();
        self.ends.iter().map(move |end| {
            let row = EncodedRow {
                id: &self.ids[start.to..end.id],
                to: &self.ids[end.id..end.to],
                json: &self.json[start.json..end.json],
                group: end.group,
            };
            start = *end;
            row
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(chunk: &mut RowChunk, id: &str, to: &str, json: &str) {
        let written: Result<RowSize, ()> = chunk.push(id, to, json.len() as u64, |out| {
            out.extend_from_slice(json.as_bytes());
            Ok(RowSize::Fits)
        });
        written.unwrap();
    }

    #[test]
    fn rows_come_back_in_order_with_their_ids_json_and_group() {
        let mut chunk = RowChunk::default();
        for (id, to, json) in [("a", "", "{}"), ("b", "c", "{\"x\":1}"), ("", "d", "{}")] {
            push(&mut chunk, id, to, json);
        }
        let rows: Vec<_> = chunk.iter().map(|row| (row.id, row.to, row.json)).collect();
        let expected: [(&str, &str, &[u8]); 3] =
            [("a", "", b"{}"), ("b", "c", b"{\"x\":1}"), ("", "d", b"{}")];
        assert_eq!(rows, expected);
        assert_eq!(chunk.iter().map(|row| row.group).collect::<Vec<_>>(), [2, 7, 2]);
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
