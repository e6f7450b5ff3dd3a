//! Writing a pulled record or join row into its table: the inverse of contract 1.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde_json::{Map, Value};

use crate::mutation::canonical::write_value;
use crate::offline::error::OfflineError;
use crate::offline::map::document;
use crate::offline::map::fields::{MappedField, document_fields, map_fields};
use crate::offline::map::keys::{self, id_expression, local_key};
use crate::offline::sql::{Column, Table, quoted};
use crate::schema::{Field, IdFormat, JoinStore, Resource, Schema, Type};

/// A table that pulled changes are written to.
pub(crate) struct LocalTable {
    name: String,
    keys: Vec<Key>,
    fields: Vec<MappedField>,
    /// For each field, whether its column is declared to hold bytes.
    blobs: Vec<bool>,
    /// For each field, whether its column can never hold NULL.
    not_null: Vec<bool>,
    /// The column that holds the fields, where they have none of their own.
    document: Option<String>,
}

/// A column that holds an id.
struct Key {
    column: String,
    format: Option<IdFormat>,
}

impl LocalTable {
    /// The table of a resource; `None` where there is nothing to write to.
    pub(crate) fn of_resource(
        connection: &Connection,
        schema: &Schema,
        resource: &Resource,
    ) -> Result<Option<Self>, OfflineError> {
        let storage = &resource.storage;
        let keys = [(storage.id.as_str(), storage.id_format.as_ref())];
        let document = storage.document.as_deref();
        Self::find(connection, &storage.table, &keys, &resource.fields, document, |field| {
            let reference = schema
                .many_ones()
                .into_iter()
                .find(|reference| reference.from.name == resource.name && reference.fk_field == field.name)?;
            reference.to.storage.id_format.clone()
        })
    }

    /// The table of a join store, made first if it is missing from its default place.
    pub(crate) fn of_join_store(
        connection: &Connection,
        store: &JoinStore<'_>,
    ) -> Result<Option<Self>, OfflineError> {
        let storage = store.storage();
        if store.relation.storage.is_none() {
            let metadata: String =
                store.relation.metadata.iter().map(|field| format!(", {}", quoted(field.column()))).collect();
            // Nothing is done where it is there already.
            connection
                .execute_batch(&format!(
                    "CREATE TABLE IF NOT EXISTS {} (\"from\" TEXT NOT NULL, \"to\" TEXT NOT NULL{metadata}, \
                     PRIMARY KEY (\"from\", \"to\"))",
                    quoted(&storage.table)
                ))
                .map_err(failed(&storage.table))?;
        }
        let keys = [
            (storage.from.as_str(), store.from.storage.id_format.as_ref()),
            (storage.to.as_str(), store.to.storage.id_format.as_ref()),
        ];
        Self::find(connection, &storage.table, &keys, &store.relation.metadata, None, |_| None)
    }

    fn find(
        connection: &Connection,
        name: &str,
        keys: &[(&str, Option<&IdFormat>)],
        fields: &[Field],
        document: Option<&str>,
        id_format: impl Fn(&Field) -> Option<IdFormat>,
    ) -> Result<Option<Self>, OfflineError> {
        let table = match Table::find(connection, name).map_err(failed(name))? {
            Some(table) if !table.is_view => table,
            _ => return Ok(None),
        };
        let mut found = Vec::with_capacity(keys.len());
        for (column, format) in keys {
            let Some(column) = table.column(column) else { return Ok(None) };
            found.push(Key { column: column.name.clone(), format: format.cloned() });
        }
        let fields = match document {
            Some(_) => document_fields(fields, id_format),
            // The plan has told about missing columns already.
            None => map_fields(fields, &table, name, id_format, &mut Vec::new())?,
        };
        let each = |is: fn(&Column) -> bool| {
            fields.iter().map(|field| table.column(&field.column).is_some_and(is)).collect()
        };
        let (blobs, not_null) = (each(Column::is_blob), each(|column| column.is_not_null));
        Ok(Some(Self {
            name: name.to_owned(),
            keys: found,
            fields,
            blobs,
            not_null,
            document: document.map(str::to_owned),
        }))
    }

    /// Whether its rows are join rows, with an id at each end.
    pub(crate) fn is_join(&self) -> bool {
        self.keys.len() > 1
    }

