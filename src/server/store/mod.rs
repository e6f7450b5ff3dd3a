//! Storage of the server. What a mutation means is not decided here but in [`super::apply`]: a store
//! finds, writes and deletes items and counts steps.
//!
//! A store holds
//!
//! * items: the current documents of records and join rows, each named by an [`ItemKey`], with the
//!   content digest of each, and their number by resource and join store;
//! * the change feed, which is an index of the items: each is in it once, at its last change. A deleted
//!   item leaves a tombstone, an item without a document;
//! * the ids of applied mutations per client, by which a repeated mutation is recognized;
//! * a store id, made with the store.
//!
//! Tombstones and mutation ids are kept unless a [`Retention`](super::Retention) bounds them. [`Writer`]
//! is how mutations change a store. [`sqlite`] keeps a store in one file, `postgres` in a database that
//! several servers share; all SQL of the server is in the folders of the stores.

mod backend;
mod error;
mod item;
mod overview;
#[cfg(feature = "postgres")]
pub(super) mod postgres;
mod sizes;
pub(super) mod sqlite;
#[cfg(feature = "postgres")]
mod touched;
mod writer;

pub(super) use backend::{Store, read};
pub(super) use error::{Result, StoreError};
pub(super) use item::{
    ClientNumber, Document, FeedItem, FeedQuery, ItemKey, MAX_ITEMS_OF_A_STEP, OwnChanges, StoredContent,
    StoredItem, TableFields,
};
#[cfg(feature = "postgres")]
pub(super) use overview::Report;
pub(super) use overview::{Live, NewestItem, Overview};
pub(super) use sizes::{Chunk, SizesCache, StoreConnections, StoreSizes};
#[cfg(feature = "postgres")]
pub(super) use touched::{MutationKey, Touched};
pub(super) use writer::Writer;
