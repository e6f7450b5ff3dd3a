//! The encoding side: a thread of its own makes mutations and batches of the rows that
//! [`crate::cloneup::encode::reader`] hands on, hashing every row once. The bounded channels slow both to the
//! pace of the network.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use tokio::sync::mpsc;

use crate::cloneup::encode::batch::{About, Batch, Batcher, Written};
use crate::cloneup::encode::compression::RequestEncoding;
use crate::cloneup::encode::encoders;
use crate::cloneup::encode::limits::BatchLimits;
use crate::cloneup::encode::reader::{ReadEvent, RowChunk};
use crate::cloneup::options::Options;
use crate::cloneup::plan::make::{Plan, Source};
use crate::cloneup::progress::checkpoint::Checkpoint;
use crate::mutation::{ContentHash, ContentHasher, JoinEncoder, RecordEncoder};
use crate::offline::{OfflineDelete, OfflineError};
use crate::remote::Compressor;
use crate::schema::Schema;

/// What the sending side gets, in upload order.
#[derive(Debug)]
pub(crate) enum SendItem {
    /// The next part's turn has come; everything before must be answered first.
    Part(usize),
    /// Everything before must be answered first: the next depth of a resource begins.
    Barrier,
    /// To be sent.
    Batch(Batch),
    /// Acknowledged by an earlier run, by index of the part: mutations, rows.
    Skipped(usize, u64, u64),
    /// The last batch that an earlier run had acknowledged: the server must know it still.
    Probe(Batch),
    /// What an earlier run had acknowledged is not what there is now.
    Changed,
}

/// How batches are made.
pub(crate) struct EncoderSettings {
    pub(crate) limits: Arc<BatchLimits>,
    pub(crate) request_encoding: Arc<RequestEncoding>,
    /// What an earlier run had acknowledged.
    pub(crate) skip: Option<Checkpoint>,
}

/// The encoding side's state.
pub(crate) struct Encoder<'a> {
    plan: &'a Plan,
    options: &'a Options,
    schema: &'a Schema,
    client_id: &'a str,
    items: mpsc::Sender<Result<SendItem, OfflineError>>,
    batcher: Batcher,
    request_encoding: Arc<RequestEncoding>,
    compressor: Option<Compressor>,
    /// What an earlier run had acknowledged, until all of it has been read again.
    skip: Option<Checkpoint>,
}

/// What encodes the rows of the part whose turn it is.
enum PartEncoder {
    Records(RecordEncoder),
    JoinRows(JoinEncoder, PairHashes),
    /// Deletes are mutations already; this is whose they are.
    Deletes(String),
}

/// A pair of ids, and the hashes of its rows so far. Equal rows lie side by side but for
/// their metadata, so one pair is enough.
#[derive(Default)]
struct PairHashes {
    from: String,
    to: String,
    seen: HashSet<ContentHash>,
}

impl PairHashes {
    /// Whether a row is the first one that makes its mutation.
    fn is_new(&mut self, from: &str, to: &str, hash: ContentHash) -> bool {
        if (from, to) != (&self.from, &self.to) {
            from.clone_into(&mut self.from);
            to.clone_into(&mut self.to);
            self.seen.clear();
        }
        self.seen.insert(hash)
    }
}

const NOT_OF_THE_PART: &str = "the reader hands on what the part is made of";

