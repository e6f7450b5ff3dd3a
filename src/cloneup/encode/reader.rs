//! The reader: walks the plan and sends chunks with drafts of rows, in upload order. Finishing them,
//! hashing them and making batches is the part of [`super::encoder`], on other threads. The bounded
//! channel between both is the back-pressure that slows reading to the pace of the network.

use std::sync::mpsc::{Receiver, SyncSender};

use bytes::BytesMut;

use super::chunk::{RowChunk, RowPlace};
use super::oversized::OversizedRow;
use crate::cloneup::options::Options;
use crate::cloneup::plan::{Extra, Part, Plan, Source};
use crate::offline::{
    Database, EditedSince, JoinSource, OfflineDelete, OfflineError, OrderedRecords, Record, RecordSource,
    RowSize, Snapshot, SortedRecords,
};
use crate::schema::Schema;

/// What the reader sends, in upload order.
pub(super) enum ReadEvent {
    /// The next part of the plan begins.
    Part(usize),
    /// Drafts of rows of the part with this index: [`RecordSource::finish`] and [`JoinSource::finish`]
    /// finish them.
    Rows(usize, RowChunk),
    /// A row of the part that no request can carry.
    Oversized(OversizedRow),
    /// A delete of the part.
    Delete(OfflineDelete),
    /// A row of the part that is not sent, because the application has changed it since.
    LeftOut,
}

/// The rows to encode, and how.
pub(crate) struct RowSource<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Options,
    pub(crate) schema: &'a Schema,
    pub(crate) client_id: &'a str,
    pub(crate) snapshot: &'a Snapshot,
    /// The largest body that the server takes, in bytes; a row with larger values is not encoded.
    pub(crate) max_row_bytes: u64,
    /// The database as it is now, where the run overwrites or removes what the server has: not what the
    /// application has changed since the snapshot.
    pub(crate) live: Option<&'a Database>,
}

/// Reads the parts of a plan.
pub(super) struct Reader<'a> {
    pub(super) rows: &'a RowSource<'a>,
    pub(super) events: SyncSender<Result<ReadEvent, OfflineError>>,
    /// Chunks that have been encoded, to be filled again.
    pub(super) recycled: Receiver<RowChunk>,
}

