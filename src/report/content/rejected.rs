//! The rejected mutations: by code, and the first ones with their records and messages.

use super::budget::{ID, NAME, SENTENCE};
use super::report::{Block, Cell, Section, Table};
use super::words::highest_first;
use crate::numbers::grouped;
use crate::report::event::Rejected;
use crate::report::record::{End, MAX_REJECTED, Run, Totals};

/// Maximum number of codes.
const MAX_CODES: usize = 51;

/// How many mutations were rejected, by code; `None` where there are none.
pub(super) fn by_code(totals: &Totals) -> Option<Table> {
    if totals.rejections.is_empty() {
        return None;
    }
    let rows = highest_first(&totals.rejections).into_iter();
    let rows = rows.map(|(code, count)| vec![Cell::data(code, NAME), Cell::words(grouped(count))]);
    let table = Table::new("Rejected mutations by code", &[("Code", false), ("Mutations", true)]);
    Some(table.with_rows(MAX_CODES, rows))
}

/// The section with the first rejected mutations; `None` where there are none.
pub(super) fn section<'r>(totals: &Totals, runs: impl IntoIterator<Item = &'r Run>) -> Option<Section> {
    let rejected = runs.into_iter().flat_map(|run| run.rejected.iter().map(move |rejected| (run, rejected)));
    let rejected: Vec<_> = rejected.take(MAX_REJECTED).collect();
    let blocks = || vec![Block::Table(first(&rejected, totals.rejected))];
    (!rejected.is_empty()).then(|| Section::new("Rejected", blocks()))
}

fn first(rejected: &[(&Run, &Rejected)], count: u64) -> Table {
    let columns = [("Resource", false), ("Id", false), ("Code", false), ("Path", false), ("Message", false)];
    let rows = rejected.iter().map(|(run, rejected)| {
        let message = message(run, rejected).map_or_else(Cell::empty, |text| Cell::said(text, SENTENCE));
        // A mutation that is not one of the run has no record.
        let id = rejected.id.as_ref().unwrap_or(&rejected.mutation_id);
        vec![
            Cell::data(rejected.resource.as_deref().unwrap_or_default(), NAME),
            Cell::data(id, ID),
            Cell::data(&rejected.code, NAME),
            Cell::data(&rejected.path, ID),
            message,
        ]
    });
    let table = Table::new("The first rejected mutations", &columns).with_rows(MAX_REJECTED, rows);
    table.and_more(count.saturating_sub(rejected.len() as u64))
}

/// What the server said, which only the event at the end has.
fn message<'r>(run: &'r Run, rejected: &Rejected) -> Option<&'r str> {
    let End::Failed(errors) = &run.end else { return None };
    let of_mutation = |error: &&crate::protocol::MutationError| {
        (&error.mutation_id, &error.body.code, &error.body.path)
            == (&rejected.mutation_id, &rejected.code, &rejected.path)
    };
    errors.first.iter().find(of_mutation).map(|error| error.body.message.as_str())
}
