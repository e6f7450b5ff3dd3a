//! Compares both sides and narrows a plan to what differs (contract 3.9): the step between plan and upload
//! of `--only-changed` and `--overwrite`, of a run and of a dry run.

use std::sync::Arc;

use super::blocking::blocking;
use super::compare::{Comparing, CountedRows, Differences, Question, Table, TableCounts};
use super::failure::Failure;
use super::options::Options;
use super::plan::{Changes, Narrowed, Plan, Requested, Sources};
use crate::mutation::RecordOperation;
use crate::offline::{OfflineError, Snapshot};
use crate::protocol::{Cursor, code};
use crate::schema::Schema;

/// A plan of what differs.
pub(super) struct NarrowedPlan {
    pub(super) plan: Plan,
    pub(super) snapshot: Snapshot,
    /// The options of the upload: with another prefix where it overwrites.
    pub(super) options: Arc<Options>,
    /// What is removed because only the server has it.
    pub(super) deletions: Deletions,
    /// The counts of the comparison, by resource in upload order, then by join store.
    pub(super) tables: Vec<TableCounts>,
}

/// How much is removed because only the server has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deletions {
    /// The number of records.
    pub records: u64,
    /// The number of join rows.
    pub join_rows: u64,
}

impl Deletions {
    /// The number of records and join rows.
    #[must_use]
    pub fn total(self) -> u64 {
        self.records + self.join_rows
    }

    /// Checks that not more is removed than the options allow.
    pub(super) fn check(self, options: &Options) -> Result<(), Failure> {
        match options.max_delete {
            Some(max) if self.total() > max => {
                let message = format!(
                    "{} records and join rows are only on the server, and at most {max} may be deleted: nothing was sent",
                    self.total()
                );
                Err(Failure::invalid(code::DFQL_INVALID, &message, "maxDelete")
                    .in_words(format!("--max-delete: {message}")))
            }
            _ => Ok(()),
        }
    }
}

/// Compares, and leaves in the plan only what differs.
pub(super) async fn narrow(
    comparing: &Comparing<'_>,
    schema: &Arc<Schema>,
    requested: Requested,
    (mut plan, snapshot): (Plan, Snapshot),
    options: &Arc<Options>,
) -> Result<NarrowedPlan, Failure> {
    let counted = CountedRows {
        options: Arc::clone(options),
        limited: plan.limited.clone(),
        // Rows that the application marks as deleted are deleted where the server has them.
        with_extra: true,
        ..CountedRows::default()
    };
    let resolving = {
        let schema = Arc::clone(schema);
        blocking(move || {
            let tables = Table::all(&Sources::resolve(&snapshot, &schema, &requested)?);
            Ok::<_, OfflineError>((tables, snapshot))
        })
    };
    let (tables, snapshot) = resolving.await?;
    let question = Arc::new(Question { tables, counted, lists_missing: false });
    let (differences, snapshot) = comparing.compare(&question, snapshot).await?;
    let cursor = differences.cursors.highest.clone().unwrap_or_else(Cursor::zero);
    let mut with_prefix = (**options).clone();
    if options.overwrite {
        with_prefix.mutation_id_prefix = format!("{}@{cursor}", options.mutation_id_prefix);
    }
    let options = Arc::new(with_prefix);
    plan.equal_at = equal_at(&plan, &question, &differences, &options);
    let Differences { tables, found, whole, .. } = differences;
    let changes = Changes { found, whole, cursor };
    let narrowing = {
        let (schema, options) = (Arc::clone(schema), Arc::clone(&options));
        blocking(move || {
            let narrowed = plan.narrow(changes, &options, &schema, &snapshot)?;
            Ok::<_, OfflineError>((plan, snapshot, narrowed))
        })
    };
    let (plan, snapshot, Narrowed { records, join_rows }) = narrowing.await?;
    let deletions = Deletions { records, join_rows };
    Ok(NarrowedPlan { plan, snapshot, options, deletions, tables })
}

/// A place in the server's sequence at which the server, apart from what is uploaded now, has nothing but
/// what the database has: what is pulled afterwards need not begin before it. `None` where that is not so,
/// or not known.
fn equal_at(
    plan: &Plan,
    question: &Question,
    differences: &Differences,
    options: &Options,
) -> Option<Cursor> {
    let is_all = differences.is_by_digests
        && options.finalizes()
        && options.stage.has_records()
        && plan.scope.all_resources
        && plan.scope.join_rows;
    let replaces = |table: &Table| {
        options.overwrite
            && match table {
                Table::Records(source) => {
                    options.operation(source.has_all_fields()) == RecordOperation::Replace
                }
                Table::JoinRows(_) => true,
            }
    };
    let is_equal = |(table, counts): (&Table, &TableCounts)| {
        // What the server once had and lacks now is applied only under another mutation id.
        (counts.missing == 0 || options.overwrite)
            && (counts.different == 0 || replaces(table))
            && (counts.extra == 0 || options.delete_extra)
    };
    let is_equal = is_all && question.tables.iter().zip(&differences.tables).all(is_equal);
    differences.cursors.lowest.clone().filter(|_| is_equal)
}
