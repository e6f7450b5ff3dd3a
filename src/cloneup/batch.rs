//! Batches: mutations put side by side into the body of one request.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::mutation::canonical::write_string;

/// What stands behind the mutations in a body.
const BODY_TAIL: &[u8] = b"]}";

/// A request that is ready to be sent, and what it is about.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// Its place in upload order.
    pub(super) sequence: u64,
    /// The index in the plan of the part it belongs to.
    pub(super) part: usize,
    /// The mutations, in the body's order.
    pub(super) entries: Vec<Entry>,
    head: Bytes,
    body: Bytes,
}

/// What a mutation is about.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// The resource, or the join store.
    pub(super) resource: Arc<str>,
    /// The id of the record that it changes.
    pub(super) id: String,
    /// Of a join row, the id of the record that is referred to.
    pub(super) to: Option<String>,
}

impl Subject {
    /// The record's id, or `from:to` of a join row, as the change feed has it.
    pub(super) fn feed_id(&self) -> String {
        match &self.to {
            None => self.id.clone(),
            Some(to) => format!("{}:{to}", self.id),
        }
    }
}

/// A mutation in a batch.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) mutation_id: String,
    pub(super) subject: Subject,
    /// How many rows made it: several equal join rows make one mutation.
    pub(super) rows: u64,
    /// Where it lies in the body.
    range: Range<usize>,
}

impl Batch {
    /// The body for some of the entries. All of them share one buffer, however often they
    /// are sent; only a part of them is put together anew.
    pub(super) fn body(&self, entries: &[usize]) -> Bytes {
        if entries.len() == self.entries.len() {
            return self.body.clone();
        }
        let size: usize = entries.iter().map(|index| self.entries[*index].range.len() + 1).sum();
        let mut body = Vec::with_capacity(self.head.len() + size + BODY_TAIL.len());
        body.extend_from_slice(&self.head);
        for (place, index) in entries.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&self.body[self.entries[*index].range.clone()]);
        }
        body.extend_from_slice(BODY_TAIL);
        body.into()
    }

    /// The digest of its mutation ids, in their order.
    pub(super) fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for entry in &self.entries {
            hasher.update(entry.mutation_id.as_bytes());
            hasher.update(&[0]);
        }
        hasher.finalize()
    }

    /// How many mutations it has, and how many rows made them.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.entries.iter().map(|entry| entry.rows).sum())
    }

    /// The size of the whole body in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.body.len() as u64
    }
}

/// Puts mutations into batches.
#[derive(Debug)]
pub(super) struct Batcher {
    limit: usize,
    sequence: u64,
    part: usize,
    head: Bytes,
    body: Vec<u8>,
    entries: Vec<Entry>,
}

impl Batcher {
    /// Makes batches of at most `limit` mutations.
    pub(super) fn new(limit: usize, client_id: &str) -> Self {
        let mut batcher =
            Self { limit, sequence: 0, part: 0, head: Bytes::new(), body: Vec::new(), entries: Vec::new() };
        batcher.start(0, client_id);
        batcher
    }

    /// What is added from now on belongs to this part and is pushed for this client.
    ///
    /// The batch before has been taken.
    pub(super) fn start(&mut self, part: usize, client_id: &str) {
        debug_assert!(self.entries.is_empty(), "a batch belongs to one part and one client");
        let mut head = br#"{"clientId":"#.to_vec();
        write_string(&mut head, client_id);
        head.extend_from_slice(br#","mutations":["#);
        self.part = part;
        self.head = head.into();
    }

    /// Whether the next mutation needs a new batch.
    ///
    /// A full batch is taken only then, so that equal rows find the mutation they made.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.limit
    }

    /// Adds a mutation: `write` appends it to the body and returns its id.
    pub(super) fn add(&mut self, subject: Subject, write: impl FnOnce(&mut Vec<u8>) -> String) {
        if self.entries.is_empty() {
            self.body.extend_from_slice(&self.head);
        } else {
            self.body.push(b',');
        }
        let start = self.body.len();
        let mutation_id = write(&mut self.body);
        let range = start..self.body.len();
        self.entries.push(Entry { mutation_id, subject, rows: 1, range });
    }

    /// Counts a row that makes the same mutation as one before it.
    pub(super) fn add_equal_row(&mut self) {
        if let Some(last) = self.entries.last_mut() {
            last.rows += 1;
        }
    }

    /// The batch so far, if there is anything in it.
    pub(super) fn take(&mut self) -> Option<Batch> {
        if self.entries.is_empty() {
            return None;
        }
        self.body.extend_from_slice(BODY_TAIL);
        // The next batch will be about as large.
        let next = (Vec::with_capacity(self.body.len()), Vec::with_capacity(self.entries.len()));
        let body = std::mem::replace(&mut self.body, next.0);
        let entries = std::mem::replace(&mut self.entries, next.1);
        let sequence = self.sequence;
        self.sequence += 1;
        Some(Batch { sequence, part: self.part, entries, head: self.head.clone(), body: body.into() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn subject(id: &str) -> Subject {
        Subject { resource: "tags".into(), id: id.to_owned(), to: None }
    }

    fn batch(ids: &[&str]) -> Batch {
        let mut batcher = Batcher::new(10, "C\"");
        for id in ids {
            batcher.add(subject(id), |body| {
                write_string(body, id);
                format!("m:{id}")
            });
        }
        batcher.take().unwrap()
    }

    #[test]
    fn any_part_of_a_batch_makes_a_body() {
        let batch = batch(&["a", "b", "c"]);
        for entries in [vec![0, 1, 2], vec![0], vec![1, 2], vec![0, 2]] {
            let body: Value = serde_json::from_slice(&batch.body(&entries)).unwrap();
            let expected: Vec<_> = entries.iter().map(|index| ["a", "b", "c"][*index]).collect();
            assert_eq!(body, json!({"clientId": "C\"", "mutations": expected}));
        }
    }

    #[test]
    fn batches_are_numbered_and_nothing_makes_no_batch() {
        let mut batcher = Batcher::new(1, "C");
        assert!(batcher.take().is_none());
        for sequence in 0..2 {
            batcher.add(subject("a"), |body| {
                body.extend_from_slice(b"1");
                "m".to_owned()
            });
            assert!(batcher.is_full());
            batcher.add_equal_row();
            let batch = batcher.take().unwrap();
            assert_eq!((batch.sequence, batch.entries[0].rows), (sequence, 2));
        }
    }
}
