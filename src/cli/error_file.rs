//! The error file: rejected mutations as lines of JSON, which `--error-file` writes and `--only-failed`
//! of a later run reads. What counts as rejected is decided in [`crate::cloneup`].

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::text_file;
use crate::cloneup::{Failure, Selection, Subject};
use crate::protocol::MutationError;

/// The part of a line that names a record or join row. The mutation id is not read: it contains a hash
/// of the content, which has been corrected since.
#[derive(Deserialize)]
struct Line {
    resource: String,
    id: String,
}

/// A rejected mutation as a line: what it is about, and why it was rejected.
#[derive(Serialize)]
struct RejectedLine<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    #[serde(flatten)]
    error: &'a MutationError,
}

/// An error file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("cannot read {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}, line {line}, is not a line of an --error-file: {source}", path.display())]
    Line { path: PathBuf, line: usize, source: serde_json::Error },
}

/// Reads what an earlier run wrote.
///
/// # Errors
/// [`ReadError`] when the file cannot be read, or a line does not name a record or join row.
pub(super) fn read(path: &Path) -> Result<Selection, ReadError> {
    let text = text_file::read(path).map_err(|source| ReadError::File { path: path.to_owned(), source })?;
    let mut selection = Selection::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Line { resource, id } = serde_json::from_str(line).map_err(|source| ReadError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
        selection.entry(resource).or_default().insert(id);
    }
    Ok(selection)
}

/// Opens and truncates the file before the upload, so that a bad path is reported at once.
///
/// # Errors
/// An [`io::Error`] when the file cannot be created.
pub(super) fn create(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Writes the rejected mutations of the run, one JSON object per line. A mutation that was too large to
/// be sent has no id.
///
/// # Errors
/// An [`io::Error`] when the file cannot be written.
pub(super) fn write(file: File, failures: &[Failure]) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    for failure in failures {
        let Some(subject) = &failure.subject else { continue };
        serde_json::to_writer(&mut out, &RejectedLine { subject, error: &failure.error })?;
        writeln!(out)?;
    }
    out.flush()
}
