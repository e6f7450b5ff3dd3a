//! The batcher: puts mutations into batches within the limits. The mutations are written by the
//! [`super::encoder`].

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::batch::{About, BODY_TAIL, Batch, BatchEntry, EntryText, Position};
use super::limits::BatchLimits;
use crate::mutation::canonical::write_string;
use crate::mutation::{ContentHash, Encoded};

/// What was written into the body as one mutation.
pub(super) struct Written {
    id: EntryText,
    mutation_id: EntryText,
    hash: ContentHash,
}

impl From<Encoded> for Written {
    fn from(Encoded { id, mutation_id, hash }: Encoded) -> Self {
        Self { id: EntryText::InBody(id), mutation_id: EntryText::InBody(mutation_id), hash }
    }
}

impl Written {
    /// A delete of the change log, whose JSON the application has written.
    pub(super) fn from_delete(id: String, mutation_id: String) -> Self {
        let hash = ContentHash::of(&[mutation_id.as_bytes()]);
        Self { id: EntryText::Owned(id.into()), mutation_id: EntryText::Owned(mutation_id.into()), hash }
    }
}

/// Puts mutations into batches.
#[derive(Debug)]
pub(super) struct Batcher {
    limits: Arc<BatchLimits>,
    /// A batch ends after this number of mutations in all, besides the limits: the end of an
    /// acknowledged prefix.
    cut: Option<u64>,
    /// The number of batches so far.
    sequence: u64,
    part: usize,
    about: About,
    head: Bytes,
    body: BytesMut,
    entries: Vec<BatchEntry>,
    /// The number of mutations in all batches so far.
    mutations: u64,
    /// The digest of their content hashes.
    digest: blake3::Hasher,
}

impl Batcher {
    /// Makes batches within the limits; one of them ends after `cut` mutations.
    pub(super) fn new(limits: Arc<BatchLimits>, cut: Option<u64>) -> Self {
        Self {
            limits,
            cut,
            sequence: 0,
            part: 0,
            about: About::Deletes,
            head: Bytes::new(),
            body: BytesMut::new(),
            entries: Vec::new(),
            mutations: 0,
            digest: blake3::Hasher::new(),
        }
    }

