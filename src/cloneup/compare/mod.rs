//! What differs between the database and the server. Nothing is written on either side.
//!
//! [`table`] is what is compared, [`difference`] a difference as a result shows it. [`comparing`] chooses
//! the source of what the server has: [`by_digest`], with the requests of [`digest_client`] for the
//! [`buckets`] of each table and their items ([`server_buckets`]), or [`by_feed`]. Local rows become
//! content digests in [`contents`]; [`local_items`] keeps them in an [`item_file`]. [`table_comparison`]
//! compares the items of both sides, and [`fields`] finds out which fields differ.

mod buckets;
mod by_digest;
mod by_feed;
mod comparing;
mod contents;
mod difference;
mod digest_client;
mod fields;
mod item_file;
mod local_items;
mod server_buckets;
mod table;
mod table_comparison;

pub use difference::{Difference, DifferenceKind, FieldDifference, TableCounts};

pub(super) use comparing::{Comparing, Differences, Question};
pub(super) use table::{CountedRows, Table};
