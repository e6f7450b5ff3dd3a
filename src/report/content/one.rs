//! The report of one run.

use super::budget::Budget;
use super::report::{Block, Report, Section};
use super::verdict::{self, Verdict};
use super::{errors, facts, limit, options, over_time, rejected, result_table, retries};
use crate::report::record::{Run, Totals};

/// What is said about a run.
pub(super) fn report(run: &Run) -> Report {
    let (budget, totals) = (Budget::of(1), Totals::of([run]));
    let mut sections = Vec::new();
    let mut outcome: Vec<_> = verdict::note(run).map(Block::Note).into_iter().collect();
    outcome.extend(errors::errors_table(run, budget.errors).map(Block::Table));
    if !outcome.is_empty() {
        sections.push(Section::new(if run.has_ended() { "Why" } else { "No end" }, outcome));
    }
    let tables = result_table::result_table(run, budget.parts).into_iter().chain(rejected::by_code(&totals));
    let tables: Vec<_> = tables.map(Block::Table).collect();
    if !tables.is_empty() {
        sections.push(Section::new("Result", tables));
    }
    let over_time = over_time::blocks(run, budget);
    if !over_time.is_empty() {
        sections.push(Section::new("Over time", over_time));
    }
    sections.extend(retries::section(&totals));
    sections.extend(limit::section(run, budget.limits));
    sections.extend(rejected::section(&totals, [run]));
    sections.extend(options::section([run]));
    Report {
        verdict: Verdict::of(run),
        title: verdict::title(run),
        lead: facts::lead(run),
        facts: facts::facts(run),
        sections,
    }
}
