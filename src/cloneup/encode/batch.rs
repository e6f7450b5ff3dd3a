//! A batch: mutations in the body of one request, and where each of them is in it. Batches are
//! made in [`super::batcher`].

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::cloneup::failure::Subject;
use crate::mutation::ContentHash;

/// The end of a body, after the mutations.
pub(super) const BODY_TAIL: &[u8] = b"]}";

/// Why reading a body back cannot fail.
const OWN_JSON: &str = "the body was written as JSON by the encoder";

/// What the mutations of a part change.
#[derive(Debug, Clone)]
pub(super) enum About {
    /// Records of this resource.
    Records(Arc<str>),
    /// Rows of this join store.
    JoinRows(Arc<str>),
    /// Records and join rows that were deleted offline.
    Deletes,
}

/// The body of a request, and the mutations in it.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// The number of batches before it.
    pub(crate) sequence: u64,
    /// The index of its part in the plan.
    pub(crate) part: usize,
    /// The mutations, in the body's order.
    pub(crate) entries: Vec<BatchEntry>,
    /// The position in the upload after this batch.
    pub(crate) position: Position,
    /// The whole body compressed, where bodies are compressed.
    pub(crate) compressed: Option<Bytes>,
    pub(super) about: About,
    /// The body up to the first mutation.
    pub(super) head: Bytes,
    pub(super) body: Bytes,
}

/// A position in the upload: the number of mutations before it, and a digest of their content
/// hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) mutations: u64,
    pub(crate) digest: blake3::Hash,
}

/// A mutation in a batch.
#[derive(Debug, Clone)]
pub(crate) struct BatchEntry {
    /// The number of rows that made it: equal join rows make one mutation.
    pub(crate) rows: u64,
    /// The number of its record's group ([`crate::offline::Record::group`]), which never falls
    /// from one entry of a part to the next.
    pub(super) group: u64,
    /// The bytes of the mutation in the body.
    pub(super) range: Range<usize>,
    pub(super) id: EntryText,
    pub(super) mutation_id: EntryText,
    pub(super) hash: ContentHash,
}

/// A text of an entry, without a copy where the body has it.
#[derive(Debug, Clone)]
pub(super) enum EntryText {
    /// The bytes between the quotes of a JSON string in the body, still escaped.
    InBody(Range<usize>),
    /// A text that the body has in another form.
    Owned(Box<str>),
}

impl EntryText {
    fn get<'a>(&'a self, body: &'a [u8]) -> Cow<'a, str> {
        let range = match self {
            Self::Owned(text) => return Cow::Borrowed(text),
            Self::InBody(range) => range,
        };
        let content = &body[range.clone()];
        if content.contains(&b'\\') {
            let quoted = &body[range.start - 1..=range.end];
            return Cow::Owned(serde_json::from_slice(quoted).expect(OWN_JSON));
        }
        Cow::Borrowed(std::str::from_utf8(content).expect(OWN_JSON))
    }

    /// Follows the mutation when its start moves from one offset in the body to another.
    pub(super) fn shift(&mut self, from: usize, to: usize) {
        if let Self::InBody(range) = self {
            *range = range.start - from + to..range.end - from + to;
        }
    }
}

impl Batch {
    /// The body with some of the entries, by index. The whole body is shared, not copied.
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

    /// The body with all entries.
    pub(crate) fn whole(&self) -> &Bytes {
        &self.body
    }

    /// The size in bytes of the body with some of the entries.
    pub(crate) fn size(&self, entries: &[usize]) -> usize {
        let mutations: usize = entries.iter().map(|index| self.entries[*index].range.len() + 1).sum();
        self.head.len() + mutations.saturating_sub(1) + BODY_TAIL.len()
    }

    /// The mutation id of an entry.
    pub(crate) fn mutation_id(&self, index: usize) -> Cow<'_, str> {
        self.entries[index].mutation_id.get(&self.body)
    }

    /// The id of the record that an entry changes.
    pub(crate) fn id(&self, index: usize) -> Cow<'_, str> {
        self.entries[index].id.get(&self.body)
    }

    /// What an entry is about, as the change feed names it.
    pub(crate) fn subject(&self, index: usize) -> Subject {
        let id = self.id(index).into_owned();
        match &self.about {
            About::Records(resource) => Subject { resource: resource.to_string(), id },
            About::JoinRows(store) => {
                let mutation = self.mutation(index);
                let relation = mutation["relations"].as_object().and_then(|all| all.values().next());
                let to = relation.and_then(|relation| relation["$ref"].as_str()).expect(OWN_JSON);
                Subject { resource: store.to_string(), id: format!("{id}:{to}") }
            }
            About::Deletes => {
                let mutation = self.mutation(index);
                let resource = mutation["resource"].as_str().expect("a delete without one is not pushed");
                Subject { resource: resource.to_owned(), id }
            }
        }
    }

    /// An entry parsed again; only needed for a rejected mutation.
    fn mutation(&self, index: usize) -> Value {
        serde_json::from_slice(&self.body[self.entries[index].range.clone()]).expect(OWN_JSON)
    }

    /// The groups of its first and its last entry.
    pub(crate) fn groups(&self) -> (u64, u64) {
        let group = |entry: Option<&BatchEntry>| entry.map_or(0, |entry| entry.group);
        (group(self.entries.first()), group(self.entries.last()))
    }

    /// The number of mutations, and of the rows that made them.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.entries.iter().map(|entry| entry.rows).sum())
    }

    /// The size of the whole body in bytes, before compression.
    pub(crate) fn bytes(&self) -> u64 {
        self.body.len() as u64
    }
}
