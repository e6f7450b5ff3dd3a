//! Whether a record or join row is in the database: a delete made offline is pushed only when
//! its subject is not (contract 3.1, stage C).

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::offline::changelog::entry::{Entry, Reference, ReferenceKind};
use crate::offline::error::OfflineError;
use crate::offline::map::document::value_expression;
use crate::offline::map::keys::Key;
use crate::offline::sql::{Table, quoted};
use crate::schema::{IdFormat, ManyOne, Schema};

/// Looks up the subjects of change log entries in a snapshot.
pub(super) struct Presence<'a> {
    connection: &'a Connection,
    schema: &'a Schema,
}

impl<'a> Presence<'a> {
    pub(super) fn new(connection: &'a Connection, schema: &'a Schema) -> Self {
        Self { connection, schema }
    }

    /// Reduces a delete or unrelate to the subjects that are not in the database; returns whether
    /// any is left. For other operations it returns false: the upload sends their state.
    pub(super) fn keep_absent(&self, entry: &mut Entry) -> Result<bool, OfflineError> {
        match entry.operation.as_str() {
            "delete" => {
                let Some(resource) = self.schema.resource(&entry.resource) else { return Ok(false) };
                let storage = &resource.storage;
                let id = (&*storage.id, storage.id_format.as_ref(), &*entry.id);
                Ok(!self.has_row(&storage.table, &[id], None)?)
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
                let (from, to) = (&store.from.storage, &store.to.storage);
                let ids = [
                    (std::slice::from_ref(&storage.from), from.reference_format(), &*reference.from),
                    (std::slice::from_ref(&storage.to), to.reference_format(), &*reference.to),
                ];
                self.has_row(&storage.table, &ids, None)
            }
            ReferenceKind::Field(many_one) => {
                let storage = &many_one.from.storage;
                let id = (&*storage.id, storage.id_format.as_ref(), &*reference.from);
                self.has_row(&storage.table, &[id], Some(many_one))
            }
        }
    }

    /// Whether the table has a row with these ids (for each: columns, `idFormat`, id) and, with
    /// `referring`, a value in the field that refers.
    fn has_row(
        &self,
        table: &str,
        ids: &[(&[String], Option<&IdFormat>, &str)],
        referring: Option<&ManyOne<'_>>,
    ) -> Result<bool, OfflineError> {
        let failed = || OfflineError::while_doing(format!("cannot read table {}", quoted(table)));
        let Some(found) = Table::find(self.connection, table).map_err(failed())? else { return Ok(false) };
        let mut conditions = Vec::with_capacity(ids.len());
        let mut values = Vec::with_capacity(ids.len());
        for (columns, format, id) in ids {
            let key = Key::find(self.connection, table, &found, columns, *format).map_err(failed())?;
            let Ok(key) = key else { return Ok(false) };
            let Some(parameters) = key.parameters(id) else { return Ok(false) };
            conditions.push(key.condition(values.len()));
            values.extend(parameters);
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
                    None => return Ok(false),
                },
            }
        }
        let sql = format!("SELECT 1 FROM {} WHERE {}", quoted(table), conditions.join(" AND "));
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(values), |_| Ok(())).optional())
            .map_err(failed())?;
        Ok(found.is_some())
    }
}
