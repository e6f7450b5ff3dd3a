//! The encoder: a thread that turns the rows of [`super::reader`] into mutations and batches,
//! and hashes every row once. Bounded channels on both sides are the back-pressure that slows it
//! to the pace of the network.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use tokio::sync::mpsc;

use super::batch::{About, Batch, Position};
use super::batcher::{Batcher, Written};
use super::chunk::RowChunk;
use super::compression::RequestEncoding;
use super::limits::BatchLimits;
use super::oversized::OversizedRow;
use super::part_encoder::{PairHashes, PartEncoder};
use super::reader::ReadEvent;
use crate::cloneup::failure::Failure;
use crate::cloneup::options::Options;
use crate::cloneup::plan::{Plan, Source};
use crate::mutation::{ContentHasher, JoinEncoder, RecordEncoder};
use crate::offline::{OfflineDelete, OfflineError};
use crate::remote::Compressor;

/// What the upload loop receives, in upload order.
#[derive(Debug)]
pub(crate) enum SendItem {
    /// The next part begins; everything before must be answered first.
    Part(usize),
    /// A batch to send.
    Batch(Batch),
    /// A batch that an earlier run has sent and the server has acknowledged.
    Skipped {
        /// The index of its part in the plan.
        part: usize,
        mutations: u64,
        rows: u64,
    },
    /// A row that no request can carry: it is rejected without being sent (contract 3.1.1).
    Oversized {
        /// The index of its part in the plan.
        part: usize,
        /// The number of the batch that it would have been in.
        sequence: u64,
        failure: Box<Failure>,
    },
    /// Rows that are not sent, because the application has changed them since.
    LeftOut {
        /// The index of their part in the plan.
        part: usize,
        rows: u64,
    },
    /// The last batch that an earlier run has sent: it is sent again, to see whether the server
    /// still has what it acknowledged (contract 3.6).
    Probe(Batch),
    /// The data is no longer what an earlier run has sent.
    PrefixChanged,
}

/// How batches are made.
pub(crate) struct BatchSettings {
    pub(crate) limits: Arc<BatchLimits>,
    pub(crate) encoding: Arc<RequestEncoding>,
    /// The end of the prefix that the server has acknowledged in an earlier run.
    pub(crate) skip_to: Option<Position>,
}

/// The encoder's state.
pub(super) struct Encoder<'a> {
    plan: &'a Plan,
    options: &'a Options,
    client_id: &'a str,
    items: mpsc::Sender<Result<SendItem, OfflineError>>,
    batcher: Batcher,
    encoding: Arc<RequestEncoding>,
    compressor: Option<Compressor>,
    /// The end of the acknowledged prefix, until it is reached.
    skip_to: Option<Position>,
}

const OTHER_PART: &str = "the reader sends only what the current part consists of";

