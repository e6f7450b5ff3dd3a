//! Facts about the tables of a database, from which [`super::infer()`] makes a schema.
//!
//! Only their types are here; [`crate::offline`] collects them.

/// The facts about a database.
#[derive(Debug, Clone, Default)]
pub struct DatabaseFacts {
    /// The ordinary tables, in the order of their names.
    pub tables: Vec<TableFacts>,
    /// Views, virtual tables and their shadow tables, in the order of their names.
    pub others: Vec<OtherTable>,
}

/// A table that is not an ordinary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTable {
    /// The table's name.
    pub name: String,
    /// The kind of table.
    pub kind: OtherKind,
}

/// The kinds of tables that are not ordinary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherKind {
    /// A view.
    View,
    /// A virtual table, such as a full-text index.
    Virtual {
        /// The module that implements it, such as `fts5` or `rtree`.
        module: String,
    },
    /// A table in which a virtual table keeps its data.
    Shadow {
        /// The name of the virtual table.
        of: String,
    },
}

/// The facts about the documents in a table.
#[derive(Debug, Clone, Default)]
pub struct DocumentFacts {
    /// The keys of all documents, in the order of their names.
    pub keys: Vec<ColumnFacts>,
    /// The number of rows.
    pub documents: u64,
    /// The number of rows whose value is not a JSON object.
    pub invalid: u64,
}

/// The facts about one table.
#[derive(Debug, Clone, Default)]
pub struct TableFacts {
    /// The table's name.
    pub name: String,
    /// The columns, in declared order.
    pub columns: Vec<ColumnFacts>,
    /// The declared foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// The columns of each unique index over all rows, without the primary key.
    pub unique: Vec<Vec<String>>,
    /// The names of generated columns, which are not among the columns.
    pub generated: Vec<String>,
    /// Whether it has row ids: it is not WITHOUT ROWID.
    pub has_rowid: bool,
    /// The number of rows.
    pub rows: u64,
}

/// The declaration of one column, and the kinds of values that its rows hold.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "these are independent facts")]
pub struct ColumnFacts {
    /// The column's name.
    pub name: String,
    /// The declared type in upper case; empty when there is none.
    pub declared: String,
    /// Whether it is declared NOT NULL.
    pub is_not_null: bool,
    /// The position in the primary key, from 1; 0 when the column is not part of it.
    pub key_place: u32,
    /// Whether a row has NULL in it.
    pub has_null: bool,
    /// Whether a row has an integer in it.
    pub has_integer: bool,
    /// Whether a row has an integer other than 0 and 1 in it.
    pub has_large_integer: bool,
    /// Whether a row has a floating-point number in it.
    pub has_real: bool,
    /// Whether a row has text in it.
    pub has_text: bool,
    /// Whether a row has the empty text in it.
    pub has_empty_text: bool,
    /// Whether a row has text in it that is not a JSON object or array.
    pub has_plain_text: bool,
    /// Whether a row has text in it that is a JSON object or array.
    pub has_json_text: bool,
    /// Whether a row has JSON text in it that a round trip (parsing and writing) would change: it has an
    /// integer beyond 64 bits, another number whose digits change, a repeated or a reserved key.
    pub has_inexact_json: bool,
    /// Whether a row has text in it that is not UTF-8.
    pub has_invalid_text: bool,
    /// Whether a row has an infinite number in it.
    pub has_infinity: bool,
    /// Whether a document has a boolean of JSON in it.
    pub has_boolean: bool,
    /// Whether a document has an array or an object in it, not as text.
    pub has_nested: bool,
    /// Whether a row has a BLOB in it.
    pub has_blob: bool,
}

/// A declared foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The referring columns.
    pub columns: Vec<String>,
    /// The name of the table that they refer to.
    pub table: String,
    /// The columns of that table; empty for its primary key.
    pub targets: Vec<String>,
}

impl TableFacts {
    /// The column of that name, compared without regard to ASCII case as in SQLite.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The columns of the primary key, in the order of the key.
    #[must_use]
    pub fn primary_key(&self) -> Vec<&ColumnFacts> {
        let mut key: Vec<_> = self.columns.iter().filter(|column| column.key_place > 0).collect();
        key.sort_unstable_by_key(|column| column.key_place);
        key
    }
}

/// The values of a column, or of a key of the documents in a column.
#[derive(Debug, Clone, Copy)]
pub struct ValuesOf<'n> {
    /// The table's name.
    pub table: &'n str,
    /// The column's name, or that of the key.
    pub column: &'n str,
    /// The column that holds the documents, where it is a key.
    pub document: Option<&'n str>,
}

/// Questions about rows that only come up while a schema is inferred.
pub trait Lookup {
    /// Why a question cannot be answered.
    type Error;

    /// The facts about the JSON documents in a column of a table.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn documents(&self, table: &str, column: &str) -> Result<DocumentFacts, Self::Error>;

    /// Whether two rows of a table have the same text in each of these columns, so that their ids
    /// would be equal: 1 and '1' are different keys for SQLite.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn has_equal_ids(&self, table: &str, columns: &[&str]) -> Result<bool, Self::Error>;

    /// The number of rows whose value is not NULL and not the text of a value in `to`, given as
    /// table and column.
    ///
    /// # Errors
    /// When a table cannot be read.
    fn count_unmatched(&self, from: ValuesOf<'_>, to: (&str, &str)) -> Result<u64, Self::Error>;

    /// The tables of the entities of Core Data by their numbers; empty where there are none.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn entity_tables(&self) -> Result<Vec<(i64, String)>, Self::Error>;

    /// The number of entries in PowerSync's upload queue, by operation.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn queued(&self) -> Result<std::collections::BTreeMap<String, u64>, Self::Error>;
}
