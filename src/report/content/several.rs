//! The report of several runs, such as the shards of an upload: all of them in one table, their sums, and
//! the first ones in detail.

use super::budget::{Budget, ID, MAX_DETAILED, MAX_RUNS};
use super::report::{Block, Cell, Report, Section, Table};
use super::verdict::{self, Verdict};
use super::words::{duration, moment, rate};
use super::{errors, facts, options, over_time, rejected, result_table, retries};
use crate::numbers::{counted, grouped, rounded};
use crate::report::record::{Run, Totals};

/// What is said about runs, each with the name of its event file.
pub(super) fn report(runs: &[(String, Run)]) -> Report {
    let totals = Totals::of(runs.iter().map(|(_, run)| run));
    let tables = [table(runs, &totals)].into_iter().chain(rejected::by_code(&totals));
    let mut sections = vec![Section::new("Runs", tables.map(Block::Table).collect())];
    sections.extend(retries::section(&totals));
    sections.extend(rejected::section(&totals, runs.iter().map(|(_, run)| run)));
    sections.extend(options::section(runs.iter().map(|(_, run)| run)));
    let budget = Budget::of(runs.len());
    sections.extend(runs.iter().take(MAX_DETAILED).map(|(name, run)| detail(name, run, budget)));
    if runs.len() > MAX_DETAILED {
        let words = format!(
            "The first {MAX_DETAILED} runs are shown in detail; a report of one event file shows its run."
        );
        sections.push(Section::new("Further runs", vec![Block::Note(words)]));
    }
    let mut facts = facts::of_totals(&totals, None);
    let took = totals.to.saturating_sub(totals.from);
    facts.push(super::Fact {
        name: "Duration",
        value: duration(took),
        detail: "from first to last".to_owned(),
    });
    Report {
        verdict: verdict_of(runs),
        title: title(&totals),
        lead: vec![format!("Began {}", moment(totals.from))],
        facts,
        sections,
    }
}

/// The least good verdict.
fn verdict_of(runs: &[(String, Run)]) -> Verdict {
    let order = [Verdict::Failed, Verdict::Interrupted, Verdict::Unfinished, Verdict::Rejected];
    let verdicts: Vec<_> = runs.iter().map(|(_, run)| Verdict::of(run)).collect();
    order.into_iter().find(|verdict| verdicts.contains(verdict)).unwrap_or(Verdict::Done)
}

fn title(totals: &Totals) -> String {
    let rows = counted(totals.done, "row");
    let runs = counted(totals.runs, "run");
    if totals.applied == totals.runs {
        return format!("Uploaded {rows} in {runs}");
    }
    let failed = totals.runs - totals.applied;
    let of_total = format!("{} of {}", grouped(totals.done), counted(totals.total, "row"));
    format!("{} of {runs} did not succeed: {of_total} answered", grouped(failed))
}

fn table(runs: &[(String, Run)], totals: &Totals) -> Table {
    let columns = [
        ("Run", false),
        ("Shard", false),
        ("Result", false),
        ("Rows", true),
        ("Rows/s", true),
        ("Requests", true),
        ("Retries", true),
        ("Rejected", true),
        ("Duration", true),
    ];
    let rows = runs.iter().map(|(name, run)| {
        let of_run = Totals::of([run]);
        let sent = of_run.done.saturating_sub(of_run.resumed);
        let shard = run.shard.map(|shard| shard.to_string()).unwrap_or_default();
        let mut cells = vec![Cell::data(&title_of(name, run), ID), Cell::words(shard)];
        let words = [
            Verdict::of(run).word().to_owned(),
            grouped(of_run.done),
            grouped(rounded(rate(sent, run.sending_took()))),
            grouped(of_run.requests),
            grouped(of_run.retried()),
            grouped(of_run.rejected),
            duration(run.took()),
        ];
        cells.extend(words.into_iter().map(Cell::words));
        cells
    });
    let mut table = Table::new("All runs", &columns).with_rows(MAX_RUNS, rows);
    let sums = [
        "Together".to_owned(),
        String::new(),
        format!("{} of {} ok", totals.applied, totals.runs),
        grouped(totals.done),
        String::new(),
        grouped(totals.requests),
        grouped(totals.retried()),
        grouped(totals.rejected),
        duration(totals.to.saturating_sub(totals.from)),
    ];
    table.sums = Some(sums.into_iter().map(Cell::words).collect());
    table
}

/// What a run is called: by its file, and its database where the file has several.
fn title_of(name: &str, run: &Run) -> String {
    match &run.database {
        Some(database) => format!("{name}, {database}"),
        None => name.to_owned(),
    }
}

fn detail(name: &str, run: &Run, budget: Budget) -> Section {
    let mut blocks = vec![Block::Note(format!("{}. {}.", verdict::title(run), facts::lead(run).join(", ")))];
    blocks.extend(verdict::note(run).map(Block::Note));
    blocks.extend(errors::errors_table(run, budget.errors).map(Block::Table));
    blocks.push(Block::Facts(facts::facts(run)));
    blocks.extend(result_table::result_table(run, budget.parts).map(Block::Table));
    blocks.extend(over_time::blocks(run, budget));
    Section { heading: Cell::data(&title_of(name, run), ID), blocks }
}
