//! What a schema is inferred from: facts about the tables of a database, as
//! [`crate::offline`] finds them.

/// A table that an application made.
#[derive(Debug, Clone, Default)]
pub struct TableFacts {
    /// Its name.
    pub name: String,
    /// In declared order.
    pub columns: Vec<ColumnFacts>,
    /// References to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// How many rows it has.
    pub rows: u64,
}

/// A column, and what its values are.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "these are independent facts")]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// The declared type in upper case; empty when there is none.
    pub declared: String,
    /// Whether it is declared NOT NULL.
    pub is_not_null: bool,
    /// Its place in the primary key, from 1; 0 when it is in none.
    pub key_place: u32,
    /// Whether a row has NULL in it.
    pub has_null: bool,
    /// Whether a row has an integer in it.
    pub has_integer: bool,
    /// Whether a row has an integer other than 0 and 1 in it.
    pub has_large_integer: bool,
    /// Whether a row has a floating point number in it.
    pub has_real: bool,
    /// Whether a row has text in it.
    pub has_text: bool,
    /// Whether a row has text in it that is no JSON object or array.
    pub has_plain_text: bool,
    /// Whether a row has bytes in it.
    pub has_blob: bool,
}

/// A reference to another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table that they refer to.
    pub table: String,
    /// The columns there; empty for the primary key.
    pub targets: Vec<String>,
}

impl TableFacts {
    /// The column of that name, whatever its case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The columns of the primary key, in its order.
    #[must_use]
    pub fn primary_key(&self) -> Vec<&ColumnFacts> {
        let mut key: Vec<_> = self.columns.iter().filter(|column| column.key_place > 0).collect();
        key.sort_by_key(|column| column.key_place);
        key
    }
}
