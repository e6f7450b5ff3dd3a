//! What differs between the database and the server: compared by the change [`feed`], with
//! digests of the content ([`content_digest`]), into a list of [`difference`]s. Nothing is written on
//! either side.

mod content_digest;
mod difference;
mod feed;

pub use difference::{Difference, DifferenceKind, TableCounts};

pub(super) use difference::Differences;
pub(super) use feed::{Compared, FeedComparison};
