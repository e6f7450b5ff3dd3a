//! The items of one group of pushes in memory: loaded before the pushes are applied, written after. What
//! the group may look at was found out beforehand; anything else is an error here, and never "no such
//! record". The SQL is in [`super::load`] and [`super::flight`].

use super::error::PostgresError;
use crate::server::shared_text::SharedText;
use crate::server::store::{
    ClientNumber, Document, ItemKey, Result, StoreError, StoredContent, Touched, Writer,
};

/// An item as the store has it.
#[derive(Debug)]
pub(super) struct LoadedItem {
    /// The batch that has written it, which is its version: a batch writes an item once.
    pub(super) batch: i64,
    /// Whether it has a document; a tombstone has none.
    pub(super) is_present: bool,
    /// The document, where it may be read.
    pub(super) document: Option<String>,
}

/// An item that the group has written.
#[derive(Debug)]
pub(super) struct WrittenItem {
    /// The step within the group, from 1.
    pub(super) step: i32,
    pub(super) part: i32,
    /// The client that has sent exactly this content.
    pub(super) client: Option<ClientNumber>,
    /// `None` if it is deleted.
    pub(super) content: Option<StoredContent>,
}

/// An item that the group may look at.
#[derive(Debug, Default)]
pub(super) struct StagedItem {
    pub(super) loaded: Option<LoadedItem>,
    pub(super) written: Option<WrittenItem>,
    /// Whether something was decided by the loaded state.
    pub(super) is_read: bool,
    /// Whether it was not loaded, because the only mutation that looks at it is applied.
    pub(super) is_left_out: bool,
}

/// Whether a mutation is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    No,
    /// By an earlier group.
    Before,
    /// By this group.
    Now,
}

/// What a group may look at, and what it has written.
#[derive(Debug)]
pub(super) struct Staging<'t> {
    pub(super) touched: &'t Touched,
    /// For each of the touched items.
    pub(super) items: Vec<StagedItem>,
    /// For each of the touched mutations.
    pub(super) applied: Vec<Applied>,
    /// Steps that the group has taken.
    pub(super) steps: i32,
    /// The number of the next written item within its step.
    part: i32,
}

impl<'t> Staging<'t> {
    /// A staging area to which nothing was loaded.
    pub(super) fn new(touched: &'t Touched) -> Self {
        let items = touched.items.iter().map(|_| StagedItem::default()).collect();
        let applied = vec![Applied::No; touched.mutations.len()];
        Self { touched, items, applied, steps: 0, part: 0 }
    }

    /// Whether nothing was loaded, because the store has nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.applied.iter().all(|applied| *applied == Applied::No)
            && self.items.iter().all(|item| item.loaded.is_none())
    }

    /// Whether every mutation is applied by this group.
    pub(super) fn is_all_applied(&self) -> bool {
        self.applied.iter().all(|applied| *applied == Applied::Now)
    }

    fn position(&self, key: &ItemKey) -> Result<usize> {
        let found = self.touched.items.binary_search_by(|item| item.key.cmp(key)).ok();
        let is_loaded = |position: &usize| !self.items[*position].is_left_out;
        found.filter(is_loaded).ok_or_else(|| PostgresError::NotLoaded(key.clone()).into())
    }

    fn item(&mut self, key: &ItemKey) -> Result<&mut StagedItem> {
        let position = self.position(key)?;
        Ok(&mut self.items[position])
    }

    fn applied(&mut self, client: ClientNumber, mutation_id: &SharedText) -> Result<&mut Applied> {
        let key = (client, mutation_id.clone());
        let found = self.touched.mutations.binary_search(&key);
        let not_loaded = |_| PostgresError::NotLoaded(ItemKey::record(SharedText::default(), key.1.clone()));
        Ok(&mut self.applied[found.map_err(not_loaded)?])
    }

    fn write(
        &mut self,
        key: &ItemKey,
        content: Option<&StoredContent>,
        client: Option<ClientNumber>,
    ) -> Result<()> {
        let (step, part) = (self.steps + 1, self.part);
        self.item(key)?.written = Some(WrittenItem { step, part, client, content: content.cloned() });
        self.part += 1;
        Ok(())
    }
}

