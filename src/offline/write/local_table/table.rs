//! The table itself: its columns and keys, and how they are written to. It is written in
//! [`super::writer`].

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};

use crate::offline::database::Database;
use crate::offline::error::OfflineError;
use crate::offline::map::fields::{MappedField, document_fields, map_fields};
use crate::offline::map::keys::Key;
use crate::offline::map::written_keys::{WrittenColumn, WrittenReference};
use crate::offline::sql::{Column, Table, quoted};
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::field_values::FieldPlaces;
use crate::offline::write::local_table::foreign_collations::ForeignCollations;
use crate::offline::write::local_table::revival::Revival;
use crate::offline::write::local_table::statements::Statements;
use crate::offline::write::local_table::unique_key::{is_empty, is_unique};
use crate::protocol::JsonText;
use crate::schema::{Field, IdFormat, JoinStore, Resource, Schema, Storage};

/// A table of a resource or a join store.
pub(crate) struct LocalTable {
    pub(super) name: String,
    /// The keys of its ids: one in the table of a resource, two in that of a join store.
    pub(super) keys: Vec<LocalKey>,
    pub(super) fields: Vec<MappedField>,
    /// For each field, how the key of another record is stored, where the field holds one that a
    /// template makes an id of.
    pub(super) references: Vec<Option<WrittenReference>>,
    /// For each field, whether its column is part of a key: the id decides its value.
    pub(super) is_key: Vec<bool>,
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
    /// Whether a unique index finds the row of an id when another row with that id is inserted.
    finds_rows: bool,
    /// Whether a record is inserted before its row is looked for, because most records have none.
    pub(super) inserts_first: bool,
    pub(super) places: FieldPlaces,
    pub(super) statements: Statements,
}

/// The columns of an id, and how they are written to.
pub(super) struct LocalKey {
    pub(super) key: Key,
    columns: Vec<WrittenColumn>,
}

impl LocalTable {
    /// Finds the table of a resource. `None` when nothing can be written: the table or its id
    /// column is missing, or it is a view.
    pub(crate) fn of_resource(
        connection: &Connection,
        database: &Database,
        schema: &Schema,
        resource: &Resource,
    ) -> Result<Option<Self>, OfflineError> {
        let storage = &resource.storage;
        let keys = [(&*storage.id, storage.id_format.as_ref())];
        let document = storage.document.as_deref();
        let references = schema.many_ones_from(&resource.name);
        let place = (connection, database, &*storage.table);
        let table = Self::find(place, &keys, &resource.fields, document, |field| {
            let reference = references.iter().find(|reference| reference.fk_field == field.name)?;
            Some(&reference.to.storage)
        })?;
        let Some(mut table) = table else { return Ok(None) };
        let has_columns = table.document.is_none();
        let is_field = |column: &str| has_columns && table.fields.iter().any(|field| field.column == column);
        table.revival = Revival::find(connection, storage, is_field)?;
        Ok(Some(table.with_statements()))
    }

