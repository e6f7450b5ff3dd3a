//! Batches: mutations put side by side into the body of one request.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::cloneup::encode::limits::BatchLimits;
use crate::mutation::canonical::write_string;
use crate::mutation::{ContentHash, Encoded};

/// What stands behind the mutations in a body.
const BODY_TAIL: &[u8] = b"]}";

/// What the mutations of a part of the upload are about.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// Records of this resource.
    Records(Arc<str>),
    /// RowChunk of this join store.
    JoinRows(Arc<str>),
    /// Records and join rows that were deleted offline.
    Deletes,
}

/// A request that is ready to be sent, and what it is about.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// Its place among the batches.
    pub(crate) sequence: u64,
    /// The index in the plan of the part it belongs to.
    pub(crate) part: usize,
    /// The mutations, in the body's order.
    pub(crate) entries: Vec<Entry>,
    /// How far the upload has come with it.
    pub(crate) position: Position,
    /// The whole body as it travels, where that is not as it is.
    pub(crate) compressed: Option<Bytes>,
    about: About,
    head: Bytes,
    body: Bytes,
}

/// A place in the upload: how many mutations there are up to it, and a digest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) mutations: u64,
    pub(crate) digest: blake3::Hash,
}

/// A mutation in a batch.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// How many rows made it: several equal join rows make one mutation.
    pub(crate) rows: u64,
    /// Where it lies in the body.
    range: Range<usize>,
    id: Text,
    mutation_id: Text,
    hash: ContentHash,
}

/// A text that is in the body anyway, or not as it is needed.
#[derive(Debug, Clone)]
enum Text {
    /// The content of a JSON string, still escaped.
    InBody(Range<usize>),
    Own(Box<str>),
}

impl Text {
    fn get<'a>(&'a self, body: &'a [u8]) -> Cow<'a, str> {
        let range = match self {
            Self::Own(text) => return Cow::Borrowed(text),
            Self::InBody(range) => range,
        };
        let content = &body[range.clone()];
        if content.contains(&b'\\') {
            // What was written as a JSON string reads as one.
            return serde_json::from_slice(&body[range.start - 1..=range.end]).unwrap_or_default();
        }
        // The body was written as text.
        Cow::Borrowed(std::str::from_utf8(content).unwrap_or_default())
    }

    fn shift(&mut self, from: usize, to: usize) {
        if let Self::InBody(range) = self {
            *range = range.start - from + to..range.end - from + to;
        }
    }
}

/// What a writer of a mutation says about it.
pub(crate) struct Written {
    id: Text,
    mutation_id: Text,
    hash: ContentHash,
}

impl From<Encoded> for Written {
    fn from(Encoded { id, mutation_id, hash }: Encoded) -> Self {
        Self { id: Text::InBody(id), mutation_id: Text::InBody(mutation_id), hash }
    }
}

impl Written {
    /// A mutation that was not encoded here.
    pub(crate) fn foreign(id: String, mutation_id: String) -> Self {
        let hash = ContentHash::of(&[mutation_id.as_bytes()]);
        Self { id: Text::Own(id.into()), mutation_id: Text::Own(mutation_id.into()), hash }
    }
}

impl Batch {
    /// The body for some of the entries. All of them share one buffer, however often they
    /// are sent; only a part of them is put together anew.
    pub(crate) fn body(&self, entries: &[usize]) -> Bytes {
        if entries.len() == self.entries.len() {
            return self.body.clone();
        }
        let mut body = Vec::with_capacity(self.size(entries));
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

    /// The body for all of the entries.
    pub(crate) fn whole(&self) -> &Bytes {
        &self.body
    }

    /// How many bytes the body for some of the entries has.
    pub(crate) fn size(&self, entries: &[usize]) -> usize {
        let mutations: usize = entries.iter().map(|index| self.entries[*index].range.len() + 1).sum();
        self.head.len() + mutations.saturating_sub(1) + BODY_TAIL.len()
    }

    /// The own id of a mutation.
    pub(crate) fn mutation_id(&self, index: usize) -> Cow<'_, str> {
        self.entries[index].mutation_id.get(&self.body)
    }

    /// The id of the record that a mutation changes.
    pub(crate) fn id(&self, index: usize) -> Cow<'_, str> {
        self.entries[index].id.get(&self.body)
    }

    /// What a mutation is about: resource and id, or join store and `from:to`, as the change
    /// feed has them.
    pub(crate) fn subject(&self, index: usize) -> (String, String) {
        let id = self.id(index).into_owned();
        match &self.about {
            About::Records(resource) => (resource.to_string(), id),
            About::JoinRows(store) => {
                let mutation = self.mutation(index);
                let relations = mutation["relations"].as_object();
                let to = relations.and_then(|all| all.values().next()).map(|relation| &relation["$ref"]);
                (store.to_string(), format!("{id}:{}", to.and_then(Value::as_str).unwrap_or_default()))
            }
            About::Deletes => (self.mutation(index)["resource"].as_str().unwrap_or_default().to_owned(), id),
        }
    }

    /// A mutation as it is sent; only needed when something is wrong with it.
    fn mutation(&self, index: usize) -> Value {
        serde_json::from_slice(&self.body[self.entries[index].range.clone()]).unwrap_or_default()
    }

    /// How many mutations it has, and how many rows made them.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.entries.iter().map(|entry| entry.rows).sum())
    }

    /// The size of the whole body in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.body.len() as u64
    }
}

