//! The assembler: puts what the encoding threads have encoded into batches, in upload order, and decides
//! which batches an earlier run has sent already. It is used by one thread at a time.

use super::batch::{About, Batch, Position};
use super::batcher::{Batcher, Written};
use super::encoded_rows::EncodedRows;
use super::oversized::OversizedRow;
use super::part_encoder::{PairHashes, PartEncoder, Parts};
use super::send_item::SendItem;
use crate::cloneup::plan::Source;
use crate::offline::OfflineDelete;

/// The state of the batches.
pub(super) struct Assembler<'a> {
    parts: Parts<'a>,
    batcher: Batcher,
    /// The index of the current part in the plan.
    part: usize,
    /// The join rows of one pair of ids.
    pair: PairHashes,
    /// The client whose deletes are in the batch that is being made.
    delete_client_id: String,
    /// The end of the acknowledged prefix, until it is reached.
    skip_to: Option<Position>,
    /// Items that are ready, in upload order.
    items: Vec<SendItem>,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(parts: Parts<'a>, batcher: Batcher, skip_to: Option<Position>) -> Self {
        Self {
            parts,
            batcher,
            part: 0,
            pair: PairHashes::default(),
            delete_client_id: String::new(),
            skip_to,
            items: Vec::new(),
        }
    }

    /// Takes the items that are ready.
    pub(super) fn take_items(&mut self) -> Vec<SendItem> {
        std::mem::take(&mut self.items)
    }

    /// Whether nothing is sent any more: the data is not what an earlier run has sent.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.items.last(), Some(SendItem::PrefixChanged))
    }

    /// Begins a part of the plan.
    pub(super) fn start(&mut self, part: usize) {
        self.flush();
        self.part = part;
        self.items.push(SendItem::Part(part));
        let about = match self.parts.source(part) {
            Source::Records(source) => About::Records(source.name().into()),
            Source::JoinRows(source) => About::JoinRows(source.name().into()),
            Source::Deletes | Source::Extra => About::Deletes,
        };
        self.delete_client_id = self.parts.client_id.to_owned();
        self.batcher.start(part, about, self.parts.client_id);
    }

    /// Adds rows of the current part.
    pub(super) fn add(&mut self, rows: &EncodedRows<'_>) {
        for row in rows.iter() {
            let full = match rows.encoder {
                PartEncoder::Records(_, encoder) => self
                    .batcher
                    .add(row.group, |body| encoder.encode(body, row.id, row.json, row.hash).into()),
                PartEncoder::JoinRows(..) if !self.pair.is_new(row.id, row.to, row.hash) => {
                    self.batcher.add_equal_row();
                    continue;
                }
                PartEncoder::JoinRows(encoder) => self
                    .batcher
                    .add(0, |body| encoder.encode(body, row.id, row.to, row.json, row.hash).into()),
            };
            self.push(full);
        }
    }

    /// Adds a row that no request can carry.
    pub(super) fn add_oversized(&mut self, row: OversizedRow) {
        if self.parts.options.fail_fast {
            // The run ends here: what goes before the row is sent.
            self.flush();
        }
        let (part, sequence) = (self.part, self.batcher.sequence());
        self.items.push(SendItem::Oversized { part, sequence, failure: Box::new(row.into_failure()) });
    }

    /// Adds a delete, which goes in a request of the client that made it (contract 3.1, stage C).
    pub(super) fn add_delete(&mut self, delete: OfflineDelete) {
        if delete.client_id != self.delete_client_id {
            self.flush();
            self.delete_client_id = delete.client_id;
            self.batcher.start(self.part, About::Deletes, &self.delete_client_id);
        }
        let full = self.batcher.add(0, |body| {
            body.extend_from_slice(delete.json.as_bytes());
            Written::from_delete(delete.id, delete.mutation_id)
        });
        self.push(full);
    }

    /// A row of the current part is not sent.
    pub(super) fn leave_out(&mut self) {
        self.items.push(SendItem::LeftOut { part: self.part, rows: 1 });
    }

    /// Ends the last batch.
    pub(super) fn finish(&mut self) {
        self.flush();
        // The earlier run has sent more than there is now.
        if self.skip_to.is_some() && !self.has_ended() {
            self.items.push(SendItem::PrefixChanged);
        }
    }

    fn flush(&mut self) {
        let batch = self.batcher.take();
        self.push(batch);
    }

    fn push(&mut self, batch: Option<Batch>) {
        let Some(batch) = batch else { return };
        if self.has_ended() {
            return;
        }
        let item = match self.skip_to {
            None => SendItem::Batch(batch),
            Some(acknowledged) if batch.position.mutations < acknowledged.mutations => {
                let (mutations, rows) = batch.counts();
                SendItem::Skipped { part: batch.part, mutations, rows }
            }
            // The batcher ends a batch at the end of the acknowledged prefix.
            Some(acknowledged) if batch.position == acknowledged => {
                self.skip_to = None;
                SendItem::Probe(batch)
            }
            Some(_) => SendItem::PrefixChanged,
        };
        self.items.push(item);
    }
}
