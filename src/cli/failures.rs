//! `--error-file` and `--only-failed`: rejected mutations as lines of JSON, written by one
//! run and read by the next.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cloneup::{Failure, Selection, Subject};
use crate::protocol::MutationError;

/// The part of a line that says what a mutation was about. Its id is no use: it changes with
/// the content, which somebody has mended.
#[derive(Deserialize)]
struct Line {
    resource: String,
    id: String,
}

/// A rejected mutation as a line: what it is about, and why.
#[derive(Serialize)]
struct RejectedLine<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    #[serde(flatten)]
    error: &'a MutationError,
}

/// Reads what an earlier run wrote.
pub(super) fn read(path: &Path) -> Result<Selection, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let mut selection = Selection::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Line { resource, id } = serde_json::from_str(line)
            .map_err(|error| format!("{}, line {}: {error}", path.display(), index + 1))?;
        selection.entry(resource).or_default().insert(id);
    }
    Ok(selection)
}

/// Opens and truncates the file at once, so that a bad path fails before the work.
pub(super) fn create(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Writes the failures of mutations of the run; one that was too large to be sent has no id.
pub(super) fn write(file: File, failures: &[Failure]) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    for failure in failures {
        let Some(subject) = &failure.subject else { continue };
        serde_json::to_writer(&mut out, &RejectedLine { subject, error: &failure.error })?;
        writeln!(out)?;
    }
    out.flush()
}