    /// Finds the table of a join store, and creates it first where the default table is missing.
    /// `None` when nothing can be written, as for a resource.
    pub(crate) fn of_join_store(
        connection: &Connection,
        database: &Database,
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
            (std::slice::from_ref(&storage.from), store.from.storage.reference_format()),
            (std::slice::from_ref(&storage.to), store.to.storage.reference_format()),
        ];
        let place = (connection, database, &*storage.table);
        let table = Self::find(place, &keys, &store.relation.metadata, None, |_| None)?;
        Ok(table.map(Self::with_statements))
    }

    /// `place` is the table's name, and where it is; `keys` are the columns and the template of each
    /// id; `target` is where the records are that a field refers to.
    fn find<'s>(
        place: (&Connection, &Database, &str),
        keys: &[(&[String], Option<&IdFormat>)],
        fields: &[Field],
        document: Option<&str>,
        target: impl Fn(&Field) -> Option<&'s Storage>,
    ) -> Result<Option<Self>, OfflineError> {
        let (connection, database, name) = place;
        let table = match Table::find(connection, name).map_err(failed(name))? {
            Some(table) if !table.is_view => table,
            _ => return Ok(None),
        };
        let foreign_collations = ForeignCollations::find(connection, database, name)?;
        let reader = ForeignCollations::reader_of(foreign_collations.as_ref(), connection);
        let mut found = Vec::with_capacity(keys.len());
        for (columns, format) in keys {
            let key = Key::find(reader, name, &table, columns, *format).map_err(failed(name))?;
            let Some(key) = key.key() else { return Ok(None) };
            found.push(key);
        }
        let finds_rows = table.is_ordinary
            && foreign_collations.is_none()
            && is_unique(connection, name, &found).map_err(failed(name))?;
        let inserts_first = finds_rows && is_empty(connection, name).map_err(failed(name))?;
        let mut local_keys = Vec::with_capacity(keys.len());
        for key in found {
            let columns = key.written_columns(reader).map_err(failed(name))?;
            local_keys.push(LocalKey { key: key.written(), columns });
        }
        let id_format = |field: &Field| target(field)?.reference_format().cloned();
        let references = match document {
            Some(_) => Vec::new(),
            None => references(place, reader, &table, fields, &target)?,
        };
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
            references: fields
                .iter()
                .map(|field| Some(references.iter().find(|(name, _)| *name == field.name)?.1.clone()))
                .collect(),
            is_key: fields
                .iter()
                .map(|field| {
                    let is_key = |local: &LocalKey| local.key.has_column(&field.column);
                    document.is_none() && local_keys.iter().any(is_key)
                })
                .collect(),
            keys: local_keys,
            places: FieldPlaces::new(&fields),
            fields,
            is_blob,
            is_not_null,
            document: document.map(str::to_owned),
            revival: None,
            foreign_collations,
            inserts_first,
            finds_rows,
            statements: Statements::default(),
        }))
    }

    /// The table's name, as the schema has it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The table with the SQL of its statements.
    fn with_statements(mut self) -> Self {
        self.statements = self.write_statements();
        self
    }

    /// The same table for records most of which are new.
    pub(crate) fn for_new_records(mut self) -> Self {
        self.inserts_first = self.finds_rows;
        self
    }

    /// The parameters of [`LocalTable::key_conditions`] for these ids; `None` when an id does not
    /// match its template.
    pub(super) fn key_parameters(&self, ids: &[&str]) -> Option<Vec<SqlValue>> {
        let mut values = Vec::new();
        for (local, id) in self.keys.iter().zip(ids) {
            values.extend(local.key.parameters(id)?);
        }
        Some(values)
    }

    /// An SQL condition that holds for the row whose [`LocalTable::key_parameters`] come after the
    /// first `offset` parameters.
    pub(super) fn key_conditions(&self, offset: usize) -> String {
        let mut next = offset;
        let mut conditions = Vec::with_capacity(self.keys.len());
        for LocalKey { key, .. } in &self.keys {
            conditions.push(key.condition(next));
            next += key.parameter_count();
        }
        conditions.join(" AND ")
    }

    /// The values of the key columns of a new row with these ids and these values of the fields. 12,
    /// '12' and x'12' make the same id: where the column is a field too, its value tells which it is.
    pub(super) fn key_values_of_record(
        &self,
        ids: &[&str],
        pulled: &[JsonText<'_>],
    ) -> Option<Vec<SqlValue>> {
        if !self.is_key.contains(&true) {
            return self.key_values(ids);
        }
        let mut values = Vec::new();
        for (LocalKey { key, columns }, id) in self.keys.iter().zip(ids) {
            for (name, mut choices) in key.choices(columns, id)? {
                let field = self.fields.iter().position(|field| field.column == name);
                let told = field.and_then(|index| {
                    let mapping = &self.fields[index].mapping;
                    choices.iter().position(|choice| mapping.maps_to(choice.into(), pulled[index]))
                });
                choices.truncate(told.unwrap_or(0) + 1);
                values.push(choices.pop()?);
            }
        }
        Some(values)
    }

    /// The values of the key columns of a new row with these ids; `None` when no row can have
    /// them.
    pub(super) fn key_values(&self, ids: &[&str]) -> Option<Vec<SqlValue>> {
        let mut values = Vec::new();
        for (LocalKey { key, columns }, id) in self.keys.iter().zip(ids) {
            values.extend(key.values(columns, id)?);
        }
        Some(values)
    }

    /// The value of a field to store for a pulled one, where `stored` is the value that it replaces.
    pub(super) fn to_sql<'p>(
        &self,
        index: usize,
        pulled: JsonText<'p>,
        stored: ValueRef<'_>,
    ) -> ToSqlOutput<'p> {
        if let Some(reference) = &self.references[index]
            && let Some(id) = pulled.as_str()
            && let Some(key) = reference.value(&id)
        {
            return ToSqlOutput::Owned(key);
        }
        self.fields[index].mapping.to_sql(pulled, stored, self.is_blob[index])
    }
}

/// How the keys of other records are stored, by the names of the fields that hold one. `reader` can
/// read the table.
fn references<'f, 's>(
    (connection, database, name): (&Connection, &Database, &str),
    reader: &Connection,
    table: &Table,
    fields: &'f [Field],
    target: &impl Fn(&Field) -> Option<&'s Storage>,
) -> Result<Vec<(&'f str, WrittenReference)>, OfflineError> {
    let mut found = Vec::new();
    for field in fields {
        let Some(column) = table.column(field.column()) else { continue };
        let Some(storage) = target(field) else { continue };
        let Some(format) = storage.reference_format() else { continue };
        // A resource may exist on the server only.
        let foreign_collations = ForeignCollations::find(connection, database, &storage.table)?;
        let target_reader = ForeignCollations::reader_of(foreign_collations.as_ref(), connection);
        let key = match Table::find(connection, &storage.table).map_err(failed(name))? {
            Some(table) => Key::find(target_reader, &storage.table, &table, &storage.id, Some(format))
                .map_err(failed(name))?
                .key(),
            None => None,
        };
        let key = key.as_ref().map(|key| (target_reader, key));
        let reference = WrittenReference::find(reader, name, column, format, key).map_err(failed(name))?;
        found.push((&*field.name, reference));
    }
    Ok(found)
}
