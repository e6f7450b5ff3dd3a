//! The tables that a clone has made: makes them, and makes one anew when its keys are of another kind than
//! was assumed. Which kinds there are is decided in [`super::key_kind`].

use std::collections::HashSet;

use rusqlite::Connection;

use super::key_kind::KeyKind;
use super::layout::{IdPlace, Layout, Place};
use super::table::NewTable;
use crate::offline::error::OfflineError;
use crate::offline::sql::{Table, quoted};
use crate::offline::write::local_table::is_empty;
use crate::protocol::{Op, PullAnswer, PulledChange};

/// The name of a table while it is made anew.
const ANEW: &str = "__datafn_made_anew";

/// The tables of a clone.
#[derive(Debug, Clone)]
pub(in crate::offline::write) struct MadeTables {
    layout: Layout,
    /// The names of the tables that the clone has made; the others were there.
    made: HashSet<String>,
    /// The names in the feed whose keys have been looked at.
    seen: HashSet<String>,
}

/// How the values of a key are found to be of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Because {
    /// They are the first ones.
    OfFirst,
    /// They do not fit.
    OfMisfit,
}

impl MadeTables {
    /// The tables of a clone, of which these have been made.
    pub(in crate::offline::write) fn new(layout: Layout, made: HashSet<String>) -> Self {
        Self { layout, made, seen: HashSet::new() }
    }

    /// The names of the tables that the clone has made.
    pub(in crate::offline::write) fn names(&self) -> &HashSet<String> {
        &self.made
    }

    /// Makes the tables that are missing.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when SQLite cannot make one.
    pub(in crate::offline::write) fn make(&mut self, connection: &Connection) -> Result<(), OfflineError> {
        for table in &self.layout.tables {
            if Table::find(connection, &table.name).map_err(failed(table))?.is_none() {
                connection.execute_batch(&table.create(&table.name)).map_err(failed(table))?;
                self.made.insert(table.name.clone());
            }
        }
        Ok(())
    }

    /// Whether a page has names whose keys have not been looked at.
    pub(in crate::offline::write) fn has_unseen(&self, page: &PullAnswer) -> bool {
        page.tables().iter().any(|name| !self.seen.contains(name))
    }

    /// Before a page is applied: makes empty tables anew whose first keys, which are in the page, are of
    /// another kind. Returns whether there were any.
    pub(in crate::offline::write) fn look_at_first_keys(
        &mut self,
        connection: &Connection,
        page: &PullAnswer,
    ) -> Result<bool, OfflineError> {
        let mut unseen: HashSet<_> = page.tables().iter().filter(|name| !self.seen.contains(*name)).collect();
        let mut first = Vec::new();
        for change in page.changes().filter(|change| change.op == Op::Upsert) {
            if unseen.take(&change.table.to_owned()).is_some() {
                self.seen.insert(change.table.to_owned());
                first.push(change);
            }
        }
        self.adapt(connection, &first, Because::OfFirst)
    }

    /// After a page was applied: makes tables anew, with all their rows, whose keys do not fit the ids of
    /// these changes. Returns whether there were any.
    pub(in crate::offline::write) fn make_room_for(
        &mut self,
        connection: &Connection,
        misfits: &[PulledChange<'_>],
    ) -> Result<bool, OfflineError> {
        self.adapt(connection, misfits, Because::OfMisfit)
    }

    fn adapt(
        &mut self,
        connection: &Connection,
        changes: &[PulledChange<'_>],
        because: Because,
    ) -> Result<bool, OfflineError> {
        let mut other_kinds = HashSet::new();
        for change in changes {
            let Some(place) = self.layout.places.get(change.table).cloned() else { continue };
            let table = &self.layout.tables[place.table];
            let is_empty = || is_empty(connection, &table.name).map_err(failed(table));
            if !self.made.contains(&table.name) || (because == Because::OfFirst && !is_empty()?) {
                continue;
            }
            let kinds = self.key_kinds(&place, change, because);
            let key = &mut self.layout.tables[place.table].key;
            for (column, kind) in kinds {
                if std::mem::replace(&mut key[column].kind, kind) != kind {
                    other_kinds.insert(place.table);
                }
            }
        }
        for index in &other_kinds {
            make_anew(connection, &self.layout.tables[*index])?;
        }
        Ok(!other_kinds.is_empty())
    }

    /// The kinds that the columns of a key have because of a change, by the column's index.
    fn key_kinds(&self, place: &Place, change: &PulledChange<'_>, because: Because) -> Vec<(usize, KeyKind)> {
        let tables = &self.layout.tables;
        let kind_for = |(at, column, text): (&IdPlace, usize, String)| {
            let key = tables[place.table].key.get(column).filter(|key| !key.is_fixed)?;
            let target = at.target.and_then(|target| tables[target].key.first());
            let kind = match because {
                Because::OfMisfit if key.kind.fits(&text) => key.kind,
                Because::OfMisfit => KeyKind::Any,
                // What may be digits or text is a BLOB if the keys that it refers to are.
                Because::OfFirst if target.is_some_and(|key| key.kind == KeyKind::Blob) => KeyKind::Blob,
                Because::OfFirst => KeyKind::of(&text, at.columns.len() == 1),
            };
            Some((column, kind))
        };
        texts(place, change).into_iter().filter_map(kind_for).collect()
    }
}

/// The texts from which the templates make the ids of a change, each with its id and its column in the
/// key.
fn texts<'p>(place: &'p Place, change: &PulledChange<'_>) -> Vec<(&'p IdPlace, usize, String)> {
    let ids = match place.ids.len() {
        1 => change.id().map(|id| vec![id]),
        _ => change.ends().map(Vec::from),
    };
    let mut texts = Vec::new();
    for (id, at) in ids.into_iter().flatten().zip(&place.ids) {
        // An id that the template does not make says nothing.
        let keys = at.format.as_ref().and_then(|format| format.keys(&id)).unwrap_or_default();
        texts.extend(at.columns.clone().zip(keys).map(|(column, text)| (at, column, text)));
    }
    texts
}

/// Makes a table anew with all its rows.
fn make_anew(connection: &Connection, table: &NewTable) -> Result<(), OfflineError> {
    let (old, anew, columns) = (quoted(&table.name), quoted(ANEW), table.column_list());
    let sql = format!(
        "{}; INSERT INTO {anew} ({columns}) SELECT {columns} FROM {old}; DROP TABLE {old}; \
         ALTER TABLE {anew} RENAME TO {old}",
        table.create(ANEW)
    );
    connection.execute_batch(&sql).map_err(failed(table))
}

/// For `map_err`: SQLite failed to make a table.
fn failed(table: &NewTable) -> impl FnOnce(rusqlite::Error) -> OfflineError + use<> {
    OfflineError::while_doing(format!("cannot make table {}", quoted(&table.name)))
}
