//! The answers to comparisons (extension `sync.digest`, contract 3.8): the digests of a table's buckets,
//! and the content digests of the items in some of them. Each is computed in one scan of the store.
//!
//! [`query`] reads a request, [`select`] decides which digest of an item counts, [`tables`] and
//! [`buckets`] compute the two forms of an answer. The digests are those of [`crate::mutation::digest`].

mod answer;
mod buckets;
mod query;
mod select;
mod tables;

pub(super) use answer::answer;
pub(super) use query::DigestQuery;
