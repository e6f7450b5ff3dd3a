//! A resource or join store whose rows are compared, and which of its rows count.

use std::collections::HashSet;
use std::sync::Arc;

use crate::cloneup::options::Options;
use crate::cloneup::plan::{LimitedRecords, Sources};
use crate::offline::{ItemKey, JoinSource, OfflineError, RecordSource, Snapshot};

/// A resource or join store with its local rows.
#[derive(Debug, Clone)]
pub(crate) enum Table {
    Records(RecordSource),
    JoinRows(JoinSource),
}

impl Table {
    /// The tables of a run, in upload order: resources, then join stores. Rows of all shards are among
    /// their rows.
    pub(crate) fn all(sources: &Sources) -> Vec<Self> {
        let records = sources.records.iter().map(|source| Self::Records(source.clone().comparable()));
        let join_rows = sources.join_rows.iter().map(|source| Self::JoinRows(source.clone().comparable()));
        records.chain(join_rows).collect()
    }

    /// The name of the resource or join store.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Records(source) => source.name(),
            Self::JoinRows(source) => source.name(),
        }
    }

    pub(crate) fn is_join_store(&self) -> bool {
        matches!(self, Self::JoinRows(_))
    }

    /// The fields that are compared.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Records(source) => source.fields().collect(),
            Self::JoinRows(source) => source.fields().collect(),
        }
    }

    /// The number of local rows.
    pub(super) fn count(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        match self {
            Self::Records(source) => source.count(snapshot),
            Self::JoinRows(source) => source.count(snapshot),
        }
    }

    /// Whether the JSON of a row can have a member that is `null`.
    pub(super) fn can_hold_json_null(&self) -> bool {
        match self {
            Self::Records(source) => source.can_hold_json_null(),
            Self::JoinRows(source) => source.can_hold_json_null(),
        }
    }
}

/// Decides which rows count: what others say about the rest is no difference.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountedRows {
    /// Shard and selection of the run.
    pub(crate) options: Arc<Options>,
    /// The records that are sent, where their number is limited.
    pub(crate) limited: Option<Arc<LimitedRecords>>,
    /// Resource and id of what the application has changed since the rows were sent.
    pub(crate) edited: HashSet<(String, String)>,
    /// Whether what only the server has counts.
    pub(crate) with_extra: bool,
}

impl CountedRows {
    /// Whether a row counts that the database has.
    pub(super) fn has_local(&self, table: &Table, key: &ItemKey) -> bool {
        let name = table.name();
        self.is_own(table, key)
            && self.options.selects(name, &key.id)
            && self.limited.as_ref().is_none_or(|limited| match (table, key.ends()) {
                (Table::JoinRows(source), Some((from, to))) => limited.has_join_row(source, from, to),
                _ => limited.has(name, &key.id),
            })
            && !self.is_edited(name, key)
    }

    /// Whether an item counts that only the server has. Of a selection or a limited number of records it
    /// is not known what else the server should have.
    pub(super) fn has_extra(&self, table: &Table, key: &ItemKey) -> bool {
        self.with_extra
            && self.limited.is_none()
            && self.options.selects(table.name(), &key.id)
            && self.is_own(table, key)
            && !self.is_edited(table.name(), key)
    }

    /// Whether it is in the shard.
    fn is_own(&self, table: &Table, key: &ItemKey) -> bool {
        let shard = self.options.stage.shard().filter(|_| !table.is_join_store());
        shard.is_none_or(|shard| shard.has(&key.id))
    }

    fn is_edited(&self, name: &str, key: &ItemKey) -> bool {
        // Most comparisons have no edit to look for.
        !self.edited.is_empty() && self.edited.contains(&(name.to_owned(), key.id.clone()))
    }
}
