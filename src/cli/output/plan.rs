//! The plan of a dry run, for a person. As JSON it is [`Preview`] itself.

use super::escape::escaped;
use super::numbers::{bytes, counted, grouped};
use super::print::{line, warning};
use super::table::Table;
use crate::cloneup::{
    Difference, Finalization, PartKind, Preview, PreviewChanges, PreviewDeleted, ServerCheck,
};

/// Prints the plan on stderr.
pub(in crate::cli) fn plan(preview: &Preview) {
    for text in &preview.warnings {
        warning(text);
    }
    // Without a plan there is only what is wrong.
    if preview.failures.is_empty() || !preview.parts.is_empty() {
        steps(preview);
    }
    line(server_line(preview.server));
    line("dry run: nothing was sent or stored");
}

/// What is known of the server.
pub(super) fn server_line(server: ServerCheck) -> &'static str {
    match (server.answers, server.accepts_token) {
        (false, _) => "no sync server answers there",
        (true, Some(true)) => "the server answers and accepts the credentials",
        (true, Some(false)) => "the server answers and refuses the credentials",
        (true, None) => "the server answers; it does not say whether it accepts the credentials",
    }
}

/// The parts in upload order, and what comes after them.
fn steps(preview: &Preview) {
    let mut table = Table::new(&["", "rows", "requests", "size", ""]);
    for part in &preview.parts {
        let why = if part.kind == PartKind::Records { part.why.as_str() } else { "" };
        table.row([
            part.name.clone(),
            grouped(part.rows),
            grouped(part.batches),
            bytes(part.estimated_bytes),
            why.to_owned(),
        ]);
    }
    if !preview.parts.is_empty() {
        table.lines().iter().for_each(|row| line(row));
    }
    if let Some(found) = &preview.changes {
        changes(found);
    }
    if !preview.deletes.is_empty() {
        line(&format!("offline deletes to push: {}", preview.deletes.len()));
    }
    if preview.stage.finalizes() {
        finalization(&preview.finalization);
    }
}

/// What a comparison has found: how much is sent and removed, and the first of each.
fn changes(changes: &PreviewChanges) {
    let PreviewChanges { missing, different, extra, first, deleted, .. } = changes;
    let (missing, different) = (grouped(*missing), grouped(*different));
    line(&format!(
        "differs: {missing} missing and {different} different on the server, {} only there",
        grouped(*extra)
    ));
    for difference in first {
        item("send", difference);
    }
    let Some(PreviewDeleted { records, join_rows, first }) = deleted else { return };
    let (records, join_rows) = (counted(*records, "record"), counted(*join_rows, "join row"));
    line(&format!("to delete, because only the server has it: {records}, {join_rows}"));
    for difference in first {
        item("delete", difference);
    }
}

fn item(verb: &str, difference: &Difference) {
    line(&format!("  {verb} {} {}", escaped(&difference.resource), escaped(&difference.id)));
}

fn finalization(finalization: &Finalization) {
    match &finalization.pull_from {
        Some(cursor) => line(&format!("then: pull from cursor {cursor}")),
        None => line("then: no pull"),
    }
    // Entries are numbered from 1; 0 means that the change log is empty.
    if let Some(seq) = finalization.drain_up_to.filter(|seq| *seq > 0) {
        line(&format!("      remove entries of the change log up to entry {seq}"));
    }
}
