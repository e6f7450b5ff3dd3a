//! Temporary tables of a comparison: what the server has, and what differs. They are on disk, so memory
//! does not grow with the rows. Comparing is the job of [`crate::cloneup`].
//!
//! [`server_items`] keeps a digest of each item that the server has, [`found`] the differences, and
//! [`temporary`] makes the database of each.

mod found;
mod server_items;
mod temporary;

pub use found::{FoundItem, FoundItems};
pub use server_items::{Digest, ItemKey, ServerItems};
