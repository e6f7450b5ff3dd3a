//! What a comparison has found, as far as a plan needs it: the plan is narrowed to what the server lacks or
//! has otherwise (contract 3.9). Comparing is the job of [`crate::cloneup::compare`].

use std::collections::HashSet;
use std::sync::Arc;

use super::extra::Extra;
use super::upload_plan::{Part, Plan, Source, count_join_rows};
use crate::cloneup::options::Options;
use crate::offline::{ChosenIds, FoundItems, ItemKey, OfflineError, Snapshot};
use crate::protocol::Cursor;
use crate::schema::Schema;

/// The differences between both sides.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) found: Arc<FoundItems>,
    /// The names of tables that the server has nothing of, whose rows are not among the found ones.
    pub(crate) whole: HashSet<String>,
    /// The server's sequence when it was compared.
    pub(crate) cursor: Cursor,
}

/// The records of a resource that differ.
#[derive(Debug)]
struct ChangedIds {
    found: Arc<FoundItems>,
    resource: String,
}

impl ChosenIds for ChangedIds {
    fn has(&self, id: &str) -> Result<bool, OfflineError> {
        self.found.has_local(&self.resource, &ItemKey::record(id))
    }
}

impl Changes {
    /// Whether a join row differs.
    pub(super) fn has_join_row(&self, store: &str, from: &str, to: &str) -> Result<bool, OfflineError> {
        if self.whole.contains(store) {
            return Ok(true);
        }
        self.found.has_local(store, &ItemKey::join_row(from, to))
    }

    /// Whether only the server has a record.
    pub(super) fn has_extra(&self, resource: &str, id: &str) -> Result<bool, OfflineError> {
        self.found.has_extra(resource, id)
    }

    /// The number of rows of a table that differ and that the database has; `None` where that is all.
    fn local(&self, name: &str) -> Result<Option<u64>, OfflineError> {
        if self.whole.contains(name) {
            return Ok(None);
        }
        self.found.counts(name).map(|(local, _)| Some(local))
    }
}

/// How many items a narrowed plan removes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Narrowed {
    pub(crate) records: u64,
    pub(crate) join_rows: u64,
}

impl Plan {
    /// Leaves in the plan only what differs, and adds what is removed because only the server has it, if
    /// the options say so. Returns how much that is.
    ///
    /// # Errors
    /// [`OfflineError`] when the database or the differences cannot be read.
    pub(crate) fn narrow(
        &mut self,
        changes: Changes,
        options: &Options,
        schema: &Schema,
        snapshot: &Snapshot,
    ) -> Result<Narrowed, OfflineError> {
        let changes = Arc::new(changes);
        self.changes = Some(Arc::clone(&changes));
        let parts = std::mem::take(&mut self.parts);
        let has_deletes = parts.iter().any(|part| matches!(part.source, Source::Deletes));
        for part in parts {
            let narrowed = self.narrowed(part, &changes, options, snapshot)?;
            self.parts.extend(narrowed);
        }
        let deletes = if has_deletes { self.deletes(options, schema, snapshot).count()? } else { 0 };
        if deletes > 0 {
            self.parts.push(Part::new(Source::Deletes, deletes));
        }
        if !options.delete_extra {
            return Ok(Narrowed::default());
        }
        self.deletes(options, schema, snapshot).for_each("", |delete| {
            // What the change log deletes is removed already.
            if delete.operation != "delete" {
                return Ok(());
            }
            changes.found.remove(&delete.resource, &delete.id, true).map(|_| ())
        })?;
        let (narrowed, unclear) = Extra::of(self, schema)?.count()?;
        if unclear > 0 {
            self.warnings.push(format!(
                "{unclear} join rows that only the server has are not removed: its feed does not say which records they join"
            ));
        }
        let rows = narrowed.records + narrowed.join_rows;
        if rows > 0 {
            self.parts.push(Part::new(Source::Extra, rows));
        }
        Ok(narrowed)
    }

    /// A part with the rows that differ; `None` for the deletes, which are counted again.
    fn narrowed(
        &self,
        part: Part,
        changes: &Arc<Changes>,
        options: &Options,
        snapshot: &Snapshot,
    ) -> Result<Option<Part>, OfflineError> {
        let all = part.rows;
        let (source, rows) = match part.source {
            Source::Records(source) => match changes.local(source.name())? {
                None => (Source::Records(source), all),
                Some(rows) => {
                    let (found, resource) = (Arc::clone(&changes.found), source.name().to_owned());
                    (Source::Records(source.chosen(Arc::new(ChangedIds { found, resource }))), rows)
                }
            },
            Source::JoinRows(source) => {
                let rows = match changes.local(source.name())? {
                    None => all,
                    Some(0) => 0,
                    // Several rows of one pair are all sent.
                    Some(_) => count_join_rows(self.filter(options), &source, snapshot)?,
                };
                (Source::JoinRows(source), rows)
            }
            Source::Deletes | Source::Extra => return Ok(None),
        };
        Ok(Some(Part { unchanged: Some(all.saturating_sub(rows)), ..Part::new(source, rows) }))
    }
}
