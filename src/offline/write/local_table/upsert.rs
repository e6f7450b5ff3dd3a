//! Writing a pulled record or join row into its table: inserts the row, or updates the values
//! that differ. Whether it may be written at all is decided in
//! [`crate::offline::write::finalizer`].

use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde_json::{Map, Value};

use crate::offline::error::OfflineError;
use crate::offline::map::document;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::revived::Revived;
use crate::offline::write::local_table::table::LocalTable;

impl LocalTable {
    /// Writes a pulled record into the row with these ids: schema fields that the record lacks
    /// become NULL, local-only columns stay, and a value that maps to the pulled one is not
    /// replaced (contract 1.2).
    ///
    /// Returns false, and writes nothing, when the record does not fit the table: no row can have
    /// its id, or none that can be uploaded, a value could not be uploaded again, or the mark of a deleted row cannot be cleared.
    pub(crate) fn upsert(
        &self,
        connection: &Connection,
        ids: &[&str],
        record: &Map<String, Value>,
    ) -> Result<bool, OfflineError> {
        // The plan of every later upload would refuse an empty id (contract 3.1.1).
        if ids.iter().any(|id| id.is_empty()) {
            return Ok(false);
        }
        let Some(keys) = self.key_parameters(ids) else { return Ok(false) };
        let pulled: Vec<&Value> =
            self.fields.iter().map(|field| record.get(&field.name).unwrap_or(&Value::Null)).collect();
        if !self.fields.iter().zip(&pulled).all(|(field, value)| field.mapping.accepts(value)) {
            return Ok(false);
        }
        let revived = self.revived(connection, &keys)?;
        if matches!(revived, Revived::Impossible) {
            return Ok(false);
        }
        if let Some(foreign) = &self.foreign_collations {
            if self.key_values(ids).is_none() {
                return Ok(false);
            }
            // Clearing the mark of a deleted row writes to the table as well.
            return match revived {
                Revived::By(_) => Err(self.refusal(foreign)),
                _ => self.refuse_upsert(foreign, &keys, record, &pulled).map(|()| true),
            };
        }
        if let Some(column) = &self.document {
            if !self.upsert_document(connection, ids, keys.clone(), column, record)? {
                return Ok(false);
            }
        } else {
            match self.differences(connection, &keys, &pulled)? {
                None => match self.key_values_of_record(ids, &pulled) {
                    Some(keys) => self.insert(connection, keys, &pulled)?,
                    None => return Ok(false),
                },
                Some(differences) if differences.is_empty() => {}
                Some(differences) => self.update(connection, keys.clone(), differences)?,
            }
        }
        if let Revived::By(sql) = revived {
            self.change(connection, &sql, keys)?;
        }
        Ok(true)
    }