impl Reader<'_> {
    /// Reads everything; dropping the sender ends the channel.
    pub(super) fn run(self) {
        if let Err(error) = self.read() {
            // Fails only when the encoding threads have ended, which have reported their own error.
            let _ = self.events.send(Err(error));
        }
    }

    fn read(&self) -> Result<(), OfflineError> {
        let RowSource { plan, schema, live, .. } = *self.rows;
        let mut edited = live.map(|database| EditedSince::new(database, schema, plan.seq)).transpose()?;
        for (index, part) in plan.parts.iter().enumerate() {
            self.send(ReadEvent::Part(index))?;
            match &part.source {
                // All of them are on the server.
                Source::Records(_) | Source::JoinRows(_) if part.rows == 0 => {}
                Source::Records(source) => self.records(index, source, part, &mut edited)?,
                Source::JoinRows(source) => self.join_rows(index, source, &mut edited)?,
                Source::Deletes => self.deletes()?,
                Source::Extra => self.extra(&mut edited)?,
            }
        }
        Ok(())
    }

    fn records(
        &self,
        index: usize,
        source: &RecordSource,
        part: &Part,
        edited: &mut Edited<'_>,
    ) -> Result<(), OfflineError> {
        let RowSource { options, snapshot, max_row_bytes, .. } = *self.rows;
        let sorted = match part.kept.take(max_row_bytes) {
            None if options.only.is_none() => {
                SortedRecords::sort(source, snapshot, part.rows, max_row_bytes)?
            }
            // A selection may be a small part of the table.
            kept => kept,
        };
        let chunk = PartChunk { part: index, rows: RowChunk::default() };
        let Some(sorted) = sorted else { return self.stored_records(chunk, source, part.rows, edited) };
        if edited.is_none()
            && sorted.records() <= part.rows
            && let Some(records) = sorted.in_order(max_row_bytes)
        {
            return self.ordered_records(chunk, records);
        }
        self.sorted_records(chunk, source, sorted, part.rows, edited)
    }

    /// Reads records that are in upload order in temporary files.
    fn ordered_records(&self, mut chunk: PartChunk, mut records: OrderedRecords) -> Result<(), OfflineError> {
        while chunk.rows.fill(&mut records)? {
            self.send_rows(&mut chunk)?;
        }
        Ok(())
    }

    /// Reads so many records that are sorted in temporary files.
    fn sorted_records(
        &self,
        mut chunk: PartChunk,
        source: &RecordSource,
        sorted: SortedRecords,
        count: u64,
        edited: &mut Edited<'_>,
    ) -> Result<(), OfflineError> {
        let RowSource { snapshot, .. } = *self.rows;
        let read = sorted.for_each(source, snapshot, |record| {
            if record.index == count {
                return Err(OfflineError::Stopped);
            }
            let (id, index) = (record.id, record.index);
            if is_edited(edited, source.name(), id)? {
                return self.left_out(&mut chunk);
            }
            let size =
                chunk.rows.push(id, "", RowPlace { index, group: 0 }, |draft| record.write_draft(draft))?;
            self.pushed(&mut chunk, size, || OversizedRow::record(source.name(), id, index))
        });
        unless_stopped(read).and_then(|()| self.send_rows(&mut chunk))
    }

    /// Reads so many records from their table.
    fn stored_records(
        &self,
        mut chunk: PartChunk,
        source: &RecordSource,
        count: u64,
        edited: &mut Edited<'_>,
    ) -> Result<(), OfflineError> {
        let RowSource { options, snapshot, max_row_bytes, .. } = *self.rows;
        let filter = self.rows.plan.filter(options);
        let add = |record: Record<'_>| {
            if !filter.has_record(source.name(), record.id) {
                return Ok(());
            }
            if is_edited(edited, source.name(), record.id)? {
                return self.left_out(&mut chunk);
            }
            let place = RowPlace { index: record.index, group: record.group };
            let size =
                chunk.rows.push(record.id, "", place, |draft| record.write_draft(draft, max_row_bytes))?;
            self.pushed(&mut chunk, size, || OversizedRow::record(source.name(), record.id, record.index))
        };
        match (options.limit, &options.only) {
            (Some(_), None) => source.for_each_first(snapshot, count, add)?,
            _ => source.for_each(snapshot, add)?,
        }
        self.send_rows(&mut chunk)
    }

    fn join_rows(
        &self,
        part: usize,
        source: &JoinSource,
        edited: &mut Edited<'_>,
    ) -> Result<(), OfflineError> {
        let mut chunk = PartChunk { part, rows: RowChunk::default() };
        let filter = self.rows.plan.filter(self.rows.options);
        source.for_each(self.rows.snapshot, |row| {
            if !filter.has_join_row(source, row.from, row.to)? {
                return Ok(());
            }
            if edited.is_some() && is_edited(edited, source.name(), &format!("{}:{}", row.from, row.to))? {
                return self.left_out(&mut chunk);
            }
            let place = RowPlace { index: row.index, group: 0 };
            let write = |draft: &mut BytesMut| row.write_draft(draft, self.rows.max_row_bytes);
            let size = chunk.rows.push(row.from, row.to, place, write)?;
            self.pushed(&mut chunk, size, || {
                OversizedRow::join_row(source.name(), row.from, row.to, row.index)
            })
        })?;
        self.send_rows(&mut chunk)
    }

    fn deletes(&self) -> Result<(), OfflineError> {
        let RowSource { options, schema, snapshot, client_id, .. } = *self.rows;
        let deletes = self.rows.plan.deletes(options, schema, snapshot);
        deletes.for_each(client_id, |delete| self.send(ReadEvent::Delete(delete)))
    }

    fn extra(&self, edited: &mut Edited<'_>) -> Result<(), OfflineError> {
        let RowSource { plan, options, schema, client_id, .. } = *self.rows;
        Extra::of(plan, schema)?.for_each(&options.mutation_id_prefix, client_id, |name, id, delete| {
            let is_edited = is_edited(edited, name, id)?;
            self.send(if is_edited { ReadEvent::LeftOut } else { ReadEvent::Delete(delete) })
        })
    }

    /// A row is left out; those before it are sent.
    fn left_out(&self, chunk: &mut PartChunk) -> Result<(), OfflineError> {
        self.send_rows(chunk)?;
        self.send(ReadEvent::LeftOut)
    }

    /// A row was added to the chunk, or is too large: then it follows the rows before it.
    fn pushed(
        &self,
        chunk: &mut PartChunk,
        size: RowSize,
        row: impl FnOnce() -> OversizedRow,
    ) -> Result<(), OfflineError> {
        match size {
            RowSize::Fits if chunk.rows.is_full() => self.send_rows(chunk),
            RowSize::Fits => Ok(()),
            RowSize::TooLarge { bytes } => {
                self.send_rows(chunk)?;
                self.send(ReadEvent::Oversized(row().with_size(bytes, self.rows.max_row_bytes)))
            }
        }
    }

    /// Sends the rows of a chunk, and makes it empty.
    fn send_rows(&self, chunk: &mut PartChunk) -> Result<(), OfflineError> {
        // Without a recycled chunk a new one is made.
        let next = self.recycled.try_recv().unwrap_or_default();
        self.send(ReadEvent::Rows(chunk.part, std::mem::replace(&mut chunk.rows, next)))
    }

    fn send(&self, event: ReadEvent) -> Result<(), OfflineError> {
        self.events.send(Ok(event)).map_err(|_| OfflineError::Stopped)
    }
}

/// Rows of one part that are not sent yet.
struct PartChunk {
    /// The index of the part in the plan.
    part: usize,
    rows: RowChunk,
}

/// What the application changes meanwhile, where that is not overwritten.
type Edited<'s> = Option<EditedSince<'s>>;

fn is_edited(edited: &mut Edited<'_>, name: &str, id: &str) -> Result<bool, OfflineError> {
    edited.as_mut().map_or(Ok(false), |edited| edited.has(name, id))
}

/// Reading that was stopped, by the limit or because the encoder has ended, is no error: the next event
/// is the one that finds out which it was.
fn unless_stopped(read: Result<(), OfflineError>) -> Result<(), OfflineError> {
    match read {
        Err(OfflineError::Stopped) => Ok(()),
        read => read,
    }
}
