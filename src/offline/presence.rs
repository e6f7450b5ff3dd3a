//! Whether a record or join row is there: a delete is pushed only for what is gone.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::entry::Entry;
use super::error::OfflineError;
use super::sql::{Table, quoted};
use crate::schema::{IdFormat, Schema};

/// Looks up subjects of change log entries in one state of the database.
pub(super) struct Presence<'a> {
    connection: &'a Connection,
    schema: &'a Schema,
}

impl<'a> Presence<'a> {
    pub(super) fn new(connection: &'a Connection, schema: &'a Schema) -> Self {
        Self { connection, schema }
    }

    /// Reduces a delete or unrelate to what is not there any more; returns whether anything
    /// is left of it. Other operations leave nothing: the upload itself covers them.
    pub(super) fn keep_absent(&mut self, entry: &mut Entry) -> Result<bool, OfflineError> {
        match entry.operation.as_str() {
            "delete" => {
                let Some(resource) = self.schema.resource(&entry.resource) else { return Ok(false) };
                let storage = &resource.storage;
                let key = [(storage.id.as_str(), entry.id.as_str(), storage.id_format.as_ref())];
                Ok(!self.has_row(&storage.table, &key)?)
            }
            "unrelate" => {
                let mut absent = Vec::new();
                for reference in entry.references(self.schema) {
                    let (storage, from, to) =
                        (reference.store.storage(), reference.store.from, reference.store.to);
                    let key = [
                        (storage.from.as_str(), reference.from.as_str(), from.storage.id_format.as_ref()),
                        (storage.to.as_str(), reference.to.as_str(), to.storage.id_format.as_ref()),
                    ];
                    if !self.has_row(&storage.table, &key)? {
                        let is_forward = from.name == entry.resource && reference.from == entry.id;
                        let name = if is_forward {
                            Some(reference.store.relation.name.clone())
                        } else {
                            reference.store.relation.inverse.clone()
                        };
                        let other = if is_forward { reference.to } else { reference.from };
                        absent.extend(name.map(|name| (name, other)));
                    }
                }
                Ok(entry.retain_references(|name, id| {
                    absent.iter().any(|(relation, other)| relation == name && other == id)
                }))
            }
            _ => Ok(false),
        }
    }

    /// Whether the table has a row with these ids: column, id and template of each.
    fn has_row(&self, table: &str, key: &[(&str, &str, Option<&IdFormat>)]) -> Result<bool, OfflineError> {
        let failed = || OfflineError::while_doing(format!("cannot read table {}", quoted(table)));
        let Some(found) = Table::find(self.connection, table).map_err(failed())? else { return Ok(false) };
        let mut conditions = Vec::with_capacity(key.len());
        let mut values = Vec::with_capacity(key.len());
        for (column, id, format) in key {
            let Some(column) = found.column(column) else { return Ok(false) };
            let Some(value) = local_key(id, *format, column.has_integer_affinity()) else { return Ok(false) };
            values.push(value);
            conditions.push(format!("{} = ?{} COLLATE BINARY", quoted(&column.name), values.len()));
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

/// The value of a key column for an id: the inverse of `idFormat`. `None` when the id is
/// not of the template.
pub(super) fn local_key(id: &str, format: Option<&IdFormat>, is_integer: bool) -> Option<SqlValue> {
    let Some(format) = format else { return Some(SqlValue::Text(id.to_owned())) };
    let key = format.key(id)?;
    match key.parse::<i64>() {
        // "007" is no integer's text, so it must have been text before.
        Ok(number) if is_integer && number.to_string() == key => Some(SqlValue::Integer(number)),
        _ => Some(SqlValue::Text(key.to_owned())),
    }
}