    /// Makes the row of these ids what the server says it is: schema fields that it lacks
    /// become NULL, local-only columns stay, and a value that means the same stays as it is.
    ///
    /// Returns whether it fits: the ids can be ids of this table, and no value would keep the
    /// row from being uploaded.
    pub(crate) fn upsert(
        &self,
        connection: &Connection,
        ids: &[&str],
        record: &Map<String, Value>,
    ) -> Result<bool, OfflineError> {
        let Some(keys) = self.local_keys(ids) else { return Ok(false) };
        let is_other = |field: &MappedField| {
            let value = record.get(&field.name).unwrap_or(&Value::Null);
            field.mapping.kind == Type::Boolean && !(value.is_boolean() || value.is_null())
        };
        if self.fields.iter().any(is_other) {
            return Ok(false);
        }
        if let Some(column) = &self.document {
            self.upsert_document(connection, keys, column, record)?;
            return Ok(true);
        }
        let pulled: Vec<&Value> =
            self.fields.iter().map(|field| record.get(&field.name).unwrap_or(&Value::Null)).collect();
        let columns: String =
            self.fields.iter().map(|field| format!(", {}", quoted(&field.column))).collect();
        let sql = format!("SELECT 1{columns} FROM {} WHERE {}", quoted(&self.name), self.key_condition(0));
        let changed: Option<Vec<(usize, SqlValue)>> = connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement
                    .query_row(params_from_iter(keys.iter()), |row| {
                        let mut changed = Vec::new();
                        for (index, value) in pulled.iter().enumerate() {
                            let local = row.get_ref(index + 1)?;
                            if !self.means_the_same(index, local, value) {
                                changed.push((index, self.to_sql(index, value, local)));
                            }
                        }
                        Ok(changed)
                    })
                    .optional()
            })
            .map_err(failed(&self.name))?;
        match changed {
            None => self.insert(connection, keys, &pulled)?,
            Some(changed) if changed.is_empty() => {}
            Some(changed) => self.update(connection, keys, changed)?,
        }
        Ok(true)
    }

    /// The same for a record that lies in a document.
    fn upsert_document(
        &self,
        connection: &Connection,
        mut keys: Vec<SqlValue>,
        column: &str,
        record: &Map<String, Value>,
    ) -> Result<(), OfflineError> {
        let (table, column) = (quoted(&self.name), quoted(column));
        let sql = format!("SELECT {column} FROM {table} WHERE {}", self.key_condition(0));
        let local: Option<SqlValue> = connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.query_row(params_from_iter(keys.iter()), |row| row.get(0)).optional()
            })
            .map_err(failed(&self.name))?;
        // What is no document is replaced by one.
        let mut document =
            local.as_ref().and_then(|value| document::parse(value.into()).ok()).unwrap_or_default();
        let has_changed = document::merge(&mut document, &self.fields, record);
        let text = SqlValue::Text(Value::Object(document).to_string());
        if local.is_none() {
            let columns: String = self.keys.iter().map(|key| format!("{}, ", quoted(&key.column))).collect();
            keys.push(text);
            self.execute(
                connection,
                &format!("INSERT INTO {table} ({columns}{column}) VALUES (?1, ?2)"),
                keys,
            )
        } else if has_changed {
            keys.insert(0, text);
            let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {}", self.key_condition(1));
            self.execute(connection, &sql, keys)
        } else {
            Ok(())
        }
    }

    /// Removes the row of these ids, if it is there.
    pub(crate) fn delete(&self, connection: &Connection, ids: &[&str]) -> Result<(), OfflineError> {
        let Some(keys) = self.local_keys(ids) else { return Ok(()) };
        let sql = format!("DELETE FROM {} WHERE {}", quoted(&self.name), self.key_condition(0));
        self.execute(connection, &sql, keys)
    }

    /// Removes the join row that the feed calls `from:to`. Ids may have colons themselves,
    /// so the database finds the place where they meet.
    pub(crate) fn delete_joined(&self, connection: &Connection, id: &str) -> Result<(), OfflineError> {
        let part = |key: &Key| id_expression(&quoted(&key.column), key.format.as_ref());
        let parts: Vec<_> = self.keys.iter().map(part).collect();
        let sql = format!("DELETE FROM {} WHERE {} = ?1", quoted(&self.name), parts.join(" || ':' || "));
        self.execute(connection, &sql, vec![SqlValue::Text(id.to_owned())])
    }

    fn insert(
        &self,
        connection: &Connection,
        keys: Vec<SqlValue>,
        pulled: &[&Value],
    ) -> Result<(), OfflineError> {
        let mut columns: Vec<_> = self.keys.iter().map(|key| quoted(&key.column)).collect();
        let mut values = keys;
        for (index, value) in pulled.iter().enumerate() {
            // What the record lacks is NULL; only a column that cannot be keeps its default.
            if !(value.is_null() && self.not_null[index]) {
                columns.push(quoted(&self.fields[index].column));
                values.push(self.to_sql(index, value, ValueRef::Null));
            }
        }
        let places: Vec<_> = (1..=values.len()).map(|index| format!("?{index}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quoted(&self.name),
            columns.join(", "),
            places.join(", ")
        );
        self.execute(connection, &sql, values)
    }

    fn update(
        &self,
        connection: &Connection,
        keys: Vec<SqlValue>,
        changed: Vec<(usize, SqlValue)>,
    ) -> Result<(), OfflineError> {
        let (indexes, mut values): (Vec<_>, Vec<_>) = changed.into_iter().unzip();
        let assignments: Vec<_> = indexes
            .into_iter()
            .enumerate()
            .map(|(place, index)| format!("{} = ?{}", quoted(&self.fields[index].column), place + 1))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE {}",
            quoted(&self.name),
            assignments.join(", "),
            self.key_condition(values.len())
        );
        values.extend(keys);
        self.execute(connection, &sql, values)
    }

    fn execute(&self, connection: &Connection, sql: &str, values: Vec<SqlValue>) -> Result<(), OfflineError> {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params_from_iter(values)))
            .map_err(failed(&self.name))?;
        Ok(())
    }

    fn local_keys(&self, ids: &[&str]) -> Option<Vec<SqlValue>> {
        self.keys.iter().zip(ids).map(|(key, id)| local_key(id, key.format.as_ref())).collect()
    }

    /// That each key is the parameter of its place, with the places after the first `offset` ones.
    fn key_condition(&self, offset: usize) -> String {
        let conditions: Vec<_> = self
            .keys
            .iter()
            .enumerate()
            .map(|(index, key)| keys::key_condition(&key.column, offset + index + 1))
            .collect();
        conditions.join(" AND ")
    }

    fn means_the_same(&self, index: usize, local: ValueRef<'_>, pulled: &Value) -> bool {
        let mut mapped = Vec::new();
        let mut canonical = Vec::new();
        write_value(&mut canonical, pulled);
        self.fields[index].mapping.write(&mut mapped, local).is_ok() && mapped == canonical
    }

    fn to_sql(&self, index: usize, value: &Value, local: ValueRef<'_>) -> SqlValue {
        let mapping = &self.fields[index].mapping;
        match value {
            Value::Null => SqlValue::Null,
            _ if mapping.kind.is_json() => SqlValue::Text(value.to_string()),
            Value::Bool(flag) => SqlValue::Integer((*flag).into()),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => SqlValue::Integer(integer),
                (None, Some(double)) => SqlValue::Real(double),
                (None, None) => SqlValue::Text(number.to_string()),
            },
            Value::String(text) => {
                let is_blob = self.blobs[index] || matches!(local, ValueRef::Blob(_));
                if is_blob
                    && mapping.kind != Type::Boolean
                    && let Ok(bytes) = BASE64.decode(text)
                {
                    return SqlValue::Blob(bytes);
                }
                // Which column affinity takes an integer back, SQLite itself decides.
                local_key(text, mapping.id_format.as_ref()).unwrap_or_else(|| SqlValue::Text(text.clone()))
            }
            Value::Array(_) | Value::Object(_) => SqlValue::Text(value.to_string()),
        }
    }
}

fn failed(table: &str) -> impl FnOnce(rusqlite::Error) -> OfflineError {
    OfflineError::while_doing(format!("cannot write table {}", quoted(table)))
}