    /// The number of the batch that is being made.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Begins a part: the mutations added from now on belong to it and are pushed for this
    /// client. The batch before it must have been taken.
    pub(super) fn start(&mut self, part: usize, about: About, client_id: &str) {
        debug_assert!(self.entries.is_empty(), "a batch belongs to one part and one client");
        let mut head = BytesMut::from(r#"{"clientId":"#);
        write_string(&mut head, client_id);
        head.extend_from_slice(br#","mutations":["#);
        (self.part, self.about, self.head) = (part, about, head.freeze());
    }

    /// Adds a mutation of a group, which `write` appends to the body. Returns the batch before it
    /// when that is full. A batch may go on from one group to the next (contract 3.1.3).
    ///
    /// A full batch is returned only when the next mutation comes, so that equal rows are counted
    /// with the mutation that they made.
    pub(super) fn add(&mut self, group: u64, write: impl FnOnce(&mut BytesMut) -> Written) -> Option<Batch> {
        let is_full = self.entries.len() >= self.limits.mutations()
            || self.cut == Some(self.mutations + self.entries.len() as u64);
        let full = if is_full { self.take() } else { None };
        self.body.extend_from_slice(if self.entries.is_empty() { &self.head } else { b"," });
        let start = self.body.len();
        let Written { id, mutation_id, hash } = write(&mut self.body);
        let range = start..self.body.len();
        self.entries.push(BatchEntry { rows: 1, group, range, id, mutation_id, hash });
        let is_too_large = self.body.len() + BODY_TAIL.len() > self.limits.bytes();
        if is_too_large && self.entries.len() > 1 { self.take_all_but_last() } else { full }
    }

    /// Counts a row that makes the same mutation as the row before it.
    pub(super) fn add_equal_row(&mut self) {
        if let Some(last) = self.entries.last_mut() {
            last.rows += 1;
        }
    }

    /// The batch so far; `None` when it is empty.
    pub(super) fn take(&mut self) -> Option<Batch> {
        if self.entries.is_empty() {
            return None;
        }
        self.body.extend_from_slice(BODY_TAIL);
        // The next batch is about as large: reserving saves growing its buffers.
        let next = (BytesMut::with_capacity(self.body.len() / 8 * 9), Vec::with_capacity(self.entries.len()));
        let body = std::mem::replace(&mut self.body, next.0);
        let entries = std::mem::replace(&mut self.entries, next.1);
        self.mutations += entries.len() as u64;
        // Hashed at once, since a call costs more than a hash.
        let mut hashes = Vec::with_capacity(entries.len() * size_of::<ContentHash>());
        for entry in &entries {
            hashes.extend_from_slice(entry.hash.as_bytes());
        }
        self.digest.update(&hashes);
        let sequence = self.sequence;
        self.sequence += 1;
        Some(Batch {
            sequence,
            part: self.part,
            entries,
            position: Position { mutations: self.mutations, digest: self.digest.finalize() },
            compressed: None,
            about: self.about.clone(),
            head: self.head.clone(),
            body: body.freeze(),
        })
    }

    /// The batch without the mutation that made it too large, which begins the next one.
    fn take_all_but_last(&mut self) -> Option<Batch> {
        let mut last = self.entries.pop()?;
        let mutation = self.body.split_off(last.range.start);
        // The comma before the mutation.
        self.body.truncate(last.range.start - 1);
        let batch = self.take();
        self.body.extend_from_slice(&self.head);
        let (from, to) = (last.range.start, self.body.len());
        self.body.extend_from_slice(&mutation);
        last.range = to..self.body.len();
        last.id.shift(from, to);
        last.mutation_id.shift(from, to);
        self.entries.push(last);
        batch
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "a test's numbers are small")]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::cloneup::Options;
    use crate::cloneup::failure::Subject;
    use crate::mutation::{RecordEncoder, RecordOperation};
    use crate::protocol::ServerLimits;

    fn batcher(mutations: usize, bytes: usize, cut: Option<u64>) -> Batcher {
        let (batch_size, batch_bytes) = (mutations.try_into().unwrap(), bytes.try_into().unwrap());
        let options = Options { batch_size, batch_bytes, ..Options::default() };
        let limits = BatchLimits::new(&options, &ServerLimits::default(), None);
        let mut batcher = Batcher::new(Arc::new(limits), cut);
        batcher.start(0, About::Records("tags".into()), "C\"");
        batcher
    }

    /// The batches that these ids make.
    fn batches(mut batcher: Batcher, ids: &[&str]) -> Vec<Batch> {
        let encoder = RecordEncoder::new("p", "C\"", "tags", 1, RecordOperation::Merge);
        let mut made = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            // Groups of two.
            let group = index as u64 / 2;
            made.extend(batcher.add(group, |body| {
                encoder.encode(body, id, b"{}", ContentHash::of(&[id.as_bytes()])).into()
            }));
        }
        made.extend(batcher.take());
        made
    }

    /// One batch of these ids.
    pub(crate) fn batch_of(ids: &[&str]) -> Batch {
        batches(batcher(1000, 1_000_000, None), ids).remove(0)
    }

