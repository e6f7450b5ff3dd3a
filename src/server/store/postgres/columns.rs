//! What a group has changed, as the arrays that the statements of [`super::flight`] take: a column each,
//! in the order of the keys, which is the order in which rows are locked.

use std::collections::BTreeMap;

use super::staging::{Applied, LoadedItem, StagedItem, Staging, WrittenItem};
use crate::server::shared_text::SharedText;
use crate::server::store::ItemKey;

/// Everything that a group writes or relies on.
#[derive(Default)]
pub(super) struct Changes<'s> {
    pub(super) updates: ItemColumns<'s>,
    /// The batches that have written what is updated.
    pub(super) batches: Vec<i64>,
    pub(super) inserts: ItemColumns<'s>,
    pub(super) mutations: MutationColumns<'s>,
    pub(super) checks: CheckColumns<'s>,
    /// How many more items of a name are not deleted now.
    pub(super) live: LiveColumns<'s>,
    /// Steps of the sequence.
    pub(super) steps: i64,
}

/// The keys of items.
#[derive(Default)]
pub(super) struct KeyColumns<'s> {
    pub(super) names: Vec<&'s SharedText>,
    pub(super) ids: Vec<&'s SharedText>,
    pub(super) targets: Vec<&'s SharedText>,
}

/// Items as they are written.
#[derive(Default)]
pub(super) struct ItemColumns<'s> {
    pub(super) keys: KeyColumns<'s>,
    pub(super) steps: Vec<i32>,
    pub(super) parts: Vec<i32>,
    pub(super) clients: Vec<Option<i64>>,
    pub(super) documents: Vec<Option<&'s SharedText>>,
    pub(super) digests: Vec<Option<&'s [u8]>>,
}

/// Mutations that are applied now.
#[derive(Default)]
pub(super) struct MutationColumns<'s> {
    pub(super) clients: Vec<i64>,
    pub(super) ids: Vec<&'s SharedText>,
}

/// Changes of the counts by name.
#[derive(Default)]
pub(super) struct LiveColumns<'s> {
    pub(super) names: Vec<&'s SharedText>,
    pub(super) changes: Vec<i64>,
}

/// Items that were only looked at, and whether they have a document.
#[derive(Default)]
pub(super) struct CheckColumns<'s> {
    pub(super) keys: KeyColumns<'s>,
    pub(super) presences: Vec<bool>,
}

impl<'s> Changes<'s> {
    /// The changes of a group.
    pub(super) fn of(staging: &'s Staging<'_>) -> Self {
        let mut changes = Self { steps: staging.steps.into(), ..Self::default() };
        for (touched, item) in staging.touched.items.iter().zip(&staging.items) {
            changes.add_item(&touched.key, item);
        }
        changes.live = LiveColumns::of(staging);
        for ((client, id), applied) in staging.touched.mutations.iter().zip(&staging.applied) {
            if *applied == Applied::Now {
                changes.mutations.clients.push(client.0);
                changes.mutations.ids.push(id);
            }
        }
        changes
    }

    fn add_item(&mut self, key: &'s ItemKey, item: &'s StagedItem) {
        match item {
            StagedItem { written: Some(written), loaded: Some(LoadedItem { batch, .. }), .. } => {
                self.updates.push(key, written);
                self.batches.push(*batch);
            }
            StagedItem { written: Some(written), loaded: None, .. } => self.inserts.push(key, written),
            StagedItem { written: None, loaded, is_read: true, .. } => {
                let is_present = loaded.as_ref().is_some_and(|loaded| loaded.is_present);
                self.checks.keys.push(key);
                self.checks.presences.push(is_present);
            }
            StagedItem { written: None, is_read: false, .. } => {}
        }
    }
}

impl<'s> LiveColumns<'s> {
    fn of(staging: &'s Staging<'_>) -> Self {
        let mut sums: BTreeMap<&SharedText, i64> = BTreeMap::new();
        for (touched, item) in staging.touched.items.iter().zip(&staging.items) {
            let Some(written) = &item.written else { continue };
            let was_live = item.loaded.as_ref().is_some_and(|loaded| loaded.is_present);
            let change = i64::from(written.content.is_some()) - i64::from(was_live);
            if change != 0 {
                *sums.entry(&touched.key.name).or_default() += change;
            }
        }
        // In the order of the names, which is that of the locks.
        let (names, changes) = sums.into_iter().filter(|(_, change)| *change != 0).unzip();
        Self { names, changes }
    }
}

impl<'s> KeyColumns<'s> {
    pub(super) fn push(&mut self, key: &'s ItemKey) {
        self.names.push(&key.name);
        self.ids.push(&key.id);
        self.targets.push(&key.target);
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

impl<'s> ItemColumns<'s> {
    fn push(&mut self, key: &'s ItemKey, item: &'s WrittenItem) {
        self.keys.push(key);
        self.steps.push(item.step);
        self.parts.push(item.part);
        self.clients.push(item.client.map(|client| client.0));
        self.documents.push(item.content.as_ref().map(|content| &content.document));
        self.digests.push(item.content.as_ref().map(|content| content.digest.as_bytes()));
    }
}
