//! The types of a valid schema. They are read from JSON in [`super::parse`].

use super::deleted_when::DeletedWhen;
use super::id_format::IdFormat;

/// A resource: a set of records with the same fields.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Resource {
    /// The name on the wire.
    pub name: String,
    /// The version number in its mutations.
    pub version: u64,
    /// Whether it exists on the server only, without a local table.
    pub is_remote_only: bool,
    /// The fields, without `id`, which every record has.
    pub fields: Vec<Field>,
    /// Where its records are in the offline database.
    pub storage: Storage,
}

/// A field of a record, or a metadata field of a join row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// The name on the wire.
    pub name: String,
    /// The declared type.
    pub kind: Type,
    /// Whether a record must have it.
    pub required: bool,
    /// Whether `null` is one of its values.
    pub nullable: bool,
    /// The column, where the schema names one; see [`Field::column`].
    pub column: Option<String>,
}

/// A declared type. Only types that a value's mapping or check depends on have a variant
/// (contract 1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// `boolean`: 0 and 1 in the database.
    Boolean,
    /// `json`: any JSON, as text in the database.
    Json,
    /// `object`: a JSON object, as text in the database.
    Object,
    /// `array`: a JSON array, as text in the database.
    Array,
    /// `string`: text in the database.
    String,
    /// `number`: an integer or a double in the database.
    Number,
    /// Any other name; values are mapped by their SQLite type.
    Other(String),
}

/// Where a resource's records are in the offline database (contract 1.1).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Storage {
    /// The name of the table or view.
    pub table: String,
    /// The names of the id columns, at least one. `rowid` is SQLite's row id in a table that has no
    /// column of that name.
    pub id: Vec<String>,
    /// The template that turns the values of the id columns into the id; `None` when there is one
    /// column, whose value is TEXT and itself the id.
    pub id_format: Option<IdFormat>,
    /// The column that holds the whole record as a JSON object, if there is one.
    pub document: Option<String>,
    /// Which rows the application has marked as deleted, if it marks any.
    pub deleted_when: Option<DeletedWhen>,
}

/// A relation between resources.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Relation {
    /// The cardinality.
    pub kind: RelationKind,
    /// The names of the referring resources.
    pub from: Vec<String>,
    /// The names of the resources that they refer to.
    pub to: Vec<String>,
    /// The relation's name on the `from` side.
    pub name: String,
    /// The relation's name on the `to` side.
    pub inverse: Option<String>,
    /// Many-one and one-one only: the field of `from` that holds the target's id.
    pub fk_field: Option<String>,
    /// Many-many only: the metadata fields of a join row.
    pub metadata: Vec<Field>,
    /// Many-many only: where the join rows are, if not in the default layout.
    pub storage: Option<JoinStorage>,
}

/// The cardinality of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelationKind {
    /// Stored as rows of a join store.
    ManyMany,
    /// Stored in a field of `from`.
    ManyOne,
    /// The inverse of a many-one relation; stores nothing itself.
    OneMany,
    /// Stored in a field of `from`, like a many-one relation.
    OneOne,
}

/// Where the join rows of a many-many relation are in the offline database (contract 1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JoinStorage {
    /// The name of the table or view.
    pub table: String,
    /// The column with the key of the referring record.
    pub from: String,
    /// The column with the key of the record that it refers to.
    pub to: String,
}

/// A join store: the join rows of one pair of resources of a many-many relation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct JoinStore<'a> {
    /// The referring resource.
    pub from: &'a Resource,
    /// The resource that it refers to.
    pub to: &'a Resource,
    /// The relation that the pair belongs to.
    pub relation: &'a Relation,
}

/// A field that holds the id of another record: one pair of resources of a many-one or one-one
/// relation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ManyOne<'a> {
    /// The resource that has the field.
    pub from: &'a Resource,
    /// The field's name.
    pub fk_field: &'a str,
    /// The resource whose ids the field holds.
    pub to: &'a Resource,
    /// The relation that the pair belongs to.
    pub relation: &'a Relation,
}

impl Resource {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// The column that holds the field, or its key in a document: the one that the schema names, or
    /// the field's name.
    #[must_use]
    pub fn column(&self) -> &str {
        self.column.as_deref().unwrap_or(&self.name)
    }
}

impl Type {
    /// Whether values are stored in the database as JSON text.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self, Self::Json | Self::Object | Self::Array)
    }
}

impl Storage {
    /// The template for a column that holds the keys of records of the resource. A key of several
    /// columns has none: such a column holds whole ids.
    #[must_use]
    pub fn reference_format(&self) -> Option<&IdFormat> {
        self.id_format.as_ref().filter(|_| self.id.len() == 1)
    }
}

impl JoinStore<'_> {
    /// `join_<from>_<relation>_<to>`: the name on the wire, and of the table in the default layout
    /// (contract 1.1).
    #[must_use]
    pub fn name(&self) -> String {
        join_name(&self.from.name, &self.relation.name, &self.to.name)
    }

    /// Where its rows are in the offline database.
    #[must_use]
    pub fn storage(&self) -> JoinStorage {
        self.relation.storage.clone().unwrap_or_else(|| {
            JoinStorage::default_layout(&self.from.name, &self.relation.name, &self.to.name)
        })
    }
}

impl JoinStorage {
    /// The default layout, for relations without `storage` (contract 1.1).
    #[must_use]
    pub fn default_layout(from: &str, relation: &str, to: &str) -> Self {
        Self { table: join_name(from, relation, to), from: "from".to_owned(), to: "to".to_owned() }
    }
}

pub(super) fn join_name(from: &str, relation: &str, to: &str) -> String {
    format!("join_{from}_{relation}_{to}")
}