/// Puts mutations into batches.
#[derive(Debug)]
pub(crate) struct Batcher {
    limits: Arc<BatchLimits>,
    /// After so many mutations a batch ends in any case.
    cut: u64,
    sequence: u64,
    part: usize,
    about: About,
    head: Bytes,
    body: Vec<u8>,
    entries: Vec<Entry>,
    /// Mutations in all batches that were taken.
    taken: u64,
    /// Of these mutations, in their order.
    digest: blake3::Hasher,
}

impl Batcher {
    /// Makes batches within the limits, one of which ends after `cut` mutations.
    pub(crate) fn new(limits: Arc<BatchLimits>, cut: u64) -> Self {
        Self {
            limits,
            cut,
            sequence: 0,
            part: 0,
            about: About::Deletes,
            head: Bytes::new(),
            body: Vec::new(),
            entries: Vec::new(),
            taken: 0,
            digest: blake3::Hasher::new(),
        }
    }

    /// What is added from now on belongs to this part and is pushed for this client.
    ///
    /// The batch before has been taken.
    pub(crate) fn start(&mut self, part: usize, about: About, client_id: &str) {
        debug_assert!(self.entries.is_empty(), "a batch belongs to one part and one client");
        let mut head = br#"{"clientId":"#.to_vec();
        write_string(&mut head, client_id);
        head.extend_from_slice(br#","mutations":["#);
        (self.part, self.about, self.head) = (part, about, head.into());
    }

    /// Adds a mutation, which `write` appends to the body; returns the batch before it when
    /// that has become full.
    ///
    /// A full batch is given only then, so that equal rows find the mutation they made.
    pub(crate) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Written) -> Option<Batch> {
        let is_full = self.entries.len() >= self.limits.mutations()
            || self.taken + self.entries.len() as u64 == self.cut;
        let full = if is_full { self.take() } else { None };
        self.body.extend_from_slice(if self.entries.is_empty() { &self.head } else { b"," });
        let start = self.body.len();
        let Written { id, mutation_id, hash } = write(&mut self.body);
        let range = start..self.body.len();
        self.entries.push(Entry { rows: 1, range, id, mutation_id, hash });
        let is_too_large = self.body.len() + BODY_TAIL.len() > self.limits.bytes();
        if is_too_large && self.entries.len() > 1 { self.take_all_but_last() } else { full }
    }

    /// Counts a row that makes the same mutation as the one before it.
    pub(crate) fn add_equal_row(&mut self) {
        if let Some(last) = self.entries.last_mut() {
            last.rows += 1;
        }
    }

