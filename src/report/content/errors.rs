//! The errors of a run as a whole. Those of single mutations are in [`super::rejected`].

use super::budget::{ID, MESSAGE, NAME};
use super::report::{Cell, Table};
use crate::numbers::grouped;
use crate::protocol::MutationError;
use crate::report::record::{End, Run};

/// The errors that are not those of the rejected mutations; `None` where there are none.
pub(super) fn errors_table(run: &Run, max: usize) -> Option<Table> {
    let End::Failed(errors) = &run.end else { return None };
    let of_run: Vec<_> = errors.first.iter().filter(|error| !is_told(run, error)).collect();
    if of_run.is_empty() {
        return None;
    }
    // Requests in flight side by side can fail for the same reason.
    let mut distinct: Vec<(&MutationError, u64)> = Vec::new();
    for error in &of_run {
        match distinct.iter_mut().find(|(known, _)| known.body == error.body) {
            Some((_, count)) => *count += 1,
            None => distinct.push((error, 1)),
        }
    }
    let rows = distinct.iter().map(|(error, count)| {
        let body = &error.body;
        let times = if *count > 1 { format!("{} times: ", grouped(*count)) } else { String::new() };
        let message = format!("{times}{}", body.message);
        vec![Cell::data(&body.code, NAME), Cell::data(&body.path, ID), Cell::said(&message, MESSAGE)]
    });
    let columns = [("Code", false), ("Path", false), ("Message", false)];
    let table = Table::new("Errors of the run", &columns).with_rows(max, rows);
    // What is not kept are further errors of the kinds that are told, or rejections.
    let has_rejections = run.counts.as_ref().is_some_and(|counts| counts.rejected > 0);
    let unkept = errors.count.saturating_sub(errors.first.len() as u64);
    Some(if has_rejections {
        table
    } else {
        table.and_more(unkept + of_run.len().saturating_sub(max) as u64)
    })
}

/// Whether an error is that of a rejected mutation, of which there is another table.
fn is_told(run: &Run, error: &MutationError) -> bool {
    let is_same = |rejected: &crate::report::event::Rejected| {
        (&rejected.mutation_id, &rejected.code, &rejected.path)
            == (&error.mutation_id, &error.body.code, &error.body.path)
    };
    (!error.mutation_id.is_empty() && !run.rejected.is_empty()) || run.rejected.iter().any(is_same)
}
