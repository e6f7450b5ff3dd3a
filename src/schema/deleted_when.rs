//! Soft deletes: which rows of a resource's table the application has marked as deleted
//! (contract 1.1, `storage.deletedWhen`). The SQL condition for such rows is made in
//! [`crate::offline`].

/// The rows that are marked as deleted. They are no records.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeletedWhen {
    /// The name of the column that marks them.
    pub column: String,
    /// What the column holds in a marked row.
    pub rule: DeletedRule,
}

/// What the marker column holds in a row that is marked as deleted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DeletedRule {
    /// One of these values; at least one.
    Values(Vec<MarkerValue>),
    /// Any value but NULL, such as the time of the delete.
    NotNull,
}

/// A value of the marker column, compared as SQLite compares values. The booleans of JSON are the
/// integers 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub enum MarkerValue {
    /// An integer.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text.
    Text(String),
}
