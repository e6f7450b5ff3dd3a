//! Digests by which two sides find out what differs without sending it (contract 3.8): the leaf of each
//! item, and the exclusive or of the leaves in each bucket. The content digest is
//! [`super::content_digest`].
//!
//! ```
//! use synctool::internal::digest::{BucketDigests, ItemHasher};
//! use synctool::internal::content_digest;
//!
//! let fields = serde_json::json!({"title": "A", "done": false, "n": 1});
//! let mut hasher = ItemHasher::default();
//! hasher.add_record("t1", content_digest(fields.as_object().unwrap()));
//! let mut digests = BucketDigests::new(4);
//! hasher.finish(|item| digests.add(&item));
//! assert_eq!(digests.count(), 1);
//! // The key's hash begins with 0x59, so that the item is in bucket 5 of 16.
//! assert_eq!(digests.buckets()[5][..4], [0x6d, 0x15, 0x65, 0x79]);
//! ```

use bytes::{BufMut as _, BytesMut};

use super::canonical::write_string;
use super::hasher::ContentHasher;
use super::id::ContentHash;

/// The largest number of bits of a bucket's number (contract 3.8): 65,536 buckets.
pub const MAX_BITS: u8 = 16;

/// Bytes of a digest.
pub const DIGEST_BYTES: usize = 16;

/// Items that are hashed together.
const BATCH: usize = 256;

/// Bytes of their keys, at most, but for the last one.
const BATCH_BYTES: usize = 64 * 1024;

/// The digests of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemDigest {
    /// The hash of the item's key, whose first bits name its bucket.
    key: ContentHash,
    /// The hash of key and content.
    leaf: ContentHash,
    /// The content digest.
    pub content: ContentHash,
}

impl ItemDigest {
    /// The number of the bucket among `2^bits` that the item belongs to.
    #[must_use]
    pub fn bucket(&self, bits: u8) -> usize {
        let first = u16::from_be_bytes([self.key.as_bytes()[0], self.key.as_bytes()[1]]);
        usize::from(first) >> (MAX_BITS - bits.min(MAX_BITS))
    }
}

/// Hashes the keys and leaves of many items at a time.
#[derive(Debug, Default)]
pub struct ItemHasher {
    /// The canonical JSON of the keys, one after the other, and where each ends.
    keys: BytesMut,
    ends: Vec<usize>,
    contents: Vec<ContentHash>,
    hasher: ContentHasher,
}

impl ItemHasher {
    /// Adds a record with its content digest.
    pub fn add_record(&mut self, id: &str, content: ContentHash) {
        self.keys.put_u8(b'[');
        write_string(&mut self.keys, id);
        self.add(content);
    }

    /// Adds a join row with its content digest.
    pub fn add_join_row(&mut self, from: &str, to: &str, content: ContentHash) {
        self.keys.put_u8(b'[');
        write_string(&mut self.keys, from);
        self.keys.put_u8(b',');
        write_string(&mut self.keys, to);
        self.add(content);
    }

    fn add(&mut self, content: ContentHash) {
        self.keys.put_u8(b']');
        self.ends.push(self.keys.len());
        self.contents.push(content);
    }

    /// Whether so many items wait that hashing more of them together would not be faster, or would take
    /// much memory.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ends.len() >= BATCH || self.keys.len() >= BATCH_BYTES
    }

    /// Hashes all items and calls `each` with every one, in the order in which they were added. There is
    /// none afterwards.
    pub fn finish(&mut self, mut each: impl FnMut(ItemDigest)) {
        let Self { keys, ends, contents, hasher } = self;
        let starts = [0].into_iter().chain(ends.iter().copied());
        let ranges = starts.zip(ends.iter()).map(|(start, end)| start..*end);
        let hashed = hasher.hash(ranges.clone(), |text, range| text.extend_from_slice(&keys[range]));
        let hashed = hashed.to_vec();
        let leaves = hasher.hash(ranges.zip(contents.iter()), |text, (range, content)| {
            text.extend_from_slice(&keys[range]);
            text.extend_from_slice(content.as_bytes());
        });
        for ((key, leaf), content) in hashed.into_iter().zip(leaves).zip(contents.iter()) {
            each(ItemDigest { key, leaf: *leaf, content: *content });
        }
        keys.clear();
        ends.clear();
        contents.clear();
    }
}

/// The number of the bucket among `2^bits` that an item belongs to: one record, or, with a `to`, one join
/// row. [`ItemHasher`] finds those of many items faster.
#[must_use]
pub fn bucket_of(id: &str, to: Option<&str>, bits: u8) -> usize {
    let mut key = BytesMut::from("[");
    write_string(&mut key, id);
    if let Some(to) = to {
        key.put_u8(b',');
        write_string(&mut key, to);
    }
    key.put_u8(b']');
    let leaf = ContentHash::default();
    ItemDigest { key: ContentHash::of(&[&key]), leaf, content: leaf }.bucket(bits)
}

