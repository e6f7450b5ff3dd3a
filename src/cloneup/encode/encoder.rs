//! An encoding thread: takes what the [`super::reader`] sends, and turns chunks of rows into JSON and hashes
//! side by side with the other encoding threads. What follows is done in upload order: batches are made by
//! the [`super::assembler`], and sent. Bounded channels on both sides are the back-pressure that slows it to
//! the pace of the network.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::assembler::Assembler;
use super::batch::Batch;
use super::chunk::RowChunk;
use super::compression::RequestEncoding;
use super::encoded_rows::{InvalidRow, RowEncoder};
use super::in_turn::InTurn;
use super::part_encoder::{PartEncoder, Parts};
use super::reader::ReadEvent;
use super::send_item::SendItem;
use crate::offline::OfflineError;
use crate::remote::Compressor;

/// What the encoding threads have in common.
pub(super) struct Shared<'a> {
    pub(super) parts: Parts<'a>,
    pub(super) events: Mutex<ReadEvents>,
    /// Where batches are made, in upload order.
    pub(super) assembler: InTurn<Assembler<'a>>,
    /// Where items are sent, in upload order.
    pub(super) items: InTurn<mpsc::Sender<Result<SendItem, OfflineError>>>,
    pub(super) encoding: Arc<RequestEncoding>,
}

/// What the reader sends, with a ticket for each event.
pub(super) struct ReadEvents {
    /// `None` after the end, so that a reader that still sends fails.
    events: Option<Receiver<Result<ReadEvent, OfflineError>>>,
    next_ticket: u64,
}

/// An event; `None` at the end of all.
type Read = Option<Result<ReadEvent, OfflineError>>;

impl ReadEvents {
    pub(super) fn new(events: Receiver<Result<ReadEvent, OfflineError>>) -> Self {
        Self { events: Some(events), next_ticket: 0 }
    }

    /// Takes the next event and its ticket; `None` after the end.
    fn take(&mut self) -> Option<(u64, Read)> {
        let event = self.events.as_ref()?.recv().ok();
        if event.is_none() {
            self.events = None;
        }
        self.next_ticket += 1;
        Some((self.next_ticket - 1, event))
    }
}

/// Why encoding ends before everything is encoded.
enum Stop {
    /// The reader has failed.
    Failed(OfflineError),
    /// A row cannot be uploaded.
    Invalid(InvalidRow),
    /// Nothing is sent any more: the data has changed, or another encoding thread or the upload loop has ended.
    Ended,
}

/// What one event has made: items for the upload loop, and why it is the last event.
type Assembled = (Vec<SendItem>, Result<(), Stop>);

/// The state of one encoding thread.
pub(super) struct Encoder<'s, 'a> {
    shared: &'s Shared<'a>,
    /// Where chunks go back to the reader.
    recycled: SyncSender<RowChunk>,
    /// The encoder of the part whose rows came last, and the index of the part.
    part: Option<(usize, PartEncoder<'a>)>,
    buffers: RowEncoder,
    compressor: Option<Compressor>,
}

impl<'s, 'a> Encoder<'s, 'a> {
    pub(super) fn new(shared: &'s Shared<'a>, recycled: SyncSender<RowChunk>) -> Self {
        // Without a compressor batches are sent uncompressed.
        let compressor = shared.encoding.current().and_then(|encoding| Compressor::new(encoding).ok());
        Self { shared, recycled, part: None, buffers: RowEncoder::default(), compressor }
    }

    /// Runs until all rows are encoded or the receiver of the items is dropped. Returns the row that cannot
    /// be uploaded, if that is why it has ended.
    pub(super) fn run(mut self) -> Option<InvalidRow> {
        let _end = End(self.shared);
        loop {
            let (ticket, event) = self.shared.events.lock().ok()?.take()?;
            let assembled = match event {
                Some(Ok(ReadEvent::Rows(part, chunk))) => self.rows(ticket, part, chunk),
                event => self.shared.assemble(ticket, |assembler| add(assembler, event)),
            };
            match self.send(ticket, assembled?)? {
                Ok(()) => {}
                Err(Stop::Invalid(row)) => return Some(row),
                Err(Stop::Failed(_) | Stop::Ended) => return None,
            }
        }
    }

