//! The result of a comparison, by table and by row. The comparison itself is in [`super::feed`].

use serde::Serialize;

/// The maximum number of differences that are listed by their ids; all of them are counted.
const MAX_LISTED: usize = 10_000;

/// The counts of a resource or join store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
pub struct Difference {
    /// The resource or join store.
    pub resource: String,
    /// The record's id, or `from:to` of a join row.
    pub id: String,
    /// How it differs.
    pub kind: DifferenceKind,
}

/// How a record or join row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DifferenceKind {
    /// The server lacks it.
    Missing,
    /// Its content differs on the server.
    Different,
    /// Only the server has it.
    Extra,
}

/// All differences of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// By resource in upload order, then by join store.
    pub(crate) tables: Vec<TableCounts>,
    /// The first of them.
    pub(crate) listed: Vec<Difference>,
}

impl Differences {
    /// Lists a difference, up to the maximum.
    pub(super) fn list(&mut self, name: &str, id: &str, kind: DifferenceKind) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(Difference { resource: name.to_owned(), id: id.to_owned(), kind });
        }
    }
}
