//! The table itself: its columns, deleting its rows, and running statements on it. Inserting and
//! updating rows is in [`super::upsert`].

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};

use crate::offline::error::OfflineError;
use crate::offline::map::fields::{MappedField, document_fields, map_fields};
use crate::offline::map::keys::{Key, id_expression, key_condition, local_key};
use crate::offline::sql::{Column, Table, quoted};
use crate::offline::write::local_table::foreign_collations::ForeignCollations;
use crate::offline::write::local_table::refusal::ignored;
use crate::offline::write::local_table::revival::Revival;
use crate::schema::{Field, IdFormat, JoinStore, Resource, Schema};

/// A table of a resource or a join store.
pub(crate) struct LocalTable {
    pub(super) name: String,
    /// The columns that hold ids: one in the table of a resource, two in that of a join store.
    pub(super) keys: Vec<KeyColumn>,
    pub(super) fields: Vec<MappedField>,
    /// For each field, whether its column is declared for BLOBs.
    pub(super) is_blob: Vec<bool>,
    /// For each field, whether its column can never hold NULL.
    pub(super) is_not_null: Vec<bool>,
    /// The column that holds all fields as a document, where they have no columns of their own.
    pub(super) document: Option<String>,
    /// How a row that is marked as deleted becomes a record again, where rows can be marked.
    pub(super) revival: Option<Revival>,
    /// What keeps the table from being written to.
    pub(super) foreign_collations: Option<ForeignCollations>,
}

/// A column that holds ids.
pub(super) struct KeyColumn {
    pub(super) name: String,
    format: Option<IdFormat>,
}

impl LocalTable {
    /// Finds the table of a resource. `None` when nothing can be written: the table or its id
    /// column is missing, or it is a view.
    pub(crate) fn of_resource(
        connection: &Connection,
        schema: &Schema,
        resource: &Resource,
    ) -> Result<Option<Self>, OfflineError> {
        let storage = &resource.storage;
        let keys = [(storage.id.as_str(), storage.id_format.as_ref())];
        let document = storage.document.as_deref();
        let references = schema.many_ones_from(&resource.name);
        let table = Self::find(connection, &storage.table, &keys, &resource.fields, document, |field| {
            let reference = references.iter().find(|reference| reference.fk_field == field.name)?;
            reference.to.storage.id_format.clone()
        })?;
        table.map(|table| table.with_revival(connection, storage)).transpose()
    }