/// The digests of the buckets of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketDigests {
    bits: u8,
    count: u64,
    buckets: Vec<[u8; DIGEST_BYTES]>,
}

impl BucketDigests {
    /// `2^bits` empty buckets; more bits than [`MAX_BITS`] count as that.
    #[must_use]
    pub fn new(bits: u8) -> Self {
        let bits = bits.min(MAX_BITS);
        Self { bits, count: 0, buckets: vec![[0; DIGEST_BYTES]; 1 << bits] }
    }

    /// Adds an item to its bucket.
    pub fn add(&mut self, item: &ItemDigest) {
        self.count += 1;
        let bucket = &mut self.buckets[item.bucket(self.bits)];
        for (byte, leaf) in bucket.iter_mut().zip(item.leaf.as_bytes()) {
            *byte ^= leaf;
        }
    }

    /// Adds all items of others with the same number of buckets.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.bits, other.bits, "both have the same buckets");
        self.count += other.count;
        for (bucket, other) in self.buckets.iter_mut().zip(&other.buckets) {
            for (byte, other) in bucket.iter_mut().zip(other) {
                *byte ^= other;
            }
        }
    }

    /// The digests of fewer buckets, each of which is several of these; all of them where `bits` are not
    /// fewer.
    #[must_use]
    pub fn folded(&self, bits: u8) -> Self {
        let mut folded = Self { count: self.count, ..Self::new(bits.min(self.bits)) };
        let shift = self.bits - folded.bits;
        for (number, bucket) in self.buckets.iter().enumerate() {
            for (byte, other) in folded.buckets[number >> shift].iter_mut().zip(bucket) {
                *byte ^= other;
            }
        }
        folded
    }

    /// The number of buckets as a power of two.
    #[must_use]
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// The number of items.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The digest of each bucket, by number.
    #[must_use]
    pub fn buckets(&self) -> &[[u8; DIGEST_BYTES]] {
        &self.buckets
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::super::content::content_digest;
    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/data/digest-vectors.json")).unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_digests_of_items_are_those_of_the_contract() {
        let vectors = vectors();
        let items = vectors["items"].as_array().unwrap();
        let mut hasher = ItemHasher::default();
        for item in items {
            let content = content_digest(item["fields"].as_object().unwrap());
            match item["key"].as_array().unwrap().as_slice() {
                [id] => hasher.add_record(id.as_str().unwrap(), content),
                [from, to] => hasher.add_join_row(from.as_str().unwrap(), to.as_str().unwrap(), content),
                key => panic!("{key:?}"),
            }
        }
        let mut digests = Vec::new();
        hasher.finish(|item| digests.push(item));
        hasher.finish(|item| panic!("{item:?}"));
        for (digest, item) in digests.iter().zip(items) {
            assert_eq!(hex(digest.content.as_bytes()), item["content"], "{item}");
            assert_eq!(hex(digest.leaf.as_bytes()), item["leaf"], "{item}");
            assert_eq!(hex(&digest.key.as_bytes()[..8]), item["keyHash"], "{item}");
        }
        assert_eq!(digests.len(), items.len());
    }

    #[test]
    fn merged_and_folded_digests_are_those_of_all_items_in_fewer_buckets() {
        let mut hasher = ItemHasher::default();
        for row in 0..100 {
            hasher.add_record(&format!("t{row}"), ContentHash::of(&[&[row]]));
        }
        let mut parts = [BucketDigests::new(6), BucketDigests::new(6)];
        let mut all = BucketDigests::new(3);
        let mut number = 0;
        hasher.finish(|item| {
            parts[number % 2].add(&item);
            all.add(&item);
            number += 1;
        });
        let [mut merged, other] = parts;
        merged.merge(&other);
        assert_eq!((merged.folded(3), merged.folded(9)), (all, merged));
    }

    #[test]
    fn the_digests_of_buckets_are_those_of_the_contract() {
        for vector in vectors()["buckets"].as_array().unwrap() {
            let bits = u8::try_from(vector["bits"].as_u64().unwrap()).unwrap();
            let (mut hasher, mut digests) = (ItemHasher::default(), BucketDigests::new(bits));
            for row in 0..20 {
                let fields = json!({"title": format!("Todo {row}"), "done": row % 2 == 0});
                hasher.add_record(&format!("t{row}"), content_digest(fields.as_object().unwrap()));
            }
            hasher.finish(|item| digests.add(&item));
            assert_eq!(json!(digests.count()), vector["count"]);
            assert_eq!(json!(STANDARD.encode(digests.buckets().as_flattened())), vector["digests"]);
        }
    }
}
