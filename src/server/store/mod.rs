//! Storage of the server. What a mutation means is not decided here but in [`super::apply`]: a store
//! finds, writes and removes documents and counts steps.
//!
//! A [`Store`] holds
//!
//! * the current documents of records and join rows, each named by a [`Subject`];
//! * the change feed: which subjects each step of one strictly increasing sequence changed;
//! * the ids of applied mutations per client, by which a repeated mutation is recognized;
//! * a store id, made with the store.
//!
//! It has one [`Writer`], which writes one transaction at a time, and any number of [`Reader`]s, each
//! of which sees one state. Commit and durability are two steps: a committed transaction may be
//! acknowledged, and is visible to readers, only after [`Syncer::sync`].
//!
//! [`sqlite`] is the one implementation; all SQL of the server is in there.

mod backend;
mod error;
mod reader;
pub(super) mod sqlite;
mod subject;
mod writer;

pub(super) use backend::{Store, WriteJob};
pub(super) use error::{Result, StoreError};
pub(super) use reader::{ChangePage, OwnChanges, PageLimit, Reader, StoredChange};
pub(super) use subject::{Document, Subject};
pub(super) use writer::{NewChange, Syncer, Writer};
