//! The reading side: walks the plan and hands on rows as canonical JSON, in upload order.
//! Hashing them and making batches is [`crate::cloneup::encode::encoder`]'s business, on another thread, so
//! that both go on at the same time.

use std::sync::mpsc::{Receiver, SyncSender};

use crate::cloneup::options::Options;
use crate::cloneup::plan::make::{Plan, Source};
use crate::offline::{
    JoinSource, OfflineDelete, OfflineError, RecordSource, Snapshot, SortedRecords, offline_deletes,
};
use crate::schema::Schema;

/// How much JSON is handed on at a time: enough to make the handing over cheap, little
/// enough to stay in the processor's cache.
const CHUNK_BYTES: usize = 128 * 1024;

/// How many chunks of rows wait between one thread and the next: enough that neither waits
/// for the other's hiccups.
pub(crate) const CHUNKS_AHEAD: usize = 4;

/// How many rows are handed on at a time, at the most: those of a join table have hardly any
/// JSON.
const CHUNK_ROWS: usize = 1000;

/// What is handed on, in upload order.
pub(crate) enum ReadEvent {
    /// The next part of the plan begins.
    Part(usize),
    /// Everything before must be answered before the rest is sent: the next depth begins.
    Barrier,
    /// RowChunk of the part.
    Rows(RowChunk),
    /// A delete of the part.
    Delete(OfflineDelete),
}

/// The id of a record, or of the one that refers; the id of the record that is referred to;
/// fields or metadata.
pub(crate) type EncodedRow<'a> = (&'a str, &'a str, &'a [u8]);

/// Some rows side by side: ids, and canonical JSON.
pub(crate) struct RowChunk {
    ids: String,
    json: Vec<u8>,
    /// Where each row's first id, second id and JSON end.
    ends: Vec<[usize; 3]>,
}

impl Default for RowChunk {
    /// With room for a chunk, and the row that makes it full.
    fn default() -> Self {
        let json = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
        Self { ids: String::new(), json, ends: Vec::new() }
    }
}

impl RowChunk {
    /// Adds a row, whose JSON `write` appends.
    fn push<E>(
        &mut self,
        id: &str,
        to: &str,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        write(&mut self.json)?;
        self.ids.push_str(id);
        let first = self.ids.len();
        self.ids.push_str(to);
        self.ends.push([first, self.ids.len(), self.json.len()]);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.json.len() >= CHUNK_BYTES || self.ends.len() >= CHUNK_ROWS
    }

    /// The chunk without its rows, to be filled again; nothing of one that has become larger
    /// than chunks are, as a single row can make it.
    pub(crate) fn emptied(mut self) -> Option<Self> {
        self.ids.clear();
        self.json.clear();
        self.ends.clear();
        (self.json.capacity() <= 2 * CHUNK_BYTES && self.ids.capacity() <= 2 * CHUNK_BYTES).then_some(self)
    }

    /// Each row, in the order in which they were read.
    pub(crate) fn iter(&self) -> impl Iterator<Item = EncodedRow<'_>> {
        let mut start = [0, 0];
        self.ends.iter().map(move |[first, second, json]| {
            let row = (&self.ids[start[0]..*first], &self.ids[*first..*second], &self.json[start[1]..*json]);
            start = [*second, *json];
            row
        })
    }
}

/// The reading side's state.
pub(crate) struct Reader<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Options,
    pub(crate) schema: &'a Schema,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) reads: SyncSender<Result<ReadEvent, OfflineError>>,
    /// Chunks whose rows have been taken in, to be filled again.
    pub(crate) emptied: Receiver<RowChunk>,
}

impl Reader<'_> {
    /// Reads everything; the end of the channel is the end of the work.
    pub(crate) fn run(self) {
        if let Err(error) = self.read() {
            // Nobody to tell when the other side has stopped listening.
            let _ = self.reads.send(Err(error));
        }
    }

    fn read(&self) -> Result<(), OfflineError> {
        for (index, part) in self.plan.parts.iter().enumerate() {
            self.send(ReadEvent::Part(index))?;
            match &part.source {
                Source::Records(source) => self.records(source, part.rows)?,
                Source::JoinRows(source) => self.join_rows(source)?,
                Source::Deletes => self.deletes()?,
            }
        }
        Ok(())
    }

    fn records(&self, source: &RecordSource, count: u64) -> Result<(), OfflineError> {
        let sorted = match self.options.only {
            None => SortedRecords::sort(source, self.snapshot, count)?,
            // What is selected may be little of the table.
            Some(_) => None,
        };
        if let Some(sorted) = sorted {
            let mut rows = RowChunk::default();
            sorted.for_each(|record| {
                rows.push(record.id, "", |json| record.write_fields(json))?;
                self.hand_on_full(&mut rows)
            })?;
            return self.send(ReadEvent::Rows(rows));
        }
        let (mut rows, mut group) = (RowChunk::default(), 0);
        source.for_each(self.snapshot, |record| {
            if record.group != group {
                group = record.group;
                self.send(ReadEvent::Rows(std::mem::take(&mut rows)))?;
                self.send(ReadEvent::Barrier)?;
            }
            if !self.options.selects(source.name(), record.id) {
                return Ok(());
            }
            rows.push(record.id, "", |json| record.write_fields(json))?;
            self.hand_on_full(&mut rows)
        })?;
        self.send(ReadEvent::Rows(rows))
    }

    fn join_rows(&self, source: &JoinSource) -> Result<(), OfflineError> {
        let mut rows = RowChunk::default();
        let is_part = self.options.only.is_some();
        source.for_each(self.snapshot, |row| {
            if is_part && !self.options.selects(source.name(), &format!("{}:{}", row.from, row.to)) {
                return Ok(());
            }
            rows.push(row.from, row.to, |json| row.write_metadata(json))?;
            self.hand_on_full(&mut rows)
        })?;
        self.send(ReadEvent::Rows(rows))
    }

    fn deletes(&self) -> Result<(), OfflineError> {
        offline_deletes(self.snapshot, self.schema, &self.plan.scope, self.plan.seq, |delete| {
            if self.options.selects(&delete.resource, &delete.id) {
                self.send(ReadEvent::Delete(delete))?;
            }
            Ok(())
        })
    }

    fn hand_on_full(&self, rows: &mut RowChunk) -> Result<(), OfflineError> {
        if rows.is_full() {
            let next = self.emptied.try_recv().unwrap_or_default();
            self.send(ReadEvent::Rows(std::mem::replace(rows, next)))?;
        }
        Ok(())
    }

    fn send(&self, read: ReadEvent) -> Result<(), OfflineError> {
        self.reads.send(Ok(read)).map_err(|_| OfflineError::Stopped)
    }
}
