//! Which rows of the planned tables a run sends: those that `--only-failed` selects and `--limit` leaves.
//! Plan and reader ask the same filter, so that they count the same rows.

use super::limited::LimitedRecords;
use crate::cloneup::options::Options;
use crate::offline::JoinSource;

/// Decides about single rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowFilter<'a> {
    pub(super) options: &'a Options,
    pub(super) limited: Option<&'a LimitedRecords>,
}

impl RowFilter<'_> {
    /// Whether every row of a table is sent, up to the planned number.
    pub(crate) fn has_all(self) -> bool {
        self.options.only.is_none() && self.limited.is_none()
    }

    /// Whether a record is sent.
    pub(crate) fn has_record(self, resource: &str, id: &str) -> bool {
        self.options.selects(resource, id) && self.limited.is_none_or(|limited| limited.has(resource, id))
    }

    /// Whether a join row is sent. With a limit, both of its records are.
    pub(crate) fn has_join_row(self, source: &JoinSource, from: &str, to: &str) -> bool {
        let is_selected =
            self.options.only.is_none() || self.options.selects(source.name(), &format!("{from}:{to}"));
        is_selected && self.limited.is_none_or(|limited| limited.has_join_row(source, from, to))
    }
}
