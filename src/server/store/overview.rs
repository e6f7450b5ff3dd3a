//! What the page shows of a store.

#[cfg(feature = "postgres")]
use std::time::Duration;

/// What a store holds, in short, and what came last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct Overview {
    /// The last step of the sequence.
    pub(in crate::server) sequence: u64,
    /// By name, in any order. A name that had no items yet is left out.
    pub(in crate::server) live: Vec<Live>,
    /// The items that were changed last, the latest first.
    pub(in crate::server) newest: Vec<NewestItem>,
}

/// How many items of a resource or join store are not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct Live {
    pub(in crate::server) name: String,
    /// Never negative.
    pub(in crate::server) items: i64,
}

/// An item at its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct NewestItem {
    /// The step of the sequence that changed it last.
    pub(in crate::server) step: u64,
    pub(in crate::server) name: String,
    pub(in crate::server) id: String,
    /// Empty for a record.
    pub(in crate::server) target: String,
    /// The beginning of the text of a JSON object; `None` if the item is deleted.
    pub(in crate::server) document: Option<String>,
}

/// What a server of a shared store has told the others.
#[cfg(feature = "postgres")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct Report {
    pub(in crate::server) text: String,
    /// The time since then.
    pub(in crate::server) age: Duration,
}