    /// Finds the table of a join store, and creates it first where the default table is missing.
    /// `None` when nothing can be written, as for a resource.
    pub(crate) fn of_join_store(
        connection: &Connection,
        store: &JoinStore<'_>,
    ) -> Result<Option<Self>, OfflineError> {
        let storage = store.storage();
        if store.relation.storage.is_none() {
            let metadata: String =
                store.relation.metadata.iter().map(|field| format!(", {}", quoted(field.column()))).collect();
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
        keys: &[Key<'_>],
        fields: &[Field],
        document: Option<&str>,
        id_format: impl Fn(&Field) -> Option<IdFormat>,
    ) -> Result<Option<Self>, OfflineError> {
        let table = match Table::find(connection, name).map_err(failed(name))? {
            Some(table) if !table.is_view => table,
            _ => return Ok(None),
        };
        let mut key_columns = Vec::with_capacity(keys.len());
        for (column, format) in keys {
            let Some(column) = table.column(column) else { return Ok(None) };
            key_columns.push(KeyColumn { name: column.name.clone(), format: format.cloned() });
        }
        let fields = match document {
            Some(_) => document_fields(fields, id_format),
            // The plan has warned of missing columns already.
            None => map_fields(fields, &table, name, id_format, &mut Vec::new())?,
        };
        let each = |is: fn(&Column) -> bool| {
            fields.iter().map(|field| table.column(&field.column).is_some_and(is)).collect()
        };
        let (is_blob, is_not_null) = (each(Column::is_blob), each(|column| column.is_not_null));
        Ok(Some(Self {
            name: name.to_owned(),
            keys: key_columns,
            fields,
            is_blob,
            is_not_null,
            document: document.map(str::to_owned),
            revival: None,
            foreign_collations: None,
        }))
    }

    /// Whether its rows are join rows, with two ids each.
    pub(crate) fn is_join(&self) -> bool {
        self.keys.len() > 1
    }

    /// Deletes the row with these ids, if the table has it.
    pub(crate) fn delete(&self, connection: &Connection, ids: &[&str]) -> Result<(), OfflineError> {
        let Some(keys) = self.local_keys(ids) else { return Ok(()) };
        let condition = self.key_conditions(0);
        self.delete_where(connection, &condition, keys)
    }

    /// Deletes the join row that the feed names `from:to`. Ids may contain colons, so SQLite
    /// compares with the joined ids of each row.
    pub(crate) fn delete_joined(&self, connection: &Connection, id: &str) -> Result<(), OfflineError> {
        let expression = |key: &KeyColumn| id_expression(&quoted(&key.name), key.format.as_ref());
        let ids: Vec<_> = self.keys.iter().map(expression).collect();
        let condition = format!("{} = ?1", ids.join(" || ':' || "));
        self.delete_where(connection, &condition, vec![SqlValue::Text(id.to_owned())])
    }

    /// Deletes the rows that meet an SQL condition with these parameters.
    fn delete_where(
        &self,
        connection: &Connection,
        condition: &str,
        values: Vec<SqlValue>,
    ) -> Result<(), OfflineError> {
        if self.foreign_collations.is_some() {
            return self.refuse_delete(condition, values);
        }
        let sql = format!("DELETE FROM {} WHERE {condition}", quoted(&self.name));
        if self.execute(connection, &sql, values.clone())? == 0
            && self.exists(connection, condition, &values)?
        {
            return Err(ignored(&self.name));
        }
        Ok(())
    }

    /// Whether the table has a row that meets an SQL condition with these parameters.
    fn exists(
        &self,
        connection: &Connection,
        condition: &str,
        values: &[SqlValue],
    ) -> Result<bool, OfflineError> {
        let sql = format!("SELECT 1 FROM {} WHERE {condition}", quoted(&self.name));
        connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.exists(params_from_iter(values)))
            .map_err(failed(&self.name))
    }

    /// Runs a statement that must change a row.
    pub(super) fn change(
        &self,
        connection: &Connection,
        sql: &str,
        values: Vec<SqlValue>,
    ) -> Result<(), OfflineError> {
        if self.execute(connection, sql, values)? == 0 { Err(ignored(&self.name)) } else { Ok(()) }
    }

    /// Runs a statement, and returns the number of rows that it has changed.
    pub(super) fn execute(
        &self,
        connection: &Connection,
        sql: &str,
        values: Vec<SqlValue>,
    ) -> Result<usize, OfflineError> {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params_from_iter(values)))
            .map_err(failed(&self.name))
    }

    /// The values of the key columns for these ids; `None` when an id does not match its
    /// column's template.
    pub(super) fn local_keys(&self, ids: &[&str]) -> Option<Vec<SqlValue>> {
        self.keys.iter().zip(ids).map(|(key, id)| local_key(id, key.format.as_ref())).collect()
    }

    /// An SQL condition that holds for the row whose keys are the parameters after the first
    /// `offset` ones.
    pub(super) fn key_conditions(&self, offset: usize) -> String {
        let conditions: Vec<_> = self
            .keys
            .iter()
            .enumerate()
            .map(|(index, key)| key_condition(&key.name, offset + index + 1))
            .collect();
        conditions.join(" AND ")
    }
}

/// For `map_err`: SQLite failed to write the table.
pub(super) fn failed(table: &str) -> impl FnOnce(rusqlite::Error) -> OfflineError + use<> {
    OfflineError::while_doing(format!("cannot write table {}", quoted(table)))
}
