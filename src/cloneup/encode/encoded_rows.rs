//! Rows of one part, as canonical JSON with their content hashes: what an encoding thread makes of a chunk.
//! They become mutations in [`super::assembler`].

use std::ops::Range;

use super::chunk::RowChunk;
use super::part_encoder::PartEncoder;
use crate::mutation::{ContentHash, ContentHasher};
use crate::offline::NotMapped;

/// Encodes chunks, in buffers that it reuses.
#[derive(Debug, Default)]
pub(super) struct RowEncoder {
    hasher: ContentHasher,
    /// Where the JSON of each row is in the texts that are hashed.
    json: Vec<Range<usize>>,
}

/// The rows of a chunk, encoded.
pub(super) struct EncodedRows<'c> {
    /// The encoder of their part.
    pub(super) encoder: &'c PartEncoder<'c>,
    chunk: &'c RowChunk,
    /// The texts that were hashed, which have the JSON in them.
    texts: &'c [u8],
    json: &'c [Range<usize>],
    hashes: &'c [ContentHash],
}

/// A row, encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct EncodedRow<'c> {
    /// The id of the record, or of the record that refers.
    pub(super) id: &'c str,
    /// The id of the record that a join row refers to; empty for a record.
    pub(super) to: &'c str,
    /// The number of the record's group ([`crate::offline::Record::group`]); 0 for a join row.
    pub(super) group: u64,
    /// The canonical JSON object of the fields or the metadata.
    pub(super) json: &'c [u8],
    /// The content hash of its mutation.
    pub(super) hash: ContentHash,
}

/// The place in upload order of a row that cannot be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InvalidRow {
    /// The index of its part in the plan.
    pub(super) part: usize,
    /// Its place in the part.
    pub(super) index: u64,
}

impl RowEncoder {
    /// Encodes and hashes every row of a chunk of this part.
    ///
    /// # Errors
    /// The first row that cannot be uploaded.
    pub(super) fn encode<'c>(
        &'c mut self,
        part: usize,
        chunk: &'c RowChunk,
        encoder: &'c PartEncoder<'c>,
    ) -> Result<EncodedRows<'c>, InvalidRow> {
        let Self { hasher, json } = self;
        json.clear();
        let hashed = hasher.try_hash(chunk.iter(), |text, row| {
            let written = encoder.write_hashed(text, row);
            json.push(written.map_err(|NotMapped| InvalidRow { part, index: row.place.index })?);
            Ok(())
        })?;
        Ok(EncodedRows { encoder, chunk, texts: hashed.texts, json, hashes: hashed.hashes })
    }
}

impl<'c> EncodedRows<'c> {
    pub(super) fn iter(&self) -> impl Iterator<Item = EncodedRow<'c>> + use<'c> {
        let texts = self.texts;
        self.chunk.iter().zip(self.json).zip(self.hashes).map(move |((row, json), hash)| EncodedRow {
            id: row.id,
            to: row.to,
            group: row.place.group,
            json: &texts[json.clone()],
            hash: *hash,
        })
    }
}
