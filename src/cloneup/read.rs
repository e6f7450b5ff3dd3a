//! The reading side: walks the plan and hands on rows as canonical JSON, in upload order.
//! Hashing them and making batches is [`super::produce`]'s business, on another thread, so
//! that both go on at the same time.

use std::sync::mpsc::{Receiver, SyncSender};

use super::options::Options;
use super::plan::{Plan, Source};
use crate::offline::{JoinSource, OfflineDelete, OfflineError, RecordSource, Snapshot, Sorted};
use crate::schema::Schema;

/// How much JSON is handed on at a time: enough to make the handing over cheap, little
/// enough to stay in the processor's cache.
const CHUNK_BYTES: usize = 128 * 1024;

/// How many chunks of rows wait between one thread and the next: enough that neither waits
/// for the other's hiccups.
pub(super) const CHUNKS_AHEAD: usize = 4;

/// How many rows are handed on at a time, at the most: those of a join table have hardly any
/// JSON.
const CHUNK_ROWS: usize = 1000;

/// What is handed on, in upload order.
pub(super) enum Read {
    /// The next part of the plan begins.
    Part(usize),
    /// Everything before must be answered before the rest is sent: the next depth begins.
    Barrier,
    /// Rows of the part.
    Rows(Rows),
    /// A delete of the part.
    Delete(OfflineDelete),
}

/// The id of a record, or of the one that refers; the id of the record that is referred to;
/// fields or metadata.
pub(super) type Row<'a> = (&'a str, &'a str, &'a [u8]);

/// Some rows side by side: ids, and canonical JSON.
pub(super) struct Rows {
    ids: String,
    json: Vec<u8>,
    /// Where each row's first id, second id and JSON end.
    ends: Vec<[usize; 3]>,
}

impl Default for Rows {
    /// With room for a chunk, and the row that makes it full.
    fn default() -> Self {
        let json = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
        Self { ids: String::new(), json, ends: Vec::new() }
    }
}

impl Rows {
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
    pub(super) fn emptied(mut self) -> Option<Self> {
        self.ids.clear();
        self.json.clear();
        self.ends.clear();
        (self.json.capacity() <= 2 * CHUNK_BYTES && self.ids.capacity() <= 2 * CHUNK_BYTES).then_some(self)
    }

    /// Each row, in the order in which they were read.
    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let mut start = [0, 0];
        self.ends.iter().map(move |[first, second, json]| {
            let row = (&self.ids[start[0]..*first], &self.ids[*first..*second], &self.json[start[1]..*json]);
            start = [*second, *json];
            row
        })
    }
}

/// The reading side's state.
pub(super) struct Reader<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options,
    pub(super) schema: &'a Schema,
    pub(super) snapshot: &'a Snapshot,
    pub(super) reads: SyncSender<Result<Read, OfflineError>>,
    /// Chunks whose rows have been taken in, to be filled again.
    pub(super) emptied: Receiver<Rows>,
}

impl Reader<'_> {
    /// Reads everything; the end of the channel is the end of the work.
    pub(super) fn run(self) {
        if let Err(error) = self.read() {
            // Nobody to tell when the other side has stopped listening.
            let _ = self.reads.send(Err(error));
        }
    }

    fn read(&self) -> Result<(), OfflineError> {
        for (index, part) in self.plan.parts.iter().enumerate() {
            self.send(Read::Part(index))?;
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
            None => Sorted::of(source, self.snapshot, count)?,
            // What is selected may be little of the table.
            Some(_) => None,
        };
        if let Some(sorted) = sorted {
            let mut rows = Rows::default();
            sorted.for_each(|record| {
                rows.push(record.id, "", |json| record.write_content(json))?;
                self.hand_on_full(&mut rows)
            })?;
            return self.send(Read::Rows(rows));
        }
        let (mut rows, mut group) = (Rows::default(), 0);
        source.for_each(self.snapshot, |record| {
            if record.group != group {
                group = record.group;
                self.send(Read::Rows(std::mem::take(&mut rows)))?;
                self.send(Read::Barrier)?;
            }
            if !self.options.selects(source.name(), record.id) {
                return Ok(());
            }
            rows.push(record.id, "", |json| record.write_fields(json))?;
            self.hand_on_full(&mut rows)
        })?;
        self.send(Read::Rows(rows))
    }

    fn join_rows(&self, source: &JoinSource) -> Result<(), OfflineError> {
        let mut rows = Rows::default();
        let is_part = self.options.only.is_some();
        source.for_each(self.snapshot, |row| {
            if is_part && !self.options.selects(source.name(), &format!("{}:{}", row.from, row.to)) {
                return Ok(());
            }
            rows.push(row.from, row.to, |json| row.write_metadata(json))?;
            self.hand_on_full(&mut rows)
        })?;
        self.send(Read::Rows(rows))
    }

    fn deletes(&self) -> Result<(), OfflineError> {
        self.snapshot.offline_deletes(self.schema, &self.plan.scope, self.plan.seq, |delete| {
            if self.options.selects(&delete.resource, &delete.id) {
                self.send(Read::Delete(delete))?;
            }
            Ok(())
        })
    }

    fn hand_on_full(&self, rows: &mut Rows) -> Result<(), OfflineError> {
        if rows.is_full() {
            let next = self.emptied.try_recv().unwrap_or_default();
            self.send(Read::Rows(std::mem::replace(rows, next)))?;
        }
        Ok(())
    }

    fn send(&self, read: Read) -> Result<(), OfflineError> {
        self.reads.send(Ok(read)).map_err(|_| OfflineError::Stopped)
    }
}
