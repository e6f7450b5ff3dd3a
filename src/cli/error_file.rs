//! The error file: rejected mutations, or differences of both sides, as lines of JSON, which
//! `--error-file` writes and `--only-failed` of a later run reads. What counts as rejected or as a
//! difference is decided in [`crate::cloneup`].

use std::borrow::Cow;
use std::collections::HashMap;
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
    /// The database, where the run was of several.
    db: Option<PathBuf>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    db: Option<Cow<'a, str>>,
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

/// The records and join rows in an error file, by database; `None` is the one of a run of one database.
#[derive(Debug, Default)]
pub(super) struct Rejected(HashMap<Option<PathBuf>, Selection>);

impl Rejected {
    /// What is to be uploaded again of a database.
    pub(super) fn of(&self, database: &Path) -> Selection {
        let named = self.0.get(&Some(resolved(database)));
        let mut selection = Selection::new();
        for (resource, ids) in self.0.get(&None).into_iter().chain(named).flatten() {
            selection.entry(resource.clone()).or_default().extend(ids.iter().cloned());
        }
        selection
    }
}

/// One path of all that a file has.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Reads what an earlier run wrote.
///
/// # Errors
/// [`ReadError`] when the file cannot be read, or a line does not name a record or join row.
pub(super) fn read(path: &Path) -> Result<Rejected, ReadError> {
    let text = text_file::read(path).map_err(|source| ReadError::File { path: path.to_owned(), source })?;
    let mut rejected = Rejected::default();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).map_err(|source| ReadError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
        let selection = rejected.0.entry(line.db.as_deref().map(resolved)).or_default();
        if !line.is_extra() {
            selection.entry(line.resource).or_default().insert(line.id);
        }
    }
    Ok(rejected)
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

/// Writes the rejected mutations of the run, one JSON object per line, each with its database where the
/// run was of several. A mutation that was too large to be sent has no id.
///
/// # Errors
/// An [`io::Error`] when the file cannot be written.
pub(super) fn write<'f>(
    file: File,
    failures: impl IntoIterator<Item = (Option<&'f Path>, &'f Failure)>,
) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    for (db, failure) in failures {
        let Some(subject) = &failure.subject else { continue };
        let db = db.map(Path::to_string_lossy);
        serde_json::to_writer(&mut out, &RejectedLine { db, subject, error: &failure.error })?;
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
