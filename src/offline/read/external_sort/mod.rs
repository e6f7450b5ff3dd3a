//! External merge sort: sorts rows of an id and a content by id in byte order. Only a bounded part of
//! the rows is in memory.
//!
//! A [`Sorter`] sorts runs of rows in memory and spills each to a temporary file; rows that come in
//! order are one run. [`merge`] reads all runs of several sorters side by side: a k-way merge with a
//! heap. [`OrderedRows`] reads those that need no merge. Nothing here knows what the rows are, where they
//! come from, or what errors their owner has.

mod block;
mod merge;
mod ordered;
mod sorter;

pub(super) use merge::{SortedRow, merge};
pub(super) use ordered::OrderedRows;
pub(super) use sorter::Sorter;
