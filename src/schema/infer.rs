//! Inference of a schema for a database that was not made for synctool, from its tables, keys and
//! values. A pure function of [`DatabaseFacts`] and the answers of a [`Lookup`]: the same database
//! gives the same schema.
//!
//! The facts are collected by [`crate::offline`]; the result is an [`Inferred`]. What it prints
//! works: a database can be uploaded with the schema that is inferred for it.
//!
//! * `key`: of which columns the ids are made;
//! * `kind`: the types of fields;
//! * `link`: many-many relations; `reference`: many-one relations; `guess`: undeclared ones;
//! * `names`, `notes`, `tool_tables`: names that must be unique, what is said, and what is skipped.

mod guess;
mod key;
mod kind;
mod link;
mod names;
mod notes;
mod reference;
mod tool_tables;

use std::collections::HashMap;

use guess::Guesses;
use key::Key;
use link::Link;
use names::{Names, template};
pub use notes::{other_note, queue_note};
use tool_tables::POWERSYNC_DATA;
pub use tool_tables::tool_of;

use super::infer_deleted::{self, WATERMELON, deleted_when, is_watermelon};
use super::inferred::{Inferred, InferredField, InferredKey, InferredResource, InferredStorage};
use super::table_facts::{ColumnFacts, DatabaseFacts, Lookup, TableFacts};
use crate::protocol::RESERVED_PREFIX;

/// The name of every record's id, which no field can have.
const RESERVED: &[&str] = &["id"];

/// Infers a schema from the facts about a database's tables, and further questions about their rows.
///
/// # Errors
/// What a question failed with.
pub fn infer<L: Lookup>(facts: &DatabaseFacts, lookup: &L) -> Result<Inferred, L::Error> {
    let inferred = Inferred { resources: Vec::new(), relations: Vec::new(), notes: Vec::new() };
    let mut inference = Inference {
        tables: &facts.tables,
        by_table: HashMap::new(),
        kinds: Vec::with_capacity(facts.tables.len()),
        names: Names::default(),
        resources: HashMap::new(),
        document_keys: HashMap::new(),
        guesses: Guesses::new(std::iter::empty(), &[]),
        lookup,
        inferred,
    };
    inference.classify()?;
    inference.find_links()?;
    inference.add_resources()?;
    inference.add_references()?;
    inference.add_links();
    inference.inferred.notes.extend(notes::of_others(&facts.others));
    inference.inferred.notes.extend(queue_note(&lookup.queued()?));
    Ok(inference.inferred)
}

/// An inference that goes on. Tables are known by their places in the facts.
struct Inference<'f, L> {
    tables: &'f [TableFacts],
    /// The places of tables by their names in lower case.
    by_table: HashMap<String, usize>,
    kinds: Vec<TableKind<'f>>,
    names: Names,
    /// The places of the resources of tables.
    resources: HashMap<usize, usize>,
    /// The keys of documents whose names may say what they refer to, by the places of tables.
    document_keys: HashMap<usize, Vec<ColumnFacts>>,
    guesses: Guesses,
    lookup: &'f L,
    inferred: Inferred,
}

/// What a table becomes.
enum TableKind<'f> {
    /// Nothing: what is to be said about it is said.
    Skipped,
    /// A resource whose records are rows.
    Records(Key<'f>),
    /// A resource whose records are JSON documents.
    Documents(Key<'f>),
    /// A many-many relation.
    Link(Link<'f>),
}

impl TableKind<'_> {
    /// The key of a resource.
    fn key(&self) -> Option<&Key<'_>> {
        match self {
            Self::Records(key) | Self::Documents(key) => Some(key),
            Self::Skipped | Self::Link(_) => None,
        }
    }
}

