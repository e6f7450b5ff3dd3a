//! The items that a server says are in some of its buckets, checked and kept. They are asked for in
//! [`super::by_digest`].

use std::collections::HashSet;

use crate::mutation::ContentHash;
use crate::mutation::digest::ItemHasher;
use crate::offline::{ItemKey, OfflineError, ServerItems};
use crate::protocol::{BucketsAnswer, BucketsRequest, DigestItem};

/// Why an answer cannot be kept.
#[derive(Debug)]
pub(super) enum KeepError {
    /// It is not an answer to the request.
    Broken(String),
    Offline(OfflineError),
}

impl From<OfflineError> for KeepError {
    fn from(error: OfflineError) -> Self {
        Self::Offline(error)
    }
}

/// Keeps the items of an answer. Each must be of the table's kind, in one of the answered buckets, and
/// there only once.
pub(super) fn keep(
    server: &ServerItems,
    request: &BucketsRequest,
    is_join_store: bool,
    answer: &BucketsAnswer,
) -> Result<(), KeepError> {
    let (name, bits) = (&request.table.name, request.bits);
    let answered: HashSet<_> = request.buckets.iter().take(answer.answered).copied().collect();
    let mut hasher = ItemHasher::default();
    for items in answer.items.chunks(256) {
        for item in items {
            add(&mut hasher, item, is_join_store).map_err(|what| broken(name, what))?;
        }
        let mut buckets = Vec::with_capacity(items.len());
        hasher.finish(|digest| buckets.push(digest.bucket(bits)));
        for (item, bucket) in items.iter().zip(buckets) {
            if !u32::try_from(bucket).is_ok_and(|bucket| answered.contains(&bucket)) {
                return Err(broken(name, "an item of another bucket"));
            }
            let key = match &item.to {
                Some(to) => ItemKey::join_row(&item.id, to),
                None => ItemKey::record(item.id.clone()),
            };
            if !server.put(name, &key, &item.content)? {
                return Err(broken(name, "an item twice"));
            }
        }
    }
    Ok(())
}

fn add(hasher: &mut ItemHasher, item: &DigestItem, is_join_store: bool) -> Result<(), &'static str> {
    let content = ContentHash::from_bytes(item.content);
    match (&item.to, is_join_store) {
        (None, false) => hasher.add_record(&item.id, content),
        (Some(to), true) => hasher.add_join_row(&item.id, to, content),
        (None, true) => return Err("an item with one id"),
        (Some(_), false) => return Err("an item with two ids"),
    }
    Ok(())
}

fn broken(name: &str, what: &str) -> KeepError {
    KeepError::Broken(format!("the server's digests of {name} have {what}"))
}
