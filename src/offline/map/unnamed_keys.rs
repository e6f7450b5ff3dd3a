//! Keys of documents that the schema does not name: they are not uploaded, and a warning names them
//! (contract 1.2). Documents are mapped in [`super::document`].

use std::collections::{BTreeSet, HashSet};

use crate::offline::map::fields::MappedField;

/// Maximum number of keys that a warning lists.
const MAX_LISTED_KEYS: usize = 20;

/// Collects keys that the schema does not name, and counts the documents that have one.
#[derive(Debug, Default)]
pub(crate) struct UnnamedKeys {
    /// The keys that the schema names.
    named: HashSet<String>,
    /// The first of the others, by name.
    keys: BTreeSet<String>,
    /// The number of documents that have one.
    documents: u64,
}

impl UnnamedKeys {
    /// No keys yet; `fields` are those that the schema names.
    pub(crate) fn new(fields: &[MappedField]) -> Self {
        // Some documents repeat their record's id.
        let named = fields.iter().map(|field| field.column.clone()).chain(["id".to_owned()]).collect();
        Self { named, ..Self::default() }
    }

    /// Notes the keys of a document.
    pub(crate) fn note<'k>(&mut self, keys: impl Iterator<Item = &'k str>) {
        let mut has_unnamed = false;
        for key in keys {
            if self.named.contains(key) {
                continue;
            }
            has_unnamed = true;
            if !self.keys.contains(key) {
                self.keys.insert(key.to_owned());
                self.keep_first();
            }
        }
        self.documents += u64::from(has_unnamed);
    }

    /// Adds those of other documents.
    pub(crate) fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.keys.extend(other.keys);
        self.keep_first();
    }

    /// One more than is listed says that there are more.
    fn keep_first(&mut self) {
        while self.keys.len() > MAX_LISTED_KEYS + 1 {
            self.keys.pop_last();
        }
    }

    /// The warning about them; `None` where all keys are named.
    pub(crate) fn warning(&self, resource: &str) -> Option<String> {
        if self.documents == 0 {
            return None;
        }
        let listed: Vec<_> = self.keys.iter().take(MAX_LISTED_KEYS).map(|key| format!("`{key}`")).collect();
        let more = if self.keys.len() > MAX_LISTED_KEYS { " and more" } else { "" };
        let documents = if self.documents == 1 {
            "1 document has".to_owned()
        } else {
            format!("{} documents have", self.documents)
        };
        Some(format!(
            "{documents} keys that the schema does not name for `{resource}`, which are not uploaded: {}{more} \
             (`synctool schema infer` names all keys)",
            listed.join(", ")
        ))
    }
}