    /// The fields whose stored value does not map to the pulled one, by index, with the value to
    /// store; `None` when the table has no row with these keys.
    pub(super) fn differences(
        &self,
        connection: &Connection,
        keys: &[SqlValue],
        pulled: &[&Value],
    ) -> Result<Option<Vec<(usize, SqlValue)>>, OfflineError> {
        let columns: String =
            self.fields.iter().map(|field| format!(", {}", quoted(&field.column))).collect();
        let sql = format!("SELECT 1{columns} FROM {} WHERE {}", quoted(&self.name), self.key_conditions(0));
        connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement
                    .query_row(params_from_iter(keys), |row| {
                        let mut differences = Vec::new();
                        for (index, value) in pulled.iter().enumerate() {
                            let stored = row.get_ref(index + 1)?;
                            if !self.is_key[index] && !self.fields[index].mapping.maps_to(stored, value) {
                                differences.push((index, self.to_sql(index, value, stored)));
                            }
                        }
                        Ok(differences)
                    })
                    .optional()
            })
            .map_err(failed(&self.name))
    }

    fn insert(
        &self,
        connection: &Connection,
        keys: Vec<SqlValue>,
        pulled: &[&Value],
    ) -> Result<(), OfflineError> {
        let mut columns = vec![self.key_columns()];
        let mut values = keys;
        for (index, value) in pulled.iter().enumerate() {
            // The id decides the value of a key column. A field that the record lacks is NULL; a NOT
            // NULL column gets its default instead.
            if !(self.is_key[index] || (value.is_null() && self.is_not_null[index])) {
                columns.push(quoted(&self.fields[index].column));
                values.push(self.to_sql(index, value, ValueRef::Null));
            }
        }
        self.insert_row(connection, columns, values)
    }

    /// Inserts a row with these values of the quoted `columns`. In a table whose rows can be marked as
    /// deleted, the new row is not marked.
    fn insert_row(
        &self,
        connection: &Connection,
        mut columns: Vec<String>,
        values: Vec<SqlValue>,
    ) -> Result<(), OfflineError> {
        let mut parameters: Vec<_> = (1..=values.len()).map(|index| format!("?{index}")).collect();
        if let Some((column, live_value)) = self.marker_of_new_row() {
            columns.push(column);
            parameters.push(live_value.to_owned());
        }
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quoted(&self.name),
            columns.join(", "),
            parameters.join(", ")
        );
        self.change(connection, &sql, values)
    }

    fn update(
        &self,
        connection: &Connection,
        keys: Vec<SqlValue>,
        differences: Vec<(usize, SqlValue)>,
    ) -> Result<(), OfflineError> {
        let (indexes, mut values): (Vec<_>, Vec<_>) = differences.into_iter().unzip();
        let assignments: Vec<_> = indexes
            .into_iter()
            .enumerate()
            .map(|(place, index)| format!("{} = ?{}", quoted(&self.fields[index].column), place + 1))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE {}",
            quoted(&self.name),
            assignments.join(", "),
            self.key_conditions(values.len())
        );
        values.extend(keys);
        self.change(connection, &sql, values)
    }

    /// Writes a pulled record into the row's document. Returns false when no row can have its id.
    fn upsert_document(
        &self,
        connection: &Connection,
        ids: &[&str],
        mut keys: Vec<SqlValue>,
        column: &str,
        record: &Map<String, Value>,
    ) -> Result<bool, OfflineError> {
        let stored = self.stored_document(connection, &keys, column)?;
        let (table, column) = (quoted(&self.name), quoted(column));
        let mut document = match stored.as_ref().map(|value| document::parse(value.into())) {
            Some(Ok(document)) => document,
            // A stored value that is not a JSON object cannot be uploaded. The pulled record is
            // the full state (contract 1.2), so it replaces such a value.
            Some(Err(_)) | None => Map::new(),
        };
        let has_changed = document::merge(&mut document, &self.fields, record);
        let text = SqlValue::Text(Value::Object(document).to_string());
        if stored.is_none() {
            let Some(mut values) = self.key_values(ids) else { return Ok(false) };
            values.push(text);
            self.insert_row(connection, vec![self.key_columns(), column], values)?;
        } else if has_changed {
            keys.insert(0, text);
            let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {}", self.key_conditions(1));
            self.change(connection, &sql, keys)?;
        }
        Ok(true)
    }

    /// The value in the row's document column; `None` when the table has no row with these keys.
    pub(super) fn stored_document(
        &self,
        connection: &Connection,
        keys: &[SqlValue],
        column: &str,
    ) -> Result<Option<SqlValue>, OfflineError> {
        let (table, column) = (quoted(&self.name), quoted(column));
        let sql = format!("SELECT {column} FROM {table} WHERE {}", self.key_conditions(0));
        connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.query_row(params_from_iter(keys), |row| row.get(0)).optional()
            })
            .map_err(failed(&self.name))
    }

    fn to_sql(&self, index: usize, pulled: &Value, stored: ValueRef<'_>) -> SqlValue {
        if let (Some(reference), Value::String(id)) = (&self.references[index], pulled)
            && let Some(key) = reference.value(id)
        {
            return key;
        }
        self.fields[index].mapping.to_sql(pulled, stored, self.is_blob[index])
    }
}