impl<'a> Encoder<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        options: &'a Options,
        schema: &'a Schema,
        client_id: &'a str,
        settings: EncoderSettings,
        items: mpsc::Sender<Result<SendItem, OfflineError>>,
    ) -> Self {
        let EncoderSettings { limits, request_encoding, skip } = settings;
        let cut = skip.as_ref().map_or(0, |checkpoint| checkpoint.mutations);
        let batcher = Batcher::new(limits, cut);
        // Without one, every batch travels as it is.
        let compressor = request_encoding.encoding().and_then(|encoding| Compressor::new(encoding).ok());
        Self { plan, options, schema, client_id, items, batcher, request_encoding, compressor, skip }
    }

    /// Takes in everything that is read; the end of the channel is the end of the work.
    ///
    /// Chunks go back through `returned`.
    pub(crate) fn run(
        mut self,
        reads: &Receiver<Result<ReadEvent, OfflineError>>,
        returned: &SyncSender<RowChunk>,
    ) {
        match self.produce(reads, returned) {
            Ok(()) | Err(OfflineError::Stopped) => {}
            Err(error) => {
                // Nobody to tell when the sending side has stopped listening.
                let _ = self.items.blocking_send(Err(error));
            }
        }
    }

    fn produce(
        &mut self,
        reads: &Receiver<Result<ReadEvent, OfflineError>>,
        returned: &SyncSender<RowChunk>,
    ) -> Result<(), OfflineError> {
        let mut encoder = PartEncoder::Deletes(String::new());
        let mut hashing = ContentHasher::default();
        let mut part = 0;
        for read in reads {
            match (read?, &mut encoder) {
                (ReadEvent::Part(index), _) => {
                    self.flush()?;
                    self.send(SendItem::Part(index))?;
                    (part, encoder) = (index, self.start(index)?);
                }
                (ReadEvent::Barrier, _) => {
                    self.flush()?;
                    self.send(SendItem::Barrier)?;
                }
                (ReadEvent::Rows(rows), encoder) => {
                    self.rows(&rows, encoder, &mut hashing)?;
                    if let Some(rows) = rows.emptied() {
                        // Dropped where the reader has enough of them, or has ended.
                        let _ = returned.try_send(rows);
                    }
                }
                (ReadEvent::Delete(delete), PartEncoder::Deletes(client_id)) => {
                    self.delete(part, delete, client_id)?;
                }
                (ReadEvent::Delete(_), _) => unreachable!("{NOT_OF_THE_PART}"),
            }
        }
        self.flush()?;
        // There was more when the checkpoint was written.
        if self.skip.is_some() { self.send(SendItem::Changed) } else { Ok(()) }
    }

    fn start(&mut self, part: usize) -> Result<PartEncoder, OfflineError> {
        let (options, schema, client_id) = (self.options, self.schema, self.client_id);
        let (about, encoder) = match &self.plan.parts[part].source {
            Source::Records(source) => {
                let encoder = encoders::records(options, schema, client_id, source.name());
                (About::Records(source.name().into()), PartEncoder::Records(encoder))
            }
            Source::JoinRows(source) => {
                let encoder = encoders::join_rows(options, schema, client_id, source.name());
                // The plan was made of this schema's join stores.
                let encoder = encoder.ok_or(OfflineError::Stopped)?;
                (About::JoinRows(source.name().into()), PartEncoder::JoinRows(encoder, PairHashes::default()))
            }
            Source::Deletes => (About::Deletes, PartEncoder::Deletes(client_id.to_owned())),
        };
        self.batcher.start(part, about, client_id);
        Ok(encoder)
    }

    fn rows(
        &mut self,
        rows: &RowChunk,
        encoder: &mut PartEncoder,
        hashing: &mut ContentHasher,
    ) -> Result<(), OfflineError> {
        match encoder {
            PartEncoder::Records(encoder) => self.records(rows, encoder, hashing),
            PartEncoder::JoinRows(encoder, pair) => self.join_rows(rows, encoder, pair, hashing),
            PartEncoder::Deletes(_) => unreachable!("{NOT_OF_THE_PART}"),
        }
    }

    fn records(
        &mut self,
        rows: &RowChunk,
        encoder: &RecordEncoder,
        hashing: &mut ContentHasher,
    ) -> Result<(), OfflineError> {
        let hashes = hashing.hash(rows.iter(), |text, (id, _, json)| encoder.write_hashed(text, id, json));
        for ((id, _, json), hash) in rows.iter().zip(hashes) {
            let full = self.batcher.add(|body| encoder.encode(body, id, json, *hash).into());
            self.hand_out(full)?;
        }
        Ok(())
    }

    fn join_rows(
        &mut self,
        rows: &RowChunk,
        encoder: &JoinEncoder,
        pair: &mut PairHashes,
        hashing: &mut ContentHasher,
    ) -> Result<(), OfflineError> {
        let hashes = hashing
            .hash(rows.iter(), |text, (from, to, metadata)| encoder.write_hashed(text, from, to, metadata));
        for ((from, to, metadata), hash) in rows.iter().zip(hashes) {
            let hash = *hash;
            if !pair.is_new(from, to, hash) {
                self.batcher.add_equal_row();
                continue;
            }
            let full = self.batcher.add(|body| encoder.encode(body, from, to, metadata, hash).into());
            self.hand_out(full)?;
        }
        Ok(())
    }

    /// Each client's deletes go in requests of that client.
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
        let full = self.batcher.add(|body| {
            body.extend_from_slice(delete.json.as_bytes());
            Written::foreign(delete.id, delete.mutation_id)
        });
        self.hand_out(full)
    }

    fn flush(&mut self) -> Result<(), OfflineError> {
        let batch = self.batcher.take();
        self.hand_out(batch)
    }

    fn hand_out(&mut self, batch: Option<Batch>) -> Result<(), OfflineError> {
        let Some(batch) = batch else { return Ok(()) };
        let Some(checkpoint) = &self.skip else {
            let batch = self.compressed(batch);
            return self.send(SendItem::Batch(batch));
        };
        if batch.position.mutations < checkpoint.mutations {
            let (mutations, rows) = batch.counts();
            return self.send(SendItem::Skipped(batch.part, mutations, rows));
        }
        // The batcher has cut here.
        let is_same = checkpoint.is_at(&batch.position);
        self.skip = None;
        if is_same {
            return self.send(SendItem::Probe(batch));
        }
        self.send(SendItem::Changed)?;
        Err(OfflineError::Stopped)
    }

    fn compressed(&mut self, mut batch: Batch) -> Batch {
        // The server may have turned out not to take it.
        if let (Some(compressor), Some(_)) = (&mut self.compressor, self.request_encoding.encoding()) {
            batch.compressed = compressor.compress(batch.whole()).ok();
        }
        batch
    }

    fn send(&self, item: SendItem) -> Result<(), OfflineError> {
        self.items.blocking_send(Ok(item)).map_err(|_| OfflineError::Stopped)
    }
}
