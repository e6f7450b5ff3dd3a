//! The table of a resource and the columns that are read from it. Which order it is read in is
//! decided in [`super::read_order`].

use std::sync::Arc;

use rusqlite::Connection;

use crate::mutation::Shard;
use crate::offline::error::OfflineError;
use crate::offline::map::document::value_expression;
use crate::offline::map::fields::{MappedField, document_fields, map_checked_fields};
use crate::offline::map::keys::Key;
use crate::offline::map::marker::Marker;
use crate::offline::read::check::ALL_ROWS;
use crate::offline::read::records::chosen_condition::{self, ChosenIds};
use crate::offline::read::records::shard_condition;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{Affinity, Table, listed, quoted};
use crate::schema::{Field, Resource, Schema};

/// A table that exists and has the columns that the schema requires.
#[derive(Debug, Clone)]
pub(super) struct RecordTable {
    pub(super) name: String,
    pub(super) key: Key,
    /// The fields that are uploaded, in canonical order.
    pub(super) fields: Vec<MappedField>,
    /// The column that holds all fields as a document, where they have no columns of their own.
    pub(super) document: Option<String>,
    /// The columns, or keys of the document, that refer to records of the same resource, and the
    /// affinities of the columns.
    pub(super) parents: Vec<(String, Option<Affinity>)>,
    /// Whether it is neither a view nor a virtual table.
    pub(super) is_ordinary: bool,
    /// What marks rows as deleted, where the schema says it.
    pub(super) marker: Option<Marker>,
    /// Which of the rows are read.
    pub(super) rows: Rows,
    /// The shard whose rows are read; `None` for all.
    pub(super) shard: Option<Shard>,
    /// What chooses the rows that are read; `None` for all.
    pub(super) chosen: Option<Arc<dyn ChosenIds>>,
}

/// Which rows of a table are read.
#[derive(Debug, Clone)]
pub(super) enum Rows {
    /// The records: all rows that are not marked as deleted.
    Live,
    /// The rows that meet an SQL condition on columns of the table with the alias `t`.
    Where(String),
}

impl RecordTable {
    /// Finds the table and columns of a resource.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the table, its id column or a column that the schema
    /// requires is missing (contract 1.1).
    pub(super) fn find(
        snapshot: &Snapshot,
        schema: &Schema,
        resource: &Resource,
        warnings: &mut Vec<String>,
    ) -> Result<Self, OfflineError> {
        let storage = &resource.storage;
        let name = quoted(&storage.table);
        let mut table = Table::find(snapshot.connection(), &storage.table)
            .map_err(OfflineError::while_doing(format!("cannot inspect table {name}")))?
            .ok_or_else(|| {
                let others = Table::others(snapshot.connection());
                let resource = &resource.name;
                OfflineError::missing(format!("there is no table {name} for resource `{resource}`{others}"))
            })?;
        let column = |kind: &str, column: &str| match table.column(column) {
            Some(column) => Ok(column.name.clone()),
            None => {
                Err(OfflineError::missing(format!("table {name} has no {kind} column {}", quoted(column))))
            }
        };
        let format = storage.id_format.as_ref();
        let key = Key::find(snapshot.connection(), &storage.table, &table, &storage.id, format)
            .map_err(OfflineError::while_doing(format!("cannot inspect table {name}")))?
            .or_missing(|missing| {
                let columns = listed(table.column_names());
                OfflineError::missing(format!(
                    "table {name} has no id column {}; it has {columns}",
                    quoted(missing)
                ))
            })?;
        warnings.extend(key.warning());
        let marker = Marker::find(storage, &table)?;
        let references = schema.many_ones_from(&resource.name);
        let id_format = |field: &Field| {
            let reference = references.iter().find(|reference| reference.fk_field == field.name)?;
            reference.to.storage.reference_format().cloned()
        };
        let (fields, document) = match &storage.document {
            None => {
                let (connection, name) = (snapshot.connection(), &storage.table);
                (
                    map_checked_fields(connection, &resource.fields, &mut table, name, id_format, warnings)?,
                    None,
                )
            }
            Some(name) => {
                let column = column("document", name)?;
                (document_fields(&resource.fields, id_format), Some(column))
            }
        };
        let parents = references
            .iter()
            .filter(|reference| reference.to.name == resource.name)
            .filter_map(|reference| fields.iter().find(|field| field.name == reference.fk_field))
            .map(|field| {
                let column = table.column(&field.column).filter(|_| document.is_none());
                (field.column.clone(), column.map(|column| column.affinity(false)))
            })
            .collect();
        let (name, rows) = (storage.table.clone(), Rows::Live);
        let is_ordinary = table.is_ordinary;
        Ok(Self {
            name,
            key,
            fields,
            document,
            parents,
            is_ordinary,
            marker,
            rows,
            shard: None,
            chosen: None,
        })
    }

    /// An SQL condition that holds for the rows that are read, in a query with the alias `t`.
    /// [`Self::register_conditions`] goes before the query.
    pub(super) fn read_condition(&self) -> String {
        let mut rows = self.row_condition();
        if self.shard.is_some() {
            rows = format!("{rows} AND {}", shard_condition::of(&self.key));
        }
        if self.chosen.is_some() {
            rows = format!("{rows} AND {}", chosen_condition::of(&self.key));
        }
        rows
    }

    /// Registers the SQL functions of [`Self::read_condition`], where it has any, for the next query of a
    /// connection.
    pub(super) fn register_conditions(&self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(shard) = self.shard {
            shard_condition::register(connection, &self.key, shard)?;
        }
        self.chosen
            .as_ref()
            .map_or(Ok(()), |chosen| chosen_condition::register(connection, &self.key, chosen))
    }

    /// An SQL condition that holds for the rows of all shards, in a query with the alias `t`.
    pub(super) fn row_condition(&self) -> String {
        match &self.rows {
            Rows::Live => self.live_condition("t"),
            Rows::Where(condition) => condition.clone(),
        }
    }

    /// An SQL condition that holds for rows that are not marked as deleted, in a query with this
    /// alias.
    pub(super) fn live_condition(&self, alias: &str) -> String {
        self.marker.as_ref().map_or_else(|| ALL_ROWS.to_owned(), |marker| marker.is_live(alias))
    }

    /// Whether the resource refers to itself: then its records go by depth.
    pub(super) fn has_parents(&self) -> bool {
        !self.parents.is_empty()
    }

    /// SQL expressions for the keys of other records that a row with this alias may refer to.
    pub(super) fn parent_expressions(&self, alias: &str) -> Vec<String> {
        let expressions = |(column, affinity): &(String, Option<Affinity>)| {
            let value = match &self.document {
                None => format!("{alias}.{}", quoted(column)),
                Some(document) => value_expression(&format!("{alias}.{}", quoted(document)), column),
            };
            self.key.keys_with_same_id(&value, *affinity)
        };
        self.parents.iter().flat_map(expressions).collect()
    }

    /// The id columns, then each field or the document, for a SELECT from the table as `t`.
    pub(super) fn columns(&self) -> String {
        let id = self.key.select_list("t.");
        match &self.document {
            None => {
                let fields = self.fields.iter().map(|field| format!(", t.{}", quoted(&field.column)));
                format!("{id}{}", fields.collect::<String>())
            }
            Some(column) => format!("{id}, t.{}", quoted(column)),
        }
    }

    /// For `map_err`: SQLite failed to read the table.
    pub(super) fn failed(&self) -> impl FnOnce(rusqlite::Error) -> OfflineError + use<> {
        OfflineError::while_doing(format!("cannot read table {}", quoted(&self.name)))
    }
}