    /// Encodes rows of a part, and puts them into batches.
    fn rows(&mut self, ticket: u64, part: usize, chunk: RowChunk) -> Option<Assembled> {
        if self.part.as_ref().is_none_or(|(current, _)| *current != part) {
            self.part = PartEncoder::new(self.shared.parts, part).map(|encoder| (part, encoder));
        }
        let (_, encoder) = self.part.as_ref().expect("only records and join rows have rows");
        let rows = self.buffers.encode(part, &chunk, encoder);
        let assembled = self.shared.assemble(ticket, |assembler| {
            assembler.add(&rows.map_err(Stop::Invalid)?);
            Ok(())
        });
        if let Some(chunk) = chunk.recycled() {
            // Dropped when the reader has enough chunks, or has ended.
            let _ = self.recycled.try_send(chunk);
        }
        assembled
    }

    /// Compresses the batches, and sends the items.
    fn send(&mut self, ticket: u64, (mut items, result): Assembled) -> Option<Result<(), Stop>> {
        for item in &mut items {
            if let SendItem::Batch(batch) = item {
                self.compress(batch);
            }
        }
        self.shared.items.take(ticket, |sender| {
            for item in items {
                if sender.blocking_send(Ok(item)).is_err() {
                    return ControlFlow::Break(Err(Stop::Ended));
                }
            }
            match result {
                Ok(()) => ControlFlow::Continue(Ok(())),
                Err(Stop::Failed(error)) => {
                    // Fails only when the upload loop has ended.
                    let _ = sender.blocking_send(Err(error));
                    ControlFlow::Break(Err(Stop::Ended))
                }
                Err(stop) => ControlFlow::Break(Err(stop)),
            }
        })
    }

    fn compress(&mut self, batch: &mut Batch) {
        // The server may have refused compressed bodies in the meantime.
        if let (Some(compressor), Some(_)) = (&mut self.compressor, self.shared.encoding.current()) {
            // A batch that cannot be compressed is sent uncompressed.
            batch.compressed = compressor.compress(batch.whole()).ok();
        }
    }
}

impl<'a> Shared<'a> {
    /// Gives the assembler what is next in upload order. `None`: something before it was the last.
    fn assemble(
        &self,
        ticket: u64,
        add: impl FnOnce(&mut Assembler<'a>) -> Result<(), Stop>,
    ) -> Option<Assembled> {
        self.assembler.take(ticket, |assembler| {
            let added = add(assembler).and(if assembler.has_ended() { Err(Stop::Ended) } else { Ok(()) });
            let (items, has_ended) = (assembler.take_items(), added.is_err());
            let assembled = (items, added);
            if has_ended { ControlFlow::Break(assembled) } else { ControlFlow::Continue(assembled) }
        })
    }
}

/// Gives the assembler an event without rows.
fn add(assembler: &mut Assembler<'_>, event: Read) -> Result<(), Stop> {
    match event.transpose().map_err(Stop::Failed)? {
        Some(ReadEvent::Part(part)) => assembler.start(part),
        Some(ReadEvent::Oversized(row)) => assembler.add_oversized(row),
        Some(ReadEvent::Delete(delete)) => assembler.add_delete(delete),
        Some(ReadEvent::LeftOut) => assembler.leave_out(),
        Some(ReadEvent::Rows(..)) | None => assembler.finish(),
    }
    Ok(())
}

/// Ends the reader and the other encoding threads with this one.
struct End<'s, 'a>(&'s Shared<'a>);

impl Drop for End<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The thread does not take its turn, for which others may wait.
            self.0.assembler.end();
            self.0.items.end();
        }
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).events = None;
    }
}