    /// The batch so far, if there is anything in it.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.entries.is_empty() {
            return None;
        }
        self.body.extend_from_slice(BODY_TAIL);
        // The next batch will be about as large, and costs less if it need not grow.
        let next = (Vec::with_capacity(self.body.len() / 8 * 9), Vec::with_capacity(self.entries.len()));
        let body = std::mem::replace(&mut self.body, next.0);
        let entries = std::mem::replace(&mut self.entries, next.1);
        self.taken += entries.len() as u64;
        for entry in &entries {
            self.digest.update(entry.hash.as_bytes());
        }
        let sequence = self.sequence;
        self.sequence += 1;
        Some(Batch {
            sequence,
            part: self.part,
            entries,
            position: Position { mutations: self.taken, digest: self.digest.finalize() },
            compressed: None,
            about: self.about.clone(),
            head: self.head.clone(),
            body: body.into(),
        })
    }

    /// The batch without the mutation that has made it too large, which begins the next one.
    fn take_all_but_last(&mut self) -> Option<Batch> {
        let mut last = self.entries.pop()?;
        let mutation = self.body.split_off(last.range.start);
        // The comma before it.
        self.body.pop();
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
#[expect(clippy::cast_possible_wrap, clippy::cast_possible_truncation, reason = "a test's numbers are small")]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::cloneup::{Options, RawOptions};
    use crate::mutation::{RecordEncoder, RecordOperation};
    use crate::protocol::ServerLimits;

    fn batcher(mutations: i64, bytes: usize, cut: u64) -> Batcher {
        let raw = RawOptions { batch_size: mutations, batch_bytes: bytes, ..RawOptions::default() };
        let limits = BatchLimits::new(&Options::validate(raw).unwrap(), &ServerLimits::default());
        let mut batcher = Batcher::new(Arc::new(limits), cut);
        batcher.start(0, About::Records("tags".into()), "C\"");
        batcher
    }

    /// The batches that these ids make.
    fn batches(mut batcher: Batcher, ids: &[&str]) -> Vec<Batch> {
        let encoder = RecordEncoder::new("p", "C\"", "tags", 1, RecordOperation::Merge);
        let mut made = Vec::new();
        for id in ids {
            made.extend(
                batcher.add(|body| encoder.encode(body, id, b"{}", ContentHash::of(&[id.as_bytes()])).into()),
            );
        }
        made.extend(batcher.take());
        made
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
    fn any_part_of_a_batch_makes_a_body_of_the_size_that_was_told() {
        let batch = batches(batcher(10, 10_000, 0), &["a", "b", "c"]).remove(0);
        for entries in [vec![0, 1, 2], vec![0], vec![1, 2], vec![0, 2]] {
            let expected: Vec<_> = entries.iter().map(|index| ["a", "b", "c"][*index]).collect();
            let body = batch.body(&entries);
            assert_eq!(sent(&body), expected);
            assert_eq!(batch.size(&entries), body.len());
        }
    }

    #[test]
    fn a_batch_ends_at_either_limit_and_at_the_cut_and_what_is_larger_goes_alone() {
        let long = "x".repeat(900);
        let ids = ["a", "b", "c", "d", &long, "e", "\"f\"", "g"];
        let sizes = |batches: &[Batch]| batches.iter().map(|batch| batch.entries.len()).collect::<Vec<_>>();
        assert_eq!(sizes(&batches(batcher(3, 1_000_000, 0), &ids)), [3, 3, 2]);
        assert_eq!(sizes(&batches(batcher(3, 1_000_000, 4), &ids)), [3, 1, 3, 1]);
        let small = batches(batcher(100, 600, 0), &ids);
        assert_eq!(sizes(&small), [3, 1, 1, 3]);
        for batch in &small {
            assert!(batch.bytes() <= 600 || batch.entries.len() == 1);
        }
        for made in [batches(batcher(3, 1_000_000, 4), &ids), small] {
            assert_eq!(made.iter().flat_map(|batch| sent(&batch.body(&all(batch)))).collect::<Vec<_>>(), ids);
            // However it is cut, the ids in it and the digest of the whole are the same.
            for batch in &made {
                for (index, id) in sent(&batch.body(&all(batch))).iter().enumerate() {
                    assert_eq!(batch.id(index), *id);
                    assert!(batch.mutation_id(index).starts_with(&format!("p:rec:tags:{id}:")));
                    assert_eq!(batch.subject(index), ("tags".to_owned(), id.clone()));
                }
            }
            let whole = batches(batcher(100, 1_000_000, 0), &ids).remove(0).position;
            assert_eq!(made.last().unwrap().position, whole);
        }
    }

    #[test]
    fn equal_rows_are_counted_with_the_mutation_that_they_made() {
        let mut batcher = batcher(1, 1000, 0);
        assert!(batcher.take().is_none());
        for sequence in 0..2 {
            let full = batcher.add(|_| Written::foreign("a".to_owned(), "m".to_owned()));
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
    fn what_is_sent_for_deletes_names_its_own_subject() {
        let mut batcher = batcher(10, 1000, 0);
        batcher.start(0, About::Deletes, "C");
        batcher.add(|body| {
            body.extend_from_slice(json!({"resource": "todos", "id": "t"}).to_string().as_bytes());
            Written::foreign("t".to_owned(), "m".to_owned())
        });
        let batch = batcher.take().unwrap();
        assert_eq!((batch.subject(0), &*batch.mutation_id(0)), (("todos".into(), "t".into()), "m"));
    }

    proptest! {
        #[test]
        fn every_mutation_is_in_one_batch_in_its_order_whatever_the_limits(
            ids in prop::collection::vec("[a-z\"\\\\é]{1,60}", 1..60),
            mutations in 1..70_i64,
            bytes in 1..6000_usize,
            cut in 0..70_u64,
        ) {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let made = batches(batcher(mutations, bytes, cut), &ids);
            let mut seen = 0;
            for (sequence, batch) in made.iter().enumerate() {
                let size = batch.entries.len();
                prop_assert_eq!(batch.sequence, sequence as u64);
                prop_assert!(size as i64 <= mutations);
                prop_assert!(batch.bytes() as usize <= bytes || size == 1);
                prop_assert!(!(seen < cut && cut < seen + size as u64), "the cut lies inside a batch");
                seen += size as u64;
                prop_assert_eq!(batch.position.mutations, seen);
            }
            let sent: Vec<_> = made.iter().flat_map(|batch| sent(&batch.body(&all(batch)))).collect();
            prop_assert_eq!(sent, ids.clone());
            let whole = batches(batcher(1000, 10_000_000, 0), &ids).remove(0).position;
            prop_assert_eq!(made.last().unwrap().position, whole);
        }
    }
}