impl Writer for Staging<'_> {
    /// Counted from 0: the steps of a group are numbered when it is committed.
    fn sequence(&self) -> u64 {
        self.steps.unsigned_abs().into()
    }

    fn remember(&mut self, client: ClientNumber, mutation_id: &SharedText) -> Result<bool> {
        let applied = self.applied(client, mutation_id)?;
        let is_new = *applied == Applied::No;
        if is_new {
            *applied = Applied::Now;
        }
        Ok(is_new)
    }

    fn forget(&mut self, client: ClientNumber, mutation_id: &SharedText) -> Result<()> {
        *self.applied(client, mutation_id)? = Applied::No;
        Ok(())
    }

    fn find(&mut self, key: &ItemKey) -> Result<Option<Document>> {
        let position = self.position(key)?;
        let item = &mut self.items[position];
        let text = match (&item.written, &item.loaded) {
            (Some(written), _) => written.content.as_ref().map(|content| content.document.as_str()),
            (None, loaded) => {
                item.is_read = true;
                if !self.touched.items[position].reads_document {
                    return Err(PostgresError::NotLoaded(key.clone()).into());
                }
                loaded.as_ref().and_then(|loaded| loaded.document.as_deref())
            }
        };
        text.map(|text| serde_json::from_str(text).map_err(StoreError::DamagedDocument)).transpose()
    }

    fn exists(&mut self, key: &ItemKey) -> Result<bool> {
        let item = self.item(key)?;
        Ok(match &item.written {
            Some(written) => written.content.is_some(),
            None => {
                item.is_read = true;
                item.loaded.as_ref().is_some_and(|loaded| loaded.is_present)
            }
        })
    }

    fn insert(&mut self, key: &ItemKey, content: &StoredContent, client: ClientNumber) -> Result<bool> {
        let item = self.item(key)?;
        let is_new = item.loaded.is_none() && item.written.is_none();
        if is_new {
            self.write(key, Some(content), Some(client))?;
        }
        Ok(is_new)
    }

    fn put(&mut self, key: &ItemKey, content: &StoredContent, client: Option<ClientNumber>) -> Result<()> {
        self.write(key, Some(content), client)
    }

    fn remove(&mut self, key: &ItemKey) -> Result<()> {
        self.write(key, None, None)
    }

    fn take_step(&mut self) -> Result<()> {
        self.steps += 1;
        self.part = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation::ContentHash;

    fn key(id: &str) -> ItemKey {
        ItemKey::record("todos".into(), id.into())
    }

    fn content(text: &str) -> StoredContent {
        StoredContent { document: text.into(), digest: ContentHash::default() }
    }

    fn touched() -> Touched {
        let mut touched = Touched::default();
        touched.mutations.push((ClientNumber(1), "m".into()));
        touched.item(key("known"), true);
        touched.item(key("seen"), false);
        touched.sort();
        touched
    }

    #[test]
    fn what_was_not_loaded_is_an_error_and_not_a_record_that_does_not_exist() {
        let touched = touched();
        let mut staging = Staging::new(&touched);
        let not_loaded = |error| matches!(error, StoreError::Postgres(PostgresError::NotLoaded(_)));
        assert!(not_loaded(staging.exists(&key("other")).unwrap_err()));
        assert!(not_loaded(staging.find(&key("other")).unwrap_err()));
        assert!(not_loaded(staging.put(&key("other"), &content("{}"), None).unwrap_err()));
        assert!(not_loaded(staging.remember(ClientNumber(2), &"m".into()).unwrap_err()));
        // It was loaded without its document.
        assert!(not_loaded(staging.find(&key("seen")).unwrap_err()));
        assert!(!staging.exists(&key("seen")).unwrap());
        staging.items[1].is_left_out = true;
        assert!(not_loaded(staging.exists(&key("seen")).unwrap_err()));
    }

    #[test]
    fn a_group_sees_its_own_writes_and_each_item_has_the_place_of_the_last_one() {
        let touched = touched();
        let mut staging = Staging::new(&touched);
        assert!(staging.insert(&key("known"), &content(r#"{"a":1}"#), ClientNumber(1)).unwrap());
        staging.take_step().unwrap();
        assert!(!staging.insert(&key("known"), &content("{}"), ClientNumber(1)).unwrap());
        assert_eq!(staging.find(&key("known")).unwrap().unwrap()["a"], 1);
        staging.put(&key("seen"), &content("{}"), None).unwrap();
        staging.remove(&key("known")).unwrap();
        staging.take_step().unwrap();
        assert!(!staging.exists(&key("known")).unwrap());
        assert_eq!(staging.sequence(), 2);
        let places: Vec<_> = staging
            .items
            .iter()
            .map(|item| item.written.as_ref().map(|item| (item.step, item.part)))
            .collect();
        assert_eq!(places, [Some((2, 1)), Some((2, 0))]);
    }

    #[test]
    fn a_mutation_is_applied_once_and_may_come_again_after_it_was_rejected() {
        let touched = touched();
        let mut staging = Staging::new(&touched);
        let (client, id) = (ClientNumber(1), SharedText::from("m"));
        assert!(staging.remember(client, &id).unwrap());
        assert!(!staging.remember(client, &id).unwrap());
        staging.forget(client, &id).unwrap();
        assert!(staging.remember(client, &id).unwrap());
        staging.applied[0] = Applied::Before;
        assert!(!staging.remember(client, &id).unwrap());
    }
}
