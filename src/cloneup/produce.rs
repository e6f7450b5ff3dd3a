//! The reading side: a thread of its own walks the plan, encodes every row once and hands
//! out batches in upload order. The bounded channel slows it to the pace of the network.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::batch::{Batch, Batcher, Subject};
use super::checkpoint::{Checkpoint, PrefixDigest};
use super::encoders;
use super::options::Options;
use super::plan::{Plan, Source};
use crate::offline::{JoinSource, OfflineError, RecordSource, Snapshot};
use crate::schema::Schema;

/// What the sending side gets, in upload order.
#[derive(Debug)]
pub(super) enum Item {
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

/// The reading side's state.
pub(super) struct Producer<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options,
    pub(super) schema: &'a Schema,
    pub(super) client_id: &'a str,
    pub(super) snapshot: &'a Snapshot,
    pub(super) items: mpsc::Sender<Result<Item, OfflineError>>,
    /// What an earlier run had acknowledged, until all of it has been read again.
    pub(super) skip: RefCell<Option<Skip>>,
}

/// A prefix that is read again and not sent.
pub(super) struct Skip {
    pub(super) checkpoint: Checkpoint,
    pub(super) seen: u64,
    pub(super) digest: PrefixDigest,
}

impl Skip {
    pub(super) fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, seen: 0, digest: PrefixDigest::empty() }
    }
}

impl Producer<'_> {
    /// Reads everything; the end of the channel is the end of the work.
    pub(super) fn run(self) {
        match self.produce() {
            Ok(()) | Err(OfflineError::Stopped) => {}
            Err(error) => {
                // Nobody to tell when the sending side has stopped listening.
                let _ = self.items.blocking_send(Err(error));
            }
        }
    }

    fn produce(&self) -> Result<(), OfflineError> {
        let mut batcher = Batcher::new(self.options.batch_size().get(), self.client_id);
        for (index, part) in self.plan.parts.iter().enumerate() {
            self.send(Item::Part(index))?;
            batcher.start(index, self.client_id);
            match &part.source {
                Source::Records(source) => self.records(source, &mut batcher)?,
                Source::JoinRows(source) => self.join_rows(source, &mut batcher)?,
                Source::Deletes => self.deletes(index, &mut batcher)?,
            }
            self.flush(&mut batcher)?;
        }
        // There was more when the checkpoint was written.
        if self.skip.borrow().is_some() { self.send(Item::Changed) } else { Ok(()) }
    }

    fn records(&self, source: &RecordSource, batcher: &mut Batcher) -> Result<(), OfflineError> {
        let encoder = encoders::records(self.options, self.schema, self.client_id, source.name());
        let resource: Arc<str> = source.name().into();
        let mut group = 0;
        source.for_each(self.snapshot, |record| {
            if !self.options.selects(&resource, record.id) {
                return Ok(());
            }
            if record.group != group {
                group = record.group;
                self.flush(batcher)?;
                self.send(Item::Barrier)?;
            }
            self.make_room(batcher)?;
            let subject = Subject { resource: Arc::clone(&resource), id: record.id.to_owned(), to: None };
            batcher.add(subject, |body| encoder.encode(body, record.id, record.json));
            Ok(())
        })
    }

    fn join_rows(&self, source: &JoinSource, batcher: &mut Batcher) -> Result<(), OfflineError> {
        let encoder = encoders::join_rows(self.options, self.schema, self.client_id, source.name());
        let Some(encoder) = encoder else { return Ok(()) };
        let store: Arc<str> = source.name().into();
        // Equal rows lie side by side but for their metadata, so one pair's hashes are enough.
        let mut pair = (String::new(), String::new());
        let mut seen = HashSet::new();
        source.for_each(self.snapshot, |row| {
            let subject = Subject {
                resource: Arc::clone(&store),
                id: row.from.to_owned(),
                to: Some(row.to.to_owned()),
            };
            if !self.options.selects(&store, &subject.feed_id()) {
                return Ok(());
            }
            if (row.from, row.to) != (&pair.0, &pair.1) {
                row.from.clone_into(&mut pair.0);
                row.to.clone_into(&mut pair.1);
                seen.clear();
            }
            let hash = encoder.hash(row.from, row.to, row.metadata);
            if !seen.insert(hash) {
                batcher.add_equal_row();
                return Ok(());
            }
            self.make_room(batcher)?;
            batcher.add(subject, |body| encoder.encode(body, row.from, row.to, row.metadata, hash));
            Ok(())
        })
    }

    fn deletes(&self, part: usize, batcher: &mut Batcher) -> Result<(), OfflineError> {
        let (scope, seq) = (&self.plan.scope, self.plan.seq);
        let mut client_id = self.client_id.to_owned();
        self.snapshot.offline_deletes(self.schema, scope, seq, |delete| {
            if !self.options.selects(&delete.resource, &delete.id) {
                return Ok(());
            }
            if delete.client_id != client_id {
                self.flush(batcher)?;
                client_id.clone_from(&delete.client_id);
                batcher.start(part, &client_id);
            }
            self.make_room(batcher)?;
            let subject = Subject { resource: delete.resource.into(), id: delete.id, to: None };
            batcher.add(subject, |body| {
                body.extend_from_slice(delete.json.as_bytes());
                delete.mutation_id
            });
            Ok(())
        })
    }

    fn make_room(&self, batcher: &mut Batcher) -> Result<(), OfflineError> {
        if batcher.is_full() { self.flush(batcher) } else { Ok(()) }
    }

    fn flush(&self, batcher: &mut Batcher) -> Result<(), OfflineError> {
        let Some(batch) = batcher.take() else { return Ok(()) };
        let mut skip = self.skip.borrow_mut();
        let Some(prefix) = skip.as_mut() else { return self.send(Item::Batch(batch)) };
        prefix.seen += 1;
        prefix.digest = prefix.digest.with(&batch.digest());
        if prefix.seen < prefix.checkpoint.batches {
            let (mutations, rows) = batch.counts();
            return self.send(Item::Skipped(batch.part, mutations, rows));
        }
        let is_same = prefix.digest == prefix.checkpoint.digest;
        *skip = None;
        if is_same {
            return self.send(Item::Probe(batch));
        }
        self.send(Item::Changed)?;
        Err(OfflineError::Stopped)
    }

    fn send(&self, item: Item) -> Result<(), OfflineError> {
        self.items.blocking_send(Ok(item)).map_err(|_| OfflineError::Stopped)
    }
}
