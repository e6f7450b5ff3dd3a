//! Where the records of a resource come from: its table, and the order in which it is read.
//! Reading is in [`super::record`].

use std::sync::Arc;

use crate::mutation::Shard;
use crate::offline::collation;
use crate::offline::error::OfflineError;
use crate::offline::map::fields::MappedField;
use crate::offline::read::records::chosen_condition::ChosenIds;
use crate::offline::read::records::read_order::ReadOrder;
use crate::offline::read::records::table::RecordTable;
use crate::offline::snapshot::Snapshot;
use crate::schema::{Resource, Schema};

/// A resource whose table exists and has the columns that the schema requires.
#[derive(Debug, Clone)]
pub struct RecordSource {
    pub(super) resource: String,
    version: u64,
    pub(super) table: RecordTable,
    pub(super) order: ReadOrder,
    has_all_fields: bool,
}

impl RecordSource {
    /// Finds the table and columns of a resource, and decides in which order the table is read.
    /// A field whose column is missing is left out, with a warning for the user.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the table, its id column or a column that the schema
    /// requires is missing (contract 1.1), or when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn resolve(
        snapshot: &Snapshot,
        schema: &Schema,
        resource: &Resource,
        warnings: &mut Vec<String>,
    ) -> Result<Self, OfflineError> {
        let table = RecordTable::find(snapshot, schema, resource, warnings)?;
        collation::check_view(snapshot.connection(), &table.name)?;
        let order = ReadOrder::of(&table, snapshot).map_err(table.failed())?;
        let has_all_fields = table.fields.len() == resource.fields.len();
        Ok(Self { resource: resource.name.clone(), version: resource.version, table, order, has_all_fields })
    }

    /// The records of one shard: only they are read and counted. A check looks at all records.
    #[must_use]
    pub fn in_shard(mut self, shard: Shard) -> Self {
        self.table.shard = Some(shard);
        self
    }

    /// The records with chosen ids: only they are read and counted. A check looks at all records.
    #[must_use]
    pub fn chosen(mut self, chosen: Arc<dyn ChosenIds>) -> Self {
        self.table.chosen = Some(chosen);
        self
    }

    /// The records as a content digest counts them (contract 3.8): fields that are NULL are left out. They
    /// are those of all shards.
    #[must_use]
    pub fn comparable(mut self) -> Self {
        self.table.shard = None;
        self.table.fields = self.table.fields.into_iter().map(MappedField::without_null).collect();
        self
    }

    /// Whether a comparable record can still have a field that is `null`: one of JSON text.
    #[must_use]
    pub fn can_hold_json_null(&self) -> bool {
        self.table.document.is_none() && self.table.fields.iter().any(MappedField::can_hold_json_null)
    }

    /// Whether every field of the resource is uploaded: no column is missing.
    #[must_use]
    pub fn has_all_fields(&self) -> bool {
        self.has_all_fields
    }

    /// The resource's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.resource
    }

    /// The version of the resource in the schema.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The names of the fields that are uploaded, in canonical order: all fields of the resource
    /// but those whose column is missing.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.table.fields.iter().map(|field| &*field.name)
    }

    /// Whether the table is read along an index or sorted.
    #[must_use]
    pub fn read_order(&self) -> ReadOrder {
        self.order
    }

    /// The name of the table.
    pub(crate) fn table(&self) -> &str {
        &self.table.name
    }
}
