//! The answers to reads: pages of the change feed (pull) and whole states (clone). They are put together
//! from the stored documents as they are, without a tree, and a clone is streamed. The SQL is in the
//! stores.
//!
//! [`json`] writes an item, [`page`] a page, [`clone_text`] a clone; [`clone`] sends one while the store
//! is read.

mod clone;
mod clone_text;
mod json;
mod page;

pub(super) use clone::{clone, clone_plan};
pub(super) use page::{PageError, page};
