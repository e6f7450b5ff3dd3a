//! The plan of a dry run, for a person.

use super::escape::escaped;
use super::output;
use super::table::{Table, bytes};
use crate::cloneup::{PartKind, Preview};

/// Tells the plan on stderr.
pub(super) fn tell(preview: &Preview) {
    let mut table = Table::new(&["", "rows", "requests", "size", ""]);
    for part in &preview.parts {
        let why = if part.kind == PartKind::Records { part.why.as_str() } else { "" };
        table.row([
            part.name.clone(),
            part.rows.to_string(),
            part.batches.to_string(),
            bytes(part.estimated_bytes),
            why.to_owned(),
        ]);
    }
    for line in table.lines() {
        output::line(&line);
    }
    if !preview.deletes.is_empty() {
        output::line(&format!("offline deletes to push: {}", preview.deletes.len()));
    }
    let finalization = &preview.finalization;
    match &finalization.pull_from {
        Some(cursor) => output::line(&format!("then: pull from cursor {cursor}")),
        None => output::line("then: no pull"),
    }
    if let Some(seq) = finalization.drain_up_to {
        output::line(&format!("      drain the change log up to entry {seq}"));
    }
    for warning in &preview.warnings {
        output::line(&format!("warning: {}", escaped(warning)));
    }
    let server = &preview.server;
    output::line(match (server.answers, server.accepts_token) {
        (false, _) => "the server does not answer",
        (true, Some(true)) => "the server answers and takes the credentials",
        (true, Some(false)) => "the server answers and refuses the credentials",
        (true, None) => "the server answers; it does not say whether it takes the credentials",
    });
    output::line("dry run: nothing was sent or stored");
}
