//! The table of what was uploaded: resources, join stores and deletes.

use super::budget::NAME;
use super::report::{Cell, Table};
use crate::numbers::grouped;
use crate::report::event::{Counts, Part, PartKind, Stats};
use crate::report::record::{End, PartState, Run};

/// A row before it is text.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    rows: u64,
    answered: u64,
    repeated: u64,
    unchanged: u64,
}

impl Row {
    /// Of a part, by the statistics of the result where it has any, else by the last counts.
    fn of(so_far: &PartState<'_>, stats: Option<&Stats>) -> Self {
        let (rows, unchanged) = (so_far.part.rows, so_far.part.unchanged.unwrap_or(0));
        let Some(counts) = stats.and_then(|stats| counts_of(stats, so_far.part)) else {
            return Self { rows, answered: so_far.done, unchanged, ..Self::default() };
        };
        let count = |name: &str| counts.get(name).copied().unwrap_or(0);
        Self { rows, answered: count("mutations"), repeated: count("repeated"), unchanged }
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            rows: self.rows.saturating_add(other.rows),
            answered: self.answered.saturating_add(other.answered),
            repeated: self.repeated.saturating_add(other.repeated),
            unchanged: self.unchanged.saturating_add(other.unchanged),
        }
    }

    /// The numbers in the columns that `sum` says there are.
    fn cells(&self, sum: &Self) -> impl Iterator<Item = Cell> + use<> {
        let repeated = (sum.repeated > 0).then_some(self.repeated);
        let unchanged = (sum.unchanged > 0).then_some(self.unchanged);
        let numbers = [self.rows, self.answered].into_iter().chain(repeated).chain(unchanged);
        numbers.map(|number| Cell::words(grouped(number)))
    }
}

/// What was uploaded, part by part; `None` where there is no plan.
pub(super) fn result_table(run: &Run, max: usize) -> Option<Table> {
    run.started.as_ref()?;
    let stats = match &run.end {
        End::Applied(applied) => Some(&applied.stats),
        _ => None,
    };
    let parts = run.parts();
    let rows: Vec<(&Part, Row)> = parts.iter().map(|state| (state.part, Row::of(state, stats))).collect();
    let sum = rows.iter().fold(Row::default(), |sum, (_, row)| sum.plus(row));
    let mut columns = vec![("Name", false), ("Kind", false), ("Rows", true), ("Answered", true)];
    columns.extend((sum.repeated > 0).then_some(("Already there", true)));
    columns.extend((sum.unchanged > 0).then_some(("Unchanged", true)));
    let cells = rows.iter().map(|(part, row)| {
        let names = [Cell::data(&part.name, NAME), Cell::words(kind(part.kind))];
        names.into_iter().chain(row.cells(&sum)).collect()
    });
    let mut table = Table::new("What was uploaded", &columns).with_rows(max, cells);
    if rows.len() > 1 {
        let names = [Cell::words("Together"), Cell::empty()];
        table.sums = Some(names.into_iter().chain(sum.cells(&sum)).collect());
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
        // The result counts all of them together.
        PartKind::Deletes | PartKind::Extra | PartKind::Other => None,
    }
}

fn kind(kind: PartKind) -> &'static str {
    match kind {
        PartKind::Records => "records",
        PartKind::JoinRows => "join rows",
        PartKind::Deletes => "deletes",
        PartKind::Extra => "removed",
        PartKind::Other => "",
    }
}
