//! Facts about the tables of a database, from which [`super::infer()`] makes a schema.
//!
//! Only their types are here; [`crate::offline`] collects them.

/// The facts about one table.
#[derive(Debug, Clone, Default)]
pub struct TableFacts {
    /// The table's name.
    pub name: String,
    /// The columns, in declared order.
    pub columns: Vec<ColumnFacts>,
    /// The declared foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
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
    /// Whether a row has text in it that is not a JSON object or array.
    pub has_plain_text: bool,
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
        key.sort_by_key(|column| column.key_place);
        key
    }
}
