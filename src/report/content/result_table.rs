//! The table of what was uploaded: resources, join stores and deletes.

use std::collections::BTreeMap;

use super::budget::NAME;
use super::report::{Cell, Table};
use crate::numbers::grouped;
use crate::report::event::{Counts, Part, PartKind, Stats};
use crate::report::record::{End, Run};

/// A row before it is text.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    rows: u64,
    answered: u64,
    repeated: u64,
    unchanged: u64,
}

/// What was uploaded, part by part; `None` where there is no plan.
pub(super) fn result_table(run: &Run, max: usize) -> Option<Table> {
    run.started.as_ref()?;
    let stats = match &run.end {
        End::Applied(applied) => Some(&applied.stats),
        _ => None,
    };
    let rows: Vec<(&Part, Row)> = run
        .parts()
        .into_iter()
        .map(|state| {
            let Some(counts) = stats.and_then(|stats| counts_of(stats, state.part)) else {
                let row = Row { rows: state.part.rows, answered: state.done, ..Row::default() };
                return (state.part, row);
            };
            let count = |name: &str| counts.get(name).copied().unwrap_or(0);
            let row = Row {
                rows: state.part.rows,
                answered: count("mutations"),
                repeated: count("repeated"),
                unchanged: count("unchanged"),
            };
            (state.part, row)
        })
        .collect();
    let sum = rows.iter().fold(Row::default(), |sum, (_, row)| Row {
        rows: sum.rows.saturating_add(row.rows),
        answered: sum.answered.saturating_add(row.answered),
        repeated: sum.repeated.saturating_add(row.repeated),
        unchanged: sum.unchanged.saturating_add(row.unchanged),
    });
    let mut columns = vec![("Name", false), ("Kind", false), ("Rows", true), ("Answered", true)];
    columns.extend((sum.repeated > 0).then_some(("Already there", true)));
    columns.extend((sum.unchanged > 0).then_some(("Unchanged", true)));
    let numbers = |row: &Row| {
        let mut numbers = vec![row.rows, row.answered];
        numbers.extend((sum.repeated > 0).then_some(row.repeated));
        numbers.extend((sum.unchanged > 0).then_some(row.unchanged));
        numbers.into_iter().map(|number| Cell::words(grouped(number))).collect::<Vec<_>>()
    };
    let cells = rows.iter().map(|(part, row)| {
        let mut cells = vec![Cell::data(&part.name, NAME), Cell::words(kind(part.kind))];
        cells.extend(numbers(row));
        cells
    });
    let mut table = Table::new("What was uploaded", &columns).with_rows(max, cells);
    if rows.len() > 1 {
        let mut cells = vec![Cell::words("Together"), Cell::empty()];
        cells.extend(numbers(&sum));
        table.sums = Some(cells);
    }
    Some(table)
}

fn counts_of<'s>(stats: &'s Stats, part: &Part) -> Option<&'s Counts> {
    let named = |entries: &'s [(String, Counts)]| {
        entries.iter().find(|(name, _)| *name == part.name).map(|(_, counts)| counts)
    };
    match part.kind {
        PartKind::Records => named(&stats.resources.0),
        PartKind::JoinRows => named(&stats.join_stores.0),
        PartKind::Deletes => stats.deletes.as_ref(),
    }
}

fn kind(kind: PartKind) -> &'static str {
    match kind {
        PartKind::Records => "records",
        PartKind::JoinRows => "join rows",
        PartKind::Deletes => "deletes",
    }
}

/// A table of names with their counts, the highest first.
pub(super) fn counts_table(
    caption: &'static str,
    columns: [&'static str; 2],
    counts: &BTreeMap<String, u64>,
    max: usize,
) -> Table {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let rows =
        counts.into_iter().map(|(name, count)| vec![Cell::data(name, NAME), Cell::words(grouped(*count))]);
    Table::new(caption, &[(columns[0], false), (columns[1], true)]).with_rows(max, rows)
}