impl<'a> Encoder<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        options: &'a Options,
        client_id: &'a str,
        settings: BatchSettings,
        items: mpsc::Sender<Result<SendItem, OfflineError>>,
    ) -> Self {
        let BatchSettings { limits, encoding, skip_to } = settings;
        let batcher = Batcher::new(limits, skip_to.map(|position| position.mutations));
        // Without a compressor batches are sent uncompressed.
        let compressor = encoding.current().and_then(|encoding| Compressor::new(encoding).ok());
        Self { plan, options, client_id, items, batcher, encoding, compressor, skip_to }
    }

    /// Runs until all rows are encoded or the receiver is dropped. Chunks go back to the reader
    /// through `recycled`.
    pub(super) fn run(
        mut self,
        events: &Receiver<Result<ReadEvent, OfflineError>>,
        recycled: &SyncSender<RowChunk>,
    ) {
        match self.encode(events, recycled) {
            Ok(()) | Err(OfflineError::Stopped) => {}
            Err(error) => {
                // Fails only when the upload loop has ended.
                let _ = self.items.blocking_send(Err(error));
            }
        }
    }

    fn encode(
        &mut self,
        events: &Receiver<Result<ReadEvent, OfflineError>>,
        recycled: &SyncSender<RowChunk>,
    ) -> Result<(), OfflineError> {
        let mut encoder = PartEncoder::Deletes { client_id: String::new() };
        let (mut content_hasher, mut part) = (ContentHasher::default(), 0);
        for event in events {
            match event? {
                ReadEvent::Part(index) => {
                    self.flush()?;
                    self.send(SendItem::Part(index))?;
                    (part, encoder) = (index, self.start(index));
                }
                ReadEvent::Rows(chunk) => {
                    self.rows(&chunk, &mut encoder, &mut content_hasher)?;
                    if let Some(chunk) = chunk.recycled() {
                        // Dropped when the reader has enough chunks, or has ended.
                        let _ = recycled.try_send(chunk);
                    }
                }
                ReadEvent::Oversized(row) => self.oversized(part, row)?,
                ReadEvent::Delete(delete) => {
                    let PartEncoder::Deletes { client_id } = &mut encoder else {
                        unreachable!("{OTHER_PART}")
                    };
                    self.delete(part, delete, client_id)?;
                }
                ReadEvent::LeftOut => self.send(SendItem::LeftOut { part, rows: 1 })?,
            }
        }
        self.flush()?;
        // The earlier run has sent more than there is now.
        if self.skip_to.is_some() { self.send(SendItem::PrefixChanged) } else { Ok(()) }
    }

    fn start(&mut self, part: usize) -> PartEncoder {
        let source = &self.plan.parts[part].source;
        let about = match source {
            Source::Records(source) => About::Records(source.name().into()),
            Source::JoinRows(source) => About::JoinRows(source.name().into()),
            Source::Deletes | Source::Extra => About::Deletes,
        };
        self.batcher.start(part, about, self.client_id);
        PartEncoder::new(self.options, self.client_id, source)
    }

    fn rows(
        &mut self,
        chunk: &RowChunk,
        encoder: &mut PartEncoder,
        content_hasher: &mut ContentHasher,
    ) -> Result<(), OfflineError> {
        match encoder {
            PartEncoder::Records(encoder) => self.records(chunk, encoder, content_hasher),
            PartEncoder::JoinRows(encoder, pair) => self.join_rows(chunk, encoder, pair, content_hasher),
            PartEncoder::Deletes { .. } => unreachable!("{OTHER_PART}"),
        }
    }

    fn records(
        &mut self,
        chunk: &RowChunk,
        encoder: &RecordEncoder,
        content_hasher: &mut ContentHasher,
    ) -> Result<(), OfflineError> {
        let hashes =
            content_hasher.hash(chunk.iter(), |text, row| encoder.write_hashed(text, row.id, row.json));
        for (row, hash) in chunk.iter().zip(hashes) {
            let full =
                self.batcher.add(row.group, |body| encoder.encode(body, row.id, row.json, *hash).into());
            self.send_batch(full)?;
        }
        Ok(())
    }

    fn join_rows(
        &mut self,
        chunk: &RowChunk,
        encoder: &JoinEncoder,
        pair: &mut PairHashes,
        content_hasher: &mut ContentHasher,
    ) -> Result<(), OfflineError> {
        let hashes = content_hasher
            .hash(chunk.iter(), |text, row| encoder.write_hashed(text, row.id, row.to, row.json));
        for (row, hash) in chunk.iter().zip(hashes) {
            if !pair.is_new(row.id, row.to, *hash) {
                self.batcher.add_equal_row();
                continue;
            }
            let full =
                self.batcher.add(0, |body| encoder.encode(body, row.id, row.to, row.json, *hash).into());
            self.send_batch(full)?;
        }
        Ok(())
    }

    fn oversized(&mut self, part: usize, row: OversizedRow) -> Result<(), OfflineError> {
        if self.options.fail_fast {
            // The run ends here: what goes before the row is sent.
            self.flush()?;
        }
        let failure = Box::new(row.into_failure());
        self.send(SendItem::Oversized { part, sequence: self.batcher.sequence(), failure })
    }

    /// A delete goes in a request of the client that made it (contract 3.1, stage C).
    fn delete(
        &mut self,
        part: usize,
        delete: OfflineDelete,
        client_id: &mut String,
    ) -> Result<(), OfflineError> {
        if delete.client_id != *client_id {
            self.flush()?;
            client_id.clone_from(&delete.client_id);
            self.batcher.start(part, About::Deletes, client_id);
        }
        let full = self.batcher.add(0, |body| {
            body.extend_from_slice(delete.json.as_bytes());
            Written::from_delete(delete.id, delete.mutation_id)
        });
        self.send_batch(full)
    }

    fn flush(&mut self) -> Result<(), OfflineError> {
        let batch = self.batcher.take();
        self.send_batch(batch)
    }

    fn send_batch(&mut self, batch: Option<Batch>) -> Result<(), OfflineError> {
        let Some(batch) = batch else { return Ok(()) };
        let Some(acknowledged) = self.skip_to else {
            let batch = self.compressed(batch);
            return self.send(SendItem::Batch(batch));
        };
        if batch.position.mutations < acknowledged.mutations {
            let (mutations, rows) = batch.counts();
            return self.send(SendItem::Skipped { part: batch.part, mutations, rows });
        }
        // The batcher ends a batch at the end of the acknowledged prefix.
        self.skip_to = None;
        if batch.position == acknowledged {
            return self.send(SendItem::Probe(batch));
        }
        self.send(SendItem::PrefixChanged)?;
        Err(OfflineError::Stopped)
    }

    fn compressed(&mut self, mut batch: Batch) -> Batch {
        // The server may have refused compressed bodies in the meantime.
        if let (Some(compressor), Some(_)) = (&mut self.compressor, self.encoding.current()) {
            // A batch that cannot be compressed is sent uncompressed.
            batch.compressed = compressor.compress(batch.whole()).ok();
        }
        batch
    }

    fn send(&self, item: SendItem) -> Result<(), OfflineError> {
        self.items.blocking_send(Ok(item)).map_err(|_| OfflineError::Stopped)
    }
}
