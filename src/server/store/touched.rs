//! What a group of pushes may look at in a store, for a store that reads all of it before the pushes are
//! applied. It is collected in [`crate::server::apply`].

use super::item::{ClientNumber, ItemKey};
use crate::server::shared_text::SharedText;

/// The client and the id of a mutation.
pub(in crate::server) type MutationKey = (ClientNumber, SharedText);

/// The keys of mutations and items. After [`Self::sort`] each is there once, in the order of keys.
#[derive(Debug, Default)]
pub(in crate::server) struct Touched {
    pub(in crate::server) mutations: Vec<MutationKey>,
    pub(in crate::server) items: Vec<TouchedItem>,
}

/// An item that may be looked at.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::server) struct TouchedItem {
    pub(in crate::server) key: ItemKey,
    /// Whether its document may be read, and not only whether it has one.
    pub(in crate::server) reads_document: bool,
    /// The mutation that looks at it; `None` if there are several. If that mutation is applied already,
    /// the item is not looked at.
    pub(in crate::server) by: Option<MutationKey>,
}

impl Touched {
    /// Adds an item that the last added mutation looks at.
    pub(in crate::server) fn item(&mut self, key: ItemKey, reads_document: bool) {
        self.items.push(TouchedItem { key, reads_document, by: self.mutations.last().cloned() });
    }

    /// Sorts the keys and removes repeated ones.
    pub(in crate::server) fn sort(&mut self) {
        self.mutations.sort_unstable();
        self.mutations.dedup();
        self.items.sort_unstable();
        self.items.dedup_by(|later, first| {
            let is_same = later.key == first.key;
            if is_same {
                first.reads_document |= later.reads_document;
                if first.by != later.by {
                    first.by = None;
                }
            }
            is_same
        });
    }

    /// The place of a mutation in the sorted list.
    pub(in crate::server) fn place(&self, mutation: &MutationKey) -> Option<usize> {
        self.mutations.binary_search(mutation).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_touched_twice_is_there_once_with_its_document() {
        let (key, mutation) =
            (|id: &str| ItemKey::record("todos".into(), id.into()), |id: &str| (ClientNumber(1), id.into()));
        let mut touched = Touched::default();
        for (by, id, reads_document) in
            [("2", "b", false), ("1", "a", true), ("1", "b", true), ("1", "a", false), ("3", "c", false)]
        {
            touched.mutations.push(mutation(by));
            touched.item(key(id), reads_document);
        }
        touched.sort();
        let items = [("a", true, Some("1")), ("b", true, None), ("c", false, Some("3"))];
        let items = items.map(|(id, reads_document, by)| TouchedItem {
            key: key(id),
            reads_document,
            by: by.map(mutation),
        });
        assert_eq!(touched.items, items);
        assert_eq!(touched.mutations, ["1", "2", "3"].map(mutation));
        assert_eq!(touched.place(&mutation("3")), Some(2));
    }
}
