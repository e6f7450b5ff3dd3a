//! Which rows of the planned tables a run sends: those that `--only-failed` selects and `--limit` leaves,
//! and, of join rows, those that a comparison has found to differ. Plan and reader ask the same filter, so that they count the same rows.

use super::changes::Changes;
use super::limited::LimitedRecords;
use crate::cloneup::options::Options;
use crate::offline::{JoinSource, OfflineError};

/// Decides about single rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowFilter<'a> {
    pub(super) options: &'a Options,
    pub(super) limited: Option<&'a LimitedRecords>,
    pub(super) changes: Option<&'a Changes>,
}

impl RowFilter<'_> {
    /// Whether every row of a table is sent, up to the planned number.
    pub(crate) fn has_all(self) -> bool {
        self.options.only.is_none() && self.limited.is_none() && self.changes.is_none()
    }

    /// Whether a record is sent. What a comparison has found equal is not read.
    pub(crate) fn has_record(self, resource: &str, id: &str) -> bool {
        self.options.selects(resource, id) && self.limited.is_none_or(|limited| limited.has(resource, id))
    }

    /// Whether a join row is sent. With a limit, both of its records are.
    ///
    /// # Errors
    /// [`OfflineError`] when the differences that a comparison has found cannot be read.
    pub(crate) fn has_join_row(
        self,
        source: &JoinSource,
        from: &str,
        to: &str,
    ) -> Result<bool, OfflineError> {
        let is_selected =
            self.options.only.is_none() || self.options.selects(source.name(), &format!("{from}:{to}"));
        if !is_selected || !self.limited.is_none_or(|limited| limited.has_join_row(source, from, to)) {
            return Ok(false);
        }
        self.changes.map_or(Ok(true), |changes| changes.has_join_row(source.name(), from, to))
    }
}
