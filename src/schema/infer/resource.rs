//! Resources: from the rows of a table, or from the JSON documents in it. What marks a row as deleted is
//! decided in [`super::deleted`].

use super::deleted::{self, deleted_when, is_watermelon};
use super::fields::{field, fields};
use super::inference::{Inference, TableKind, resource_name};
use super::key::Key;
use super::names::template;
use super::notes;
use crate::schema::inferred::{InferredKey, InferredResource, InferredStorage};
use crate::schema::table_facts::{ColumnFacts, Lookup, TableFacts};

/// The name of every record's id, which no field can have.
const RESERVED: &[&str] = &["id"];

impl<L: Lookup> Inference<'_, L> {
    /// Adds a resource for each table that holds records.
    pub(super) fn add_resources(&mut self) -> Result<(), L::Error> {
        for index in 0..self.tables.len() {
            let table = &self.tables[index];
            let Some(key) = self.kinds[index].key() else { continue };
            let name = self.names.resource(resource_name(table, &self.kinds[index]));
            let (resource, notes) = match &self.kinds[index] {
                TableKind::Documents(_) => {
                    let facts = self.lookup.documents(&table.name, "data")?;
                    let notes = notes::of_documents(&table.name, &name, &facts);
                    let resource = document_resource(table, &name, key, &facts.keys);
                    // SQL reads the values of simple names, in documents that are JSON.
                    let is_simple = |key: &ColumnFacts| {
                        key.name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
                    };
                    if facts.invalid == 0 {
                        let keys = facts.keys.into_iter().filter(is_simple).collect();
                        self.document_keys.insert(index, keys);
                    }
                    (resource, notes)
                }
                _ => {
                    let (resource, mut notes) = resource(table, &name, key);
                    notes.splice(0..0, notes::of_key(table, &resource, key));
                    (resource, notes)
                }
            };
            self.resources.insert(index, self.inferred.resources.len());
            if matches!(self.kinds[index], TableKind::Records(_)) {
                self.inferred.notes.extend(deleted::note(table));
                if is_watermelon(table) {
                    self.note(notes::watermelon(&table.name));
                }
            }
            self.inferred.notes.extend(notes);
            self.inferred.notes.extend(notes::of_generated(table));
            self.inferred.resources.push(resource);
        }
        Ok(())
    }
}

fn resource(table: &TableFacts, name: &str, key: &Key<'_>) -> (InferredResource, Vec<String>) {
    // The columns of a key of several are fields too: what refers to other records is in them.
    let refers = |column: &ColumnFacts| {
        table
            .foreign_keys
            .iter()
            .any(|key| matches!(key.columns.as_slice(), [only] if only.eq_ignore_ascii_case(&column.name)))
    };
    let is_id = |column: &ColumnFacts| {
        key.single().is_some_and(|id| id.name == column.name) && (column.name == "id" || !refers(column))
    };
    let (fields, notes) = fields(table, RESERVED, is_id);
    let storage = storage(table, key, None);
    (InferredResource { name: name.to_owned(), version: 1, storage, fields }, notes)
}

fn document_resource(
    table: &TableFacts,
    name: &str,
    key: &Key<'_>,
    keys: &[ColumnFacts],
) -> InferredResource {
    let is_field = |key: &&ColumnFacts| key.name != "id" && !key.name.is_empty();
    InferredResource {
        name: name.to_owned(),
        version: 1,
        storage: storage(table, key, Some("data".to_owned())),
        fields: keys.iter().filter(is_field).map(|key| field(key, key.name.clone())).collect(),
    }
}

fn storage(table: &TableFacts, key: &Key<'_>, document: Option<String>) -> InferredStorage {
    let id = match key.columns.as_slice() {
        [] => InferredKey::Column("rowid".to_owned()),
        [only] => InferredKey::Column(only.name.clone()),
        several => InferredKey::Columns(several.iter().map(|column| column.name.clone()).collect()),
    };
    // A key of several columns has a template by default.
    let id_format = (key.has_template && key.columns.len() < 2).then(|| template(&table.name));
    // A document may have a key that marks it, but no column.
    let deleted_when = if document.is_none() { deleted_when(table) } else { None };
    InferredStorage { table: table.name.clone(), id, id_format, document, deleted_when }
}
