//! What a group of pushes may look at in a store, for a store that reads all of it before the pushes are
//! applied. It is collected in [`crate::server::apply`].

use super::item::{ClientNumber, ItemKey};
use crate::server::shared_text::SharedText;

/// The keys of mutations and items. After [`Self::sort`] each is there once, in the order of keys.
#[derive(Debug, Default)]
pub(in crate::server) struct Touched {
    pub(in crate::server) mutations: Vec<(ClientNumber, SharedText)>,
    pub(in crate::server) items: Vec<TouchedItem>,
}

/// An item that may be looked at.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::server) struct TouchedItem {
    pub(in crate::server) key: ItemKey,
    /// Whether its document may be read, and not only whether it has one.
    pub(in crate::server) reads_document: bool,
}

impl Touched {
    /// Adds a mutation.
    pub(in crate::server) fn mutation(&mut self, client: ClientNumber, id: SharedText) {
        self.mutations.push((client, id));
    }

    /// Adds an item.
    pub(in crate::server) fn item(&mut self, key: ItemKey, reads_document: bool) {
        self.items.push(TouchedItem { key, reads_document });
    }

    /// Sorts the keys and removes repeated ones.
    pub(in crate::server) fn sort(&mut self) {
        self.mutations.sort_unstable();
        self.mutations.dedup();
        self.items.sort_unstable();
        // Of equal keys, the last one reads the document if any does.
        self.items.dedup_by(|later, first| {
            let is_same = later.key == first.key;
            first.reads_document |= is_same && later.reads_document;
            is_same
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_touched_twice_is_there_once_with_its_document() {
        let key = |id: &str| ItemKey::record("todos".into(), id.into());
        let mut touched = Touched::default();
        for (id, reads_document) in [("b", false), ("a", true), ("b", true), ("a", false), ("c", false)] {
            touched.item(key(id), reads_document);
            touched.mutation(ClientNumber(1), id.into());
        }
        touched.sort();
        let items = [("a", true), ("b", true), ("c", false)];
        let items = items.map(|(id, reads_document)| TouchedItem { key: key(id), reads_document });
        assert_eq!(touched.items, items);
        assert_eq!(touched.mutations, ["a", "b", "c"].map(|id| (ClientNumber(1), id.into())));
    }
}
