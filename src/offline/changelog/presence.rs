//! Whether a record or join row is in the database: a delete made offline is pushed only when
//! its subject is not (contract 3.1, stage C).

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::offline::changelog::entry::{Entry, Reference, ReferenceKind};
use crate::offline::error::OfflineError;
use crate::offline::map::document::value_expression;
use crate::offline::map::keys::{key_condition, local_key};
use crate::offline::map::marker::Marker;
use crate::offline::sql::{Table, quoted};
use crate::schema::{IdFormat, ManyOne, Schema, Storage};

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
                let key = [(storage.id.as_str(), entry.id.as_str(), storage.id_format.as_ref())];
                Ok(!self.has_row(&storage.table, &key, None, Some(storage))?)
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
                let key = [
                    (storage.from.as_str(), reference.from.as_str(), store.from.storage.id_format.as_ref()),
                    (storage.to.as_str(), reference.to.as_str(), store.to.storage.id_format.as_ref()),
                ];
                self.has_row(&storage.table, &key, None, None)
            }
            ReferenceKind::Field(many_one) => {
                let storage = &many_one.from.storage;
                let key = [(storage.id.as_str(), reference.from.as_str(), storage.id_format.as_ref())];
                self.has_row(&storage.table, &key, Some(many_one), Some(storage))
            }
        }
    }

    /// Whether the table has a row with these ids (for each: column, id, `idFormat`) and, with
    /// `referring`, a value in the field that refers. A row of a resource, whose `storage` is given,
    /// does not count when it is marked as deleted.
    fn has_row(
        &self,
        table: &str,
        key: &[(&str, &str, Option<&IdFormat>)],
        referring: Option<&ManyOne<'_>>,
        storage: Option<&Storage>,
    ) -> Result<bool, OfflineError> {
        let failed = || OfflineError::while_doing(format!("cannot read table {}", quoted(table)));
        let Some(found) = Table::find(self.connection, table).map_err(failed())? else { return Ok(false) };
        let mut conditions = Vec::with_capacity(key.len());
        let mut values = Vec::with_capacity(key.len());
        for (column, id, format) in key {
            let Some(column) = found.column(column) else { return Ok(false) };
            let Some(value) = local_key(id, *format) else { return Ok(false) };
            values.push(value);
            conditions.push(key_condition(&column.name, values.len()));
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
        if let Some(storage) = storage
            && let Some(marker) = Marker::find(storage, &found)?
        {
            conditions.push(marker.is_live("t"));
        }
        let sql = format!("SELECT 1 FROM {} AS t WHERE {}", quoted(table), conditions.join(" AND "));
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(values), |_| Ok(())).optional())
            .map_err(failed())?;
        Ok(found.is_some())
    }
}
