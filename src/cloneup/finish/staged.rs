//! Finalization of an upload that several runs divided among them (contract 3.7). It covers what the
//! [`EndedParts`] have uploaded together: what no part is known to have uploaded stays in the change log,
//! and no pulled change overwrites it. The finalization itself is in [`super::finalize`].

use super::finalize::finalize;
use crate::cloneup::blocking::blocking;
use crate::cloneup::failure::Failure;
use crate::cloneup::job::Job;
use crate::cloneup::observer::Event;
use crate::cloneup::options::Options;
use crate::cloneup::plan::Plan;
use crate::cloneup::progress::{Covered, EndedParts};
use crate::offline::Scope;
use crate::protocol::Cursor;
use crate::schema::Schema;

/// A finalization as far as it is known what was uploaded.
#[derive(Debug)]
pub(crate) struct StagedFinalization {
    /// The plan with the `seq` and the scope of what was uploaded.
    pub(crate) plan: Plan,
    /// The highest push cursor, if it is known.
    pub(crate) cursor: Option<Cursor>,
    /// The server's sequence before the upload began, if it is known.
    begun_at: Option<Cursor>,
    /// Warnings for a person about what is left as it is.
    pub(crate) warnings: Vec<String>,
}

impl StagedFinalization {
    /// Plans the finalization after these parts.
    pub(crate) fn new(ended: &EndedParts, mut plan: Plan, options: &Options, schema: &Schema) -> Self {
        let mut warnings = Vec::new();
        let has_entries = plan.drains(options);
        let Covered { seq, join_rows, cursor, begun_at } = match ended.covered() {
            Ok(covered) => covered,
            Err(incomplete) => {
                if has_entries {
                    warnings.push(format!("the change log keeps its entries: {incomplete}"));
                }
                if options.set_global_cursor_on_success && !options.pull_after {
                    warnings.push(format!("the global cursor is not moved: {incomplete}"));
                }
                (plan.seq, plan.scope) = (0, Scope::default());
                return Self { plan, cursor: None, begun_at: None, warnings };
            }
        };
        if !join_rows && !plan.scope.join_stores(schema).is_empty() {
            plan.scope.join_rows = false;
            if has_entries {
                let message = "the change log keeps its entries about relations: no run beside this database \
                    has uploaded the join rows with these options";
                warnings.push(message.to_owned());
            }
        }
        plan.seq = plan.seq.min(seq);
        Self { plan, cursor, begun_at, warnings }
    }
}

/// Finalizes after the parts that have ended beside the database. Returns the plan with what they have
/// covered, and the highest push cursor, if it is known.
pub(crate) async fn finalize_staged(job: &Job<'_>, plan: &Plan) -> Result<(Plan, Option<Cursor>), Failure> {
    let (database, identity) = (job.database.clone(), job.staged_identity());
    let ended = blocking(move || EndedParts::read(&database, &identity)).await;
    let staged = StagedFinalization::new(&ended, plan.clone(), &job.options, &job.schema);
    let StagedFinalization { plan, cursor, begun_at, warnings } = staged;
    for warning in &warnings {
        job.observer.on(&Event::Warning(warning));
    }
    finalize(job, &plan, begun_at, cursor.clone()).await?;
    Ok((plan, cursor))
}
