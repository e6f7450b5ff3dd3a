//! The types of a valid schema. How they come out of JSON is in [`super::parse`].

/// Everything that can be uploaded or served.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// In the order of the schema file.
    pub resources: Vec<Resource>,
    /// In the order of the schema file.
    pub relations: Vec<Relation>,
    /// The BLAKE3 hash of the schema's canonical JSON, in hex: two files with the same one
    /// say the same.
    pub fingerprint: String,
}

/// A kind of record.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The name on the wire.
    pub name: String,
    /// The version that its mutations carry.
    pub version: u64,
    /// Whether it lives on the server alone and has no local table.
    pub is_remote_only: bool,
    /// Without `id`, which every record has.
    pub fields: Vec<Field>,
    /// Where it lies in the offline database.
    pub storage: Storage,
}

/// A field of a record, or a metadata field of a join row.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name on the wire.
    pub name: String,
    /// The declared type.
    pub kind: Type,
    /// Whether a record must have it.
    pub required: bool,
    /// Whether `null` is one of its values.
    pub nullable: bool,
    /// The column, where the schema names one; the field's name otherwise.
    pub column: Option<String>,
}

/// A declared type, as far as it changes how a value is mapped or checked (contract 1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `boolean`: 0 and 1 in the database.
    Boolean,
    /// `json`: any JSON, as text in the database.
    Json,
    /// `object`: a JSON object, as text in the database.
    Object,
    /// `array`: a JSON array, as text in the database.
    Array,
    /// `string`.
    String,
    /// `number`.
    Number,
    /// Any other name; its values are mapped by what SQLite holds.
    Other(String),
}

/// Where a resource lies in the offline database.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    /// The table or view.
    pub table: String,
    /// The id column.
    pub id: String,
    /// How the id column's value becomes the id; `None`: it is the id, and TEXT.
    pub id_format: Option<IdFormat>,
    /// The column that holds the whole record as JSON, if one does.
    pub document: Option<String>,
}

/// A template such as `track:{}` that turns a key into an id and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdFormat {
    /// What stands before the key.
    pub prefix: String,
    /// What stands behind the key.
    pub suffix: String,
}

/// How resources refer to each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// Many-many, many-one, or one that a database shows only from its other side.
    pub kind: RelationKind,
    /// The resources that refer.
    pub from: Vec<String>,
    /// The resources that are referred to.
    pub to: Vec<String>,
    /// The relation's name, seen from `from`.
    pub name: String,
    /// The relation's name, seen from `to`.
    pub inverse: Option<String>,
    /// Of a many-one relation: the field of `from` that holds the target's id.
    pub fk_field: Option<String>,
    /// Of a many-many relation: the fields of a join row.
    pub metadata: Vec<Field>,
    /// Of a many-many relation: where its join rows lie, if not in the default place.
    pub storage: Option<JoinStorage>,
}

/// The four kinds of relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// Kept in a join store.
    ManyMany,
    /// Kept in a field of `from`.
    ManyOne,
    /// The inverse of a many-one relation; keeps nothing itself.
    OneMany,
    /// Kept in a field of `from`, like a many-one relation.
    OneOne,
}

/// Where the join rows of a mapped relation lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinStorage {
    /// The table or view.
    pub table: String,
    /// The column of the referring key.
    pub from: String,
    /// The column of the key referred to.
    pub to: String,
}

/// The join rows of one pair of resources of a many-many relation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JoinStore<'a> {
    /// The resource that refers.
    pub from: &'a Resource,
    /// The resource that is referred to.
    pub to: &'a Resource,
    /// The relation.
    pub relation: &'a Relation,
}

/// A field that holds another record's id.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ManyOne<'a> {
    /// The resource whose field it is.
    pub from: &'a Resource,
    /// The field.
    pub fk_field: &'a str,
    /// The resource whose ids it holds.
    pub to: &'a Resource,
    /// The relation.
    pub relation: &'a Relation,
}

impl Schema {
    /// The resource of that name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.name == name)
    }

    /// Every join store, in byte order of their names (contract 3.1, stage B).
    #[must_use]
    pub fn join_stores(&self) -> Vec<JoinStore<'_>> {
        let mut stores = Vec::new();
        for relation in self.relations.iter().filter(|relation| relation.kind == RelationKind::ManyMany) {
            for (from, to) in self.pairs(relation) {
                stores.push(JoinStore { from, to, relation });
            }
        }
        stores.sort_by_key(JoinStore::name);
        stores
    }

    /// Every field that holds another record's id.
    #[must_use]
    pub fn many_ones(&self) -> Vec<ManyOne<'_>> {
        let mut found = Vec::new();
        for relation in &self.relations {
            if !matches!(relation.kind, RelationKind::ManyOne | RelationKind::OneOne) {
                continue;
            }
            if let Some(fk_field) = &relation.fk_field {
                for (from, to) in self.pairs(relation) {
                    found.push(ManyOne { from, fk_field, to, relation });
                }
            }
        }
        found
    }

    fn pairs<'a>(&'a self, relation: &'a Relation) -> impl Iterator<Item = (&'a Resource, &'a Resource)> {
        let from = relation.from.iter().filter_map(|name| self.resource(name));
        from.flat_map(|from| {
            let to = relation.to.iter().filter_map(|name| self.resource(name));
            to.map(move |to| (from, to))
        })
    }
}

impl Resource {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// The column, or the key of a document, that holds the field.
    #[must_use]
    pub fn column(&self) -> &str {
        self.column.as_deref().unwrap_or(&self.name)
    }
}

impl Type {
    /// Whether the database holds such a value as JSON text.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self, Self::Json | Self::Object | Self::Array)
    }
}

impl IdFormat {
    /// The id of a key.
    #[must_use]
    pub fn id(&self, key: &str) -> String {
        format!("{}{key}{}", self.prefix, self.suffix)
    }

    /// The key of an id; `None` when the id is not of this template.
    #[must_use]
    pub fn key<'a>(&self, id: &'a str) -> Option<&'a str> {
        id.strip_prefix(&self.prefix)?.strip_suffix(&self.suffix)
    }
}

impl JoinStore<'_> {
    /// `join_<from>_<relation>_<to>`, on the wire and in the default place (contract 1.1).
    #[must_use]
    pub fn name(&self) -> String {
        join_name(&self.from.name, &self.relation.name, &self.to.name)
    }

    /// Where its rows lie.
    #[must_use]
    pub fn storage(&self) -> JoinStorage {
        self.relation.storage.clone().unwrap_or_else(|| {
            JoinStorage::in_default_place(&self.from.name, &self.relation.name, &self.to.name)
        })
    }
}

impl JoinStorage {
    /// Where the join rows lie when the schema does not say.
    #[must_use]
    pub fn in_default_place(from: &str, relation: &str, to: &str) -> Self {
        Self { table: join_name(from, relation, to), from: "from".to_owned(), to: "to".to_owned() }
    }
}

fn join_name(from: &str, relation: &str, to: &str) -> String {
    format!("join_{from}_{relation}_{to}")
}
