//! The result of a comparison, by table and by row. The comparison itself is in [`super::comparing`].

use serde::Serialize;
use serde_json::Value;

use crate::offline::FoundItem;

/// The counts of a resource or join store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableCounts {
    /// The resource or join store.
    pub name: String,
    /// The number of rows in the database.
    pub local: u64,
    /// The number of rows on the server.
    pub server: u64,
    /// The number of rows that the server lacks.
    pub missing: u64,
    /// The number of rows whose content differs.
    pub different: u64,
    /// The number of rows that only the server has.
    pub extra: u64,
}

impl TableCounts {
    /// The number of differences.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.missing + self.different + self.extra
    }
}

/// A record or join row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The resource or join store.
    pub resource: String,
    /// The record's id, or `from:to` of a join row.
    pub id: String,
    /// How it differs.
    pub kind: DifferenceKind,
    /// The fields that differ, of the first rows whose content differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<FieldDifference>>,
}

impl Difference {
    /// A difference of a resource or join store.
    pub(crate) fn of(name: &str, item: &FoundItem) -> Self {
        let kind = match (&item.local, &item.server) {
            (None, _) => DifferenceKind::Extra,
            (Some(_), None) => DifferenceKind::Missing,
            (Some(_), Some(_)) => DifferenceKind::Different,
        };
        Self { resource: name.to_owned(), id: item.key.id.clone(), kind, fields: None }
    }
}

/// A field whose value is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FieldDifference {
    /// The field's name.
    pub name: String,
    /// The digest of the value in the database: that of a content with this field alone (contract 3.8), in
    /// hexadecimal digits. `None` where there is no value.
    pub local: Option<String>,
    /// The digest of the value on the server.
    pub server: Option<String>,
    /// The value in the database, where values are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_value: Option<Value>,
    /// The value on the server, where values are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_value: Option<Value>,
}

/// How a record or join row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The server lacks it.
    Missing,
    /// Its content differs on the server.
    Different,
    /// Only the server has it.
    Extra,
}
