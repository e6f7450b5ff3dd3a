//! The state of an inference, and its first step: whether a table becomes a resource. Which tables link
//! records is decided in [`super::link`].

use std::collections::HashMap;

use super::guess::Guesses;
use super::key::{self, Choice, Key};
use super::names::Names;
use super::notes;
use super::tool_tables::{POWERSYNC_DATA, tool_of};
use crate::schema::inferred::Inferred;
use crate::schema::table_facts::{ColumnFacts, DatabaseFacts, Lookup, TableFacts};

/// The state of an inference. Tables are identified by their indexes in the facts.
pub(super) struct Inference<'f, L> {
    pub(super) tables: &'f [TableFacts],
    /// The indexes of tables by their names in lower case.
    pub(super) by_table: HashMap<String, usize>,
    /// What each table becomes.
    pub(super) kinds: Vec<TableKind<'f>>,
    pub(super) names: Names,
    /// The indexes of resources by those of their tables.
    pub(super) resources: HashMap<usize, usize>,
    /// The keys of documents whose names may suggest a reference, by the indexes of tables.
    pub(super) document_keys: HashMap<usize, Vec<ColumnFacts>>,
    pub(super) guesses: Guesses,
    pub(super) lookup: &'f L,
    pub(super) inferred: Inferred,
}

/// What a table becomes.
pub(super) enum TableKind<'f> {
    /// Nothing; a note says why.
    Skipped,
    /// A resource whose records are rows.
    Records(Key<'f>),
    /// A resource whose records are JSON documents.
    Documents(Key<'f>),
    /// A many-many relation.
    Link(Link<'f>),
}

/// A table whose rows link two records.
pub(super) struct Link<'f> {
    /// The columns of its two ends, and the indexes of the tables that they refer to.
    pub(super) ends: [(&'f ColumnFacts, usize); 2],
    /// The relation's name in a table of the default layout.
    pub(super) name: Option<String>,
    /// Whether foreign keys declare both ends, or the name of the table does.
    pub(super) is_declared: bool,
}

impl TableKind<'_> {
    /// The key of a resource.
    pub(super) fn key(&self) -> Option<&Key<'_>> {
        match self {
            Self::Records(key) | Self::Documents(key) => Some(key),
            Self::Skipped | Self::Link(_) => None,
        }
    }
}

impl<'f, L: Lookup> Inference<'f, L> {
    /// An inference before its first step.
    pub(super) fn new(facts: &'f DatabaseFacts, lookup: &'f L) -> Self {
        Self {
            tables: &facts.tables,
            by_table: HashMap::new(),
            kinds: Vec::with_capacity(facts.tables.len()),
            names: Names::default(),
            resources: HashMap::new(),
            document_keys: HashMap::new(),
            guesses: Guesses::new(std::iter::empty(), &[]),
            lookup,
            inferred: Inferred { resources: Vec::new(), relations: Vec::new(), notes: Vec::new() },
        }
    }

    /// Ends with the notes that belong to no resource.
    pub(super) fn finish(mut self, facts: &DatabaseFacts) -> Result<Inferred, L::Error> {
        self.inferred.notes.extend(notes::of_others(&facts.others));
        self.inferred.notes.extend(notes::queue_note(&self.lookup.queued()?));
        Ok(self.inferred)
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.inferred.notes.push(note.into());
    }

    /// Decides for each table whether it holds records, and what their key is.
    pub(super) fn classify(&mut self) -> Result<(), L::Error> {
        for (index, table) in self.tables.iter().enumerate() {
            self.by_table.insert(table.name.to_ascii_lowercase(), index);
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
                    Choice::None { why } => {
                        self.note(notes::no_key(&table.name, &why));
                        TableKind::Skipped
                    }
                    Choice::Key(key) if is_documents(table, &key) => TableKind::Documents(key),
                    Choice::Key(key) => TableKind::Records(key),
                },
            };
            self.kinds.push(kind);
        }
        let records = self.tables.iter().zip(&self.kinds).enumerate();
        let named = records.filter_map(|(index, (table, kind))| {
            // A reference holds one value.
            kind.key()?.single().map(|_| (resource_name(table, kind), index))
        });
        self.guesses = Guesses::new(named, &self.lookup.entity_tables()?);
        Ok(())
    }
}

/// The name of a table's resource, unless another resource has it.
pub(super) fn resource_name<'t>(table: &'t TableFacts, kind: &TableKind<'_>) -> &'t str {
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