    fn sent(body: &[u8]) -> Vec<String> {
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body["clientId"], "C\"");
        let ids = body["mutations"].as_array().unwrap().iter().map(|mutation| mutation["id"].as_str());
        ids.map(|id| id.unwrap().to_owned()).collect()
    }

    fn all(batch: &Batch) -> Vec<usize> {
        (0..batch.entries.len()).collect()
    }

    #[test]
    fn a_body_of_some_entries_has_the_size_that_was_computed() {
        let batch = batches(batcher(10, 10_000, None), &["a", "b", "c"]).remove(0);
        for entries in [vec![0, 1, 2], vec![0], vec![1, 2], vec![0, 2]] {
            let expected: Vec<_> = entries.iter().map(|index| ["a", "b", "c"][*index]).collect();
            let body = batch.body(&entries);
            assert_eq!(sent(&body), expected);
            assert_eq!(batch.size(&entries), body.len());
        }
    }

    #[test]
    fn a_batch_ends_at_either_limit_and_at_the_cut_and_a_larger_mutation_goes_alone() {
        let long = "x".repeat(900);
        let ids = ["a", "b", "c", "d", &long, "e", "\"f\"", "g"];
        let sizes = |batches: &[Batch]| batches.iter().map(|batch| batch.entries.len()).collect::<Vec<_>>();
        assert_eq!(sizes(&batches(batcher(3, 1_000_000, None), &ids)), [3, 3, 2]);
        assert_eq!(sizes(&batches(batcher(3, 1_000_000, Some(4)), &ids)), [3, 1, 3, 1]);
        let small = batches(batcher(100, 600, None), &ids);
        assert_eq!(sizes(&small), [3, 1, 1, 3]);
        for batch in &small {
            assert!(batch.bytes() <= 600 || batch.entries.len() == 1);
        }
        for made in [batches(batcher(3, 1_000_000, Some(4)), &ids), small] {
            assert_eq!(made.iter().flat_map(|batch| sent(&batch.body(&all(batch)))).collect::<Vec<_>>(), ids);
            // Neither ids nor the digest of the whole depend on where batches end.
            for batch in &made {
                for (index, id) in sent(&batch.body(&all(batch))).iter().enumerate() {
                    assert_eq!(batch.id(index), *id);
                    assert!(batch.mutation_id(index).starts_with(&format!("p:rec:tags:{id}:")));
                    let subject = Subject { resource: "tags".to_owned(), id: id.clone() };
                    assert_eq!(batch.subject(index), subject);
                }
            }
            let whole = batches(batcher(100, 1_000_000, None), &ids).remove(0).position;
            assert_eq!(made.last().unwrap().position, whole);
        }
    }

    #[test]
    fn equal_rows_are_counted_with_their_mutation() {
        let mut batcher = batcher(1, 1000, None);
        assert!(batcher.take().is_none());
        for sequence in 0..2 {
            let full = batcher.add(0, |_| Written::from_delete("a".to_owned(), "m".to_owned()));
            assert_eq!(
                full.map(|batch| (batch.sequence, batch.entries[0].rows)),
                (sequence > 0).then_some((0, 2))
            );
            batcher.add_equal_row();
        }
        assert_eq!(batcher.take().unwrap().counts(), (1, 2));
        assert_eq!(batcher.take().map(|batch| batch.sequence), None);
    }

    #[test]
    fn a_delete_names_its_own_subject() {
        let mut batcher = batcher(10, 1000, None);
        batcher.start(0, About::Deletes, "C");
        batcher.add(0, |body| {
            body.extend_from_slice(json!({"resource": "todos", "id": "t"}).to_string().as_bytes());
            Written::from_delete("t".to_owned(), "m".to_owned())
        });
        let batch = batcher.take().unwrap();
        let subject = Subject { resource: "todos".to_owned(), id: "t".to_owned() };
        assert_eq!((batch.subject(0), &*batch.mutation_id(0)), (subject, "m"));
    }

    proptest! {
        #[test]
        fn every_mutation_is_in_one_batch_in_order_for_any_limits(
            ids in prop::collection::vec("[a-z\"\\\\é]{1,60}", 1..60),
            mutations in 1..70_usize,
            bytes in 1..6000_usize,
            cut in 1..70_u64,
        ) {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let made = batches(batcher(mutations, bytes, Some(cut)), &ids);
            let mut seen = 0;
            for (sequence, batch) in made.iter().enumerate() {
                let size = batch.entries.len();
                prop_assert_eq!(batch.sequence, sequence as u64);
                prop_assert!(size <= mutations);
                prop_assert!(batch.bytes() as usize <= bytes || size == 1);
                prop_assert_eq!(batch.groups(), (seen / 2, (seen + size as u64 - 1) / 2));
                prop_assert!(!(seen < cut && cut < seen + size as u64), "the cut is inside a batch");
                seen += size as u64;
                prop_assert_eq!(batch.position.mutations, seen);
            }
            let sent: Vec<_> = made.iter().flat_map(|batch| sent(&batch.body(&all(batch)))).collect();
            prop_assert_eq!(sent, ids.clone());
            let whole = batches(batcher(1000, 10_000_000, None), &ids).remove(0).position;
            prop_assert_eq!(made.last().unwrap().position, whole);
        }
    }
}
