//! Whether a record or join row is in the database: a delete made offline is pushed only when
//! its subject is not (contract 3.1, stage C).

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::offline::changelog::entry::{Entry, Reference, ReferenceKind};
use crate::offline::error::OfflineError;
use crate::offline::map::document::value_expression;
use crate::offline::map::keys::Key;
use crate::offline::map::marker::Marker;
use crate::offline::sql::{Table, quoted};
use crate::schema::{IdFormat, ManyOne, Resource, Schema, Storage};

/// Looks up the subjects of change log entries in a snapshot.
pub(super) struct Presence<'a> {
    connection: &'a Connection,
    schema: &'a Schema,
    /// The queries that were made before, by table and columns.
    lookups: RefCell<HashMap<String, Option<Lookup>>>,
}

/// An id of a subject, and the columns and the template that it is made with.
struct SubjectId<'a> {
    columns: &'a [String],
    format: Option<&'a IdFormat>,
    id: &'a str,
}

/// A query that finds a row by its ids.
struct Lookup {
    keys: Vec<Key>,
    sql: String,
}

impl<'a> SubjectId<'a> {
    fn of_record(storage: &'a Storage, id: &'a str) -> Self {
        Self { columns: &storage.id, format: storage.id_format.as_ref(), id }
    }

    /// The id at one end of a join row.
    fn of_end(column: &'a String, resource: &'a Resource, id: &'a str) -> Self {
        Self { columns: std::slice::from_ref(column), format: resource.storage.reference_format(), id }
    }
}

impl<'a> Presence<'a> {
    pub(super) fn new(connection: &'a Connection, schema: &'a Schema) -> Self {
        Self { connection, schema, lookups: RefCell::default() }
    }

    /// Reduces a delete or unrelate to the subjects that are not in the database; returns whether
    /// any is left. For other operations it returns false: the upload sends their state.
    pub(super) fn keep_absent(&self, entry: &mut Entry) -> Result<bool, OfflineError> {
        match entry.operation.as_str() {
            "delete" => {
                let Some(resource) = self.schema.resource(&entry.resource) else { return Ok(false) };
                let storage = &resource.storage;
                let id = SubjectId::of_record(storage, &entry.id);
                Ok(!self.has_row(&storage.table, &[id], None, Some(storage))?)
            }
            "unrelate" => {
                // A reference that the schema lacks is dropped. One that can be stored in several
                // places is absent when it is in none of them.
                let mut is_present = HashMap::new();
                for reference in entry.references(self.schema) {
                    let is_stored = self.has_reference(&reference)?;
                    *is_present.entry((reference.name, reference.other)).or_default() |= is_stored;
                }
                Ok(entry.retain_references(|name, id| {
                    is_present.get(&(name.to_owned(), id.to_owned())) == Some(&false)
                }))
            }
            _ => Ok(false),
        }
    }

    /// Whether the reference is stored. A many-one field that holds another id counts too: the
    /// upload sends that field.
    fn has_reference(&self, reference: &Reference<'_>) -> Result<bool, OfflineError> {
        match &reference.kind {
            ReferenceKind::JoinRow(store) => {
                let storage = store.storage();
                let ids = [
                    SubjectId::of_end(&storage.from, store.from, &reference.from),
                    SubjectId::of_end(&storage.to, store.to, &reference.to),
                ];
                self.has_row(&storage.table, &ids, None, None)
            }
            ReferenceKind::Field(many_one) => {
                let storage = &many_one.from.storage;
                let id = SubjectId::of_record(storage, &reference.from);
                self.has_row(&storage.table, &[id], Some(many_one), Some(storage))
            }
        }
    }

    /// Whether the table has a row with these ids and, with `referring`, a value in the field that
    /// refers. A row of a resource, whose `storage` is given, does not count when it is marked as
    /// deleted.
    fn has_row(
        &self,
        table: &str,
        ids: &[SubjectId<'_>],
        referring: Option<&ManyOne<'_>>,
        storage: Option<&Storage>,
    ) -> Result<bool, OfflineError> {
        let columns: Vec<_> = ids.iter().map(|id| id.columns).collect();
        let field = referring.map(|reference| reference.fk_field);
        let name = format!("{table:?} {columns:?} {field:?} {}", storage.is_some());
        let mut lookups = self.lookups.borrow_mut();
        let lookup = match lookups.entry(name) {
            MapEntry::Occupied(known) => known.into_mut(),
            MapEntry::Vacant(place) => place.insert(self.lookup(table, ids, referring, storage)?),
        };
        let Some(Lookup { keys, sql }) = lookup else { return Ok(false) };
        let mut values = Vec::new();
        for (key, subject) in keys.iter().zip(ids) {
            let Some(parameters) = key.parameters(subject.id) else { return Ok(false) };
            values.extend(parameters);
        }
        let found = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(values), |_| Ok(())).optional())
            .map_err(reading(table))?;
        Ok(found.is_some())
    }

    /// The query for [`Presence::has_row`]; `None` when the table or a column is missing.
    fn lookup(
        &self,
        table: &str,
        ids: &[SubjectId<'_>],
        referring: Option<&ManyOne<'_>>,
        storage: Option<&Storage>,
    ) -> Result<Option<Lookup>, OfflineError> {
        let found = Table::find(self.connection, table).map_err(reading(table))?;
        let Some(found) = found else { return Ok(None) };
        let (mut keys, mut conditions, mut parameters) = (Vec::new(), Vec::new(), 0);
        for SubjectId { columns, format, .. } in ids {
            let key = Key::find(self.connection, table, &found, columns, *format).map_err(reading(table))?;
            let Some(key) = key.key() else { return Ok(None) };
            conditions.push(key.condition(parameters));
            parameters += key.parameter_count();
            keys.push(key);
        }
        if let Some(ManyOne { from, fk_field, .. }) = referring {
            let column = from.field(fk_field).map_or(*fk_field, |field| field.column());
            match &from.storage.document {
                Some(document) => {
                    let value = value_expression(&quoted(document), column);
                    conditions.push(format!("{value} IS NOT NULL"));
                }
                None => match found.column(column) {
                    Some(column) => conditions.push(format!("{} IS NOT NULL", quoted(&column.name))),
                    None => return Ok(None),
                },
            }
        }
        if let Some(storage) = storage
            && let Some(marker) = Marker::find(storage, &found)?
        {
            conditions.push(marker.is_live("t"));
        }
        let sql = format!("SELECT 1 FROM {} AS t WHERE {}", quoted(table), conditions.join(" AND "));
        Ok(Some(Lookup { keys, sql }))
    }
}

/// For `map_err`: SQLite failed to read the table.
fn reading(table: &str) -> impl FnOnce(rusqlite::Error) -> OfflineError + use<> {
    OfflineError::while_doing(format!("cannot read table {}", quoted(table)))
}
