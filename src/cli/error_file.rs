//! The error file: rejected mutations, or differences of both sides, as lines of JSON, which
//! `--error-file` writes and `--only-failed` of a later run reads. What counts as rejected or as a
//! difference is decided in [`crate::cloneup`].

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::text_file;
use crate::cloneup::{Failure, Selection, Subject, Verification};
use crate::offline::OfflineError;
use crate::protocol::{MutationError, code};

/// The part of a line that names a record or join row. The mutation id is not read: it contains a hash
/// of the content, which has been corrected since.
#[derive(Deserialize)]
struct Line {
    resource: String,
    id: String,
    /// How a row differs, in a line about a difference.
    kind: Option<String>,
}

impl Line {
    /// Whether only the server has it: there is nothing to upload.
    fn is_extra(&self) -> bool {
        self.kind.as_deref() == Some("extra")
    }
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
        let line: Line = serde_json::from_str(line).map_err(|source| ReadError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
        if !line.is_extra() {
            selection.entry(line.resource).or_default().insert(line.id);
        }
    }
    Ok(selection)
}

/// Opens and truncates the file before the run, so that a bad path is reported at once. `None` where no
/// file is named.
///
/// # Errors
/// A [`Failure`] when the file cannot be created.
pub(super) fn create(path: Option<&Path>) -> Result<Option<File>, Failure> {
    let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) else { return Ok(None) };
    File::create(path).map(Some).map_err(|error| {
        let message = format!("cannot write errors to {}: {error}", path.display());
        Failure::invalid(code::DFQL_INVALID, &message, "errorFile")
            .in_words(format!("--error-file: {message}"))
    })
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

/// Writes all differences of a comparison, one JSON object per line.
///
/// # Errors
/// An [`io::Error`] when the file cannot be written, or the differences cannot be read.
pub(super) fn write_differences(file: File, verification: &Verification) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    verification.for_each_difference(|difference| {
        serde_json::to_writer(&mut out, difference).map_err(io::Error::from)?;
        writeln!(out).map_err(WriteError)
    })?;
    out.flush()
}

/// An error of the file, or of reading the differences.
struct WriteError(io::Error);

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

impl From<OfflineError> for WriteError {
    fn from(error: OfflineError) -> Self {
        Self(io::Error::other(error))
    }
}

impl From<WriteError> for io::Error {
    fn from(WriteError(error): WriteError) -> Self {
        error
    }
}
