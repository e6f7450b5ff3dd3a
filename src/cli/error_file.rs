//! The error file: rejected mutations as lines of JSON, which `--error-file` writes and `--only-failed`
//! of a later run reads. What counts as rejected is decided in [`crate::cloneup`].

use std::borrow::Cow;
use std::collections::HashMap;
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
    /// The database, where the run was of several.
    db: Option<PathBuf>,
    resource: String,
    id: String,
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
        let Line { db, resource, id } = serde_json::from_str(line).map_err(|source| ReadError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
        let selection = rejected.0.entry(db.as_deref().map(resolved)).or_default();
        selection.entry(resource).or_default().insert(id);
    }
    Ok(rejected)
}

/// Opens and truncates the file before the upload, so that a bad path is reported at once.
///
/// # Errors
/// An [`io::Error`] when the file cannot be created.
pub(super) fn create(path: &Path) -> io::Result<File> {
    File::create(path)
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
