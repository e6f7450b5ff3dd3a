//! The error for an invalid schema. The checks are in [`super::parse`], which also finds the places.

use std::fmt;

/// A problem in a schema. Its code is `SCHEMA_INVALID`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid schema: {message}")]
#[non_exhaustive]
pub struct SchemaError {
    /// A human-readable description of the problem.
    pub message: String,
    /// The place in the JSON, such as `resources[0].fields[2].type`; `$` for the whole text.
    pub path: String,
    /// The same place in the text, where the text is JSON: that of what lacks a member, if one is missing.
    pub place: Option<Place>,
    /// The name that the problem is about, where it is one that does not exist.
    pub unknown: Option<UnknownName>,
}

/// A line and a column of a text, both from 1; a column is a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Place {
    /// The number of the line.
    pub line: usize,
    /// The number of the character in its line.
    pub column: usize,
}

/// A name that does not exist, and those that do, from which a similar one can be suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownName {
    /// The name as it is written.
    pub name: String,
    /// The names that could be there.
    pub known: Vec<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