impl<L: Lookup> Inference<'_, L> {
    fn note(&mut self, note: impl Into<String>) {
        self.inferred.notes.push(note.into());
    }

    /// Decides for each table whether it holds records, and what their key is.
    fn classify(&mut self) -> Result<(), L::Error> {
        for (place, table) in self.tables.iter().enumerate() {
            self.by_table.insert(table.name.to_ascii_lowercase(), place);
            let kind = match tool_of(&table.name) {
                Some(tool) => {
                    self.note(notes::tool_table(&table.name, tool));
                    TableKind::Skipped
                }
                None if table.name.is_empty() => {
                    self.note("a table is left out: it has no name, and a schema cannot name it");
                    TableKind::Skipped
                }
                None => match key::key(table, self.lookup)? {
                    Err(why) => {
                        self.note(notes::no_key(&table.name, &why));
                        TableKind::Skipped
                    }
                    Ok(key) if is_documents(table, &key) => TableKind::Documents(key),
                    Ok(key) => TableKind::Records(key),
                },
            };
            self.kinds.push(kind);
        }
        let records = self.tables.iter().zip(&self.kinds).enumerate();
        let named = records.filter_map(|(place, (table, kind))| {
            // A reference holds one value.
            kind.key()?.single().map(|_| (resource_name(table, kind), place))
        });
        self.guesses = Guesses::new(named, &self.lookup.entity_tables()?);
        Ok(())
    }

    fn add_resources(&mut self) -> Result<(), L::Error> {
        for place in 0..self.tables.len() {
            let table = &self.tables[place];
            let Some(key) = self.kinds[place].key() else { continue };
            let name = self.names.resource(resource_name(table, &self.kinds[place]));
            let (resource, notes) = match &self.kinds[place] {
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
                        self.document_keys.insert(place, keys);
                    }
                    (resource, notes)
                }
                _ => {
                    let (resource, mut notes) = resource(table, &name, key);
                    notes.splice(0..0, notes::of_key(table, &resource, key));
                    (resource, notes)
                }
            };
            self.resources.insert(place, self.inferred.resources.len());
            if matches!(self.kinds[place], TableKind::Records(_)) {
                self.inferred.notes.extend(infer_deleted::note(table));
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

/// The name of a table's resource, where no other has it.
fn resource_name<'t>(table: &'t TableFacts, kind: &TableKind<'_>) -> &'t str {
    match kind {
        TableKind::Documents(_) => table.name.strip_prefix(POWERSYNC_DATA).unwrap_or(&table.name),
        _ => &table.name,
    }
}

/// Whether a table is one in which PowerSync stores documents.
fn is_documents(table: &TableFacts, key: &Key<'_>) -> bool {
    table.name.len() > POWERSYNC_DATA.len()
        && table.name.starts_with(POWERSYNC_DATA)
        && key.single().is_some_and(|id| id.name == "id")
        && table.column("data").is_some()
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

/// The fields of a table, and what is to be said about them. `reserved` are names that no field can
/// have.
fn fields(
    table: &TableFacts,
    reserved: &[&str],
    is_skipped: impl Fn(&ColumnFacts) -> bool,
) -> (Vec<InferredField>, Vec<String>) {
    let is_watermelon = is_watermelon(table);
    let is_own = |column: &ColumnFacts| {
        is_watermelon && WATERMELON.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
    };
    let (mut fields, mut notes) = (Vec::new(), Vec::new());
    let columns = || table.columns.iter().filter(|column| !is_skipped(column) && !is_own(column));
    let is_taken =
        |name: &str| reserved.contains(&name) || table.columns.iter().any(|column| column.name == name);
    for column in columns() {
        if let Some(why) = why_left_out(column) {
            notes.push(notes::left_out_column(&table.name, column, why));
            continue;
        }
        let mut name = column.name.clone();
        if reserved.contains(&name.as_str()) {
            while is_taken(&name) {
                name.push('_');
            }
            notes.push(notes::renamed(&table.name, &column.name, &name));
        }
        fields.push(field(column, name));
    }
    notes.extend(notes::of_json(&table.name, columns()));
    (fields, notes)
}

/// Why a column cannot be uploaded (contract 1.2).
fn why_left_out(column: &ColumnFacts) -> Option<&'static str> {
    match () {
        () if column.name.is_empty() => Some("it has no name"),
        () if column.name.starts_with(RESERVED_PREFIX) => Some("its name is reserved"),
        () if column.has_infinity => Some("it holds an infinite number, which JSON cannot express"),
        () if column.has_invalid_text => Some("it holds text that is not UTF-8"),
        () => None,
    }
}

fn field(column: &ColumnFacts, name: String) -> InferredField {
    InferredField {
        column: (name != column.name).then(|| column.name.clone()),
        name,
        kind: kind::kind(column),
        required: column.is_not_null && !column.has_null,
        nullable: !column.is_not_null || column.has_null,
    }
}
