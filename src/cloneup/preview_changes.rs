//! What a dry run shows of a comparison (contract 3.9): how much would be sent and removed, and the first of
//! each. The rest of a dry run is in [`super::preview`].

use serde::Serialize;

use super::compare::{Difference, DifferenceKind, TableCounts};
use super::narrowing::{Deletions, NarrowedPlan};
use super::plan::Extra;
use crate::offline::OfflineError;
use crate::protocol::Cursor;
use crate::schema::Schema;

/// How many rows are named of those that would be sent, and of those that would be removed.
const FIRST: usize = 10;

/// What a comparison has found (contract 3.9).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PreviewChanges {
    /// The server's sequence when it was compared.
    pub cursor: Cursor,
    /// The number of rows that the server lacks.
    pub missing: u64,
    /// The number of rows that the server has otherwise.
    pub different: u64,
    /// The number of rows that only the server has.
    pub extra: u64,
    /// The first rows that would be sent.
    pub first: Vec<Difference>,
    /// What would be removed; `None` where nothing would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<PreviewDeleted>,
}

/// What would be removed because only the server has it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PreviewDeleted {
    /// The number of records.
    pub records: u64,
    /// The number of join rows.
    pub join_rows: u64,
    /// The first of them.
    pub first: Vec<Difference>,
}

impl PreviewChanges {
    pub(super) fn new(narrowed: &NarrowedPlan, schema: &Schema) -> Result<Self, OfflineError> {
        let NarrowedPlan { plan, options, deletions, tables, .. } = narrowed;
        let (mut first, mut first_deleted) = (Vec::new(), Vec::new());
        let add = |list: &mut Vec<Difference>, difference| {
            list.push(difference);
            if list.len() == FIRST { Err(OfflineError::Stopped) } else { Ok(()) }
        };
        if let Some(changes) = &plan.changes {
            let listing = tables.iter().try_for_each(|table| {
                let name = &table.name;
                changes.found.for_each(name, Some(false), |item| add(&mut first, Difference::of(name, &item)))
            });
            unless_stopped(listing)?;
        }
        if options.delete_extra {
            let listing = Extra::of(plan, schema)?.for_each("", "", |name, id, _| {
                let (resource, id) = (name.to_owned(), id.to_owned());
                let kind = DifferenceKind::Extra;
                add(&mut first_deleted, Difference { resource, id, kind, fields: None })
            });
            unless_stopped(listing)?;
        }
        let sum = |count: fn(&TableCounts) -> u64| tables.iter().map(count).sum();
        let Deletions { records, join_rows } = *deletions;
        Ok(Self {
            cursor: plan.changes.as_ref().map_or_else(Cursor::zero, |changes| changes.cursor.clone()),
            missing: sum(|table| table.missing),
            different: sum(|table| table.different),
            extra: sum(|table| table.extra),
            first,
            deleted: options.delete_extra.then_some(PreviewDeleted {
                records,
                join_rows,
                first: first_deleted,
            }),
        })
    }
}

/// A list that is long enough is no error.
fn unless_stopped(listing: Result<(), OfflineError>) -> Result<(), OfflineError> {
    match listing {
        Err(OfflineError::Stopped) => Ok(()),
        listing => listing,
    }
}
