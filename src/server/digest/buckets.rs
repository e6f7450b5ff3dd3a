//! Collects the content digests of all items in some buckets of a table.

use std::collections::HashMap;

use serde::Serialize;

use super::query::TableQuery;
use super::select::Selection;
use crate::mutation::ContentHash;
use crate::mutation::digest::{ItemHasher, bucket_of};
use crate::server::store::{Result, StoredItem, TableFields};

/// Bytes of the items in an answer, about, unless the first bucket alone has more.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// An item in the answer: `["t1","<32 hex digits>"]`, or `["from","to","…"]` of a join row.
type ItemAnswer = Vec<String>;

/// The answer's members `answered` and `items`.
#[derive(Debug, Serialize)]
pub(super) struct BucketsAnswer {
    answered: usize,
    items: Vec<ItemAnswer>,
}

/// Collects the items of a scan.
pub(super) struct BucketsScan<'q> {
    bits: u8,
    table: &'q TableQuery,
    selection: Selection<'q>,
    /// The index of each bucket in the request.
    indexes: HashMap<usize, usize>,
    hasher: ItemHasher,
    /// The keys of the items that wait in the hasher.
    waiting: Vec<(String, String)>,
    /// The items of each bucket that can be answered, in the order of the request.
    found: Vec<Bucket>,
    /// Bytes of all found items.
    bytes: usize,
}

#[derive(Default)]
struct Bucket {
    items: Vec<ItemAnswer>,
    bytes: usize,
}

impl<'q> BucketsScan<'q> {
    /// Begins a scan; `written` has the fields that documents of each table may have.
    pub(super) fn new(bits: u8, table: &'q TableQuery, buckets: &[usize], written: &TableFields) -> Self {
        Self {
            bits,
            table,
            selection: Selection::new(table, written),
            indexes: buckets.iter().enumerate().map(|(index, bucket)| (*bucket, index)).collect(),
            hasher: ItemHasher::default(),
            waiting: Vec::new(),
            found: buckets.iter().map(|_| Bucket::default()).collect(),
            bytes: 0,
        }
    }

    /// Adds an item, if it is in one of the buckets.
    ///
    /// # Errors
    /// As [`Selection::digest`].
    pub(super) fn add(&mut self, item: &StoredItem<'_>) -> Result<()> {
        if item.name != self.table.name || self.table.is_join_store == item.target.is_empty() {
            return Ok(());
        }
        // A document is parsed only where its digest is asked for.
        if self.selection.needs_documents() && !self.is_asked_for(item) {
            return Ok(());
        }
        let content = self.selection.digest(item)?;
        if self.table.is_join_store {
            self.hasher.add_join_row(item.id, item.target, content);
        } else {
            self.hasher.add_record(item.id, content);
        }
        self.waiting.push((item.id.to_owned(), item.target.to_owned()));
        if self.hasher.is_full() {
            self.hash();
        }
        Ok(())
    }

    fn is_asked_for(&self, item: &StoredItem<'_>) -> bool {
        let to = self.table.is_join_store.then_some(item.target);
        self.indexes.contains_key(&bucket_of(item.id, to, self.bits))
    }

    /// Whether [`Self::add`] needs the documents.
    pub(super) fn needs_documents(&self) -> bool {
        self.selection.needs_documents()
    }

    pub(super) fn finish(mut self) -> BucketsAnswer {
        self.hash();
        let answered = self.found.len();
        BucketsAnswer { answered, items: self.found.into_iter().flat_map(|bucket| bucket.items).collect() }
    }

    fn hash(&mut self) {
        let mut waiting = self.waiting.drain(..);
        let (found, bytes) = (&mut self.found, &mut self.bytes);
        self.hasher.finish(|digest| {
            let Some((id, target)) = waiting.next() else { return };
            let index = self.indexes.get(&digest.bucket(self.bits));
            let Some(bucket) = index.and_then(|index| found.get_mut(*index)) else { return };
            let item = item_answer(id, target, digest.content);
            let size = item.iter().map(|text| text.len() + 3).sum::<usize>();
            bucket.items.push(item);
            bucket.bytes += size;
            *bytes += size;
            // The last buckets are left to another request.
            while *bytes > MAX_BYTES && found.len() > 1 {
                *bytes -= found.pop().map_or(0, |last| last.bytes);
            }
        });
    }
}

fn item_answer(id: String, target: String, content: ContentHash) -> ItemAnswer {
    let hex = content.to_hex();
    if target.is_empty() { vec![id, hex] } else { vec![id, target, hex] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn scan(buckets: &[usize], items: u64, id_bytes: usize) -> (usize, usize) {
        let table = TableQuery { name: "todos".to_owned(), is_join_store: false, fields: BTreeSet::new() };
        let mut scan = BucketsScan::new(4, &table, buckets, &TableFields::new());
        for number in 0..items {
            let id = format!("{number}{}", "x".repeat(id_bytes));
            let digest = ContentHash::default();
            let item = StoredItem { name: "todos", id: &id, target: "", digest, document: "{}" };
            scan.add(&item).unwrap();
        }
        let BucketsAnswer { answered, items } = scan.finish();
        (answered, items.len())
    }

    #[test]
    fn an_answer_has_whole_buckets_up_to_its_size_and_at_least_one() {
        let all: Vec<_> = (0..16).collect();
        assert_eq!(scan(&all, 1000, 10), (16, 1000));
        let (answered, items) = scan(&all, 1000, 10_000);
        assert!((10..16).contains(&answered), "{answered}");
        // A bucket of itself has what it has in an answer with others.
        let alone: usize = (0..answered).map(|bucket| scan(&[bucket], 1000, 10_000).1).sum();
        assert_eq!(items, alone);
        let (answered, items) = scan(&[3, 5], 100, 2_000_000);
        assert_eq!((answered, items), scan(&[3], 100, 2_000_000));
        assert_eq!(answered, 1);
    }
}
