//! The records and join rows that entries of the change log touch: a pull must not overwrite
//! them, and a comparison must not report them.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::offline::changelog::entry::{Entry, Scope};
use crate::offline::changelog::table::{ChangeLog, failed};
use crate::offline::error::OfflineError;
use crate::offline::snapshot::Snapshot;
use crate::schema::Schema;

/// The subjects of all entries after `seq` in a snapshot: resource and id, or join store and
/// `from:to`.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read.
pub fn touched_since(
    snapshot: &Snapshot,
    schema: &Schema,
    seq: i64,
) -> Result<HashSet<(String, String)>, OfflineError> {
    subjects(&ChangeLog::of(snapshot), schema, seq, |_| true)
}

/// The records and join rows with local changes that the upload did not send: a pulled change
/// must not overwrite them (contract 3.1.6).
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Resource and id, or join store and `from:to`.
    subjects: HashSet<(String, String)>,
}

impl Touched {
    /// Whether a local change of this record or join row has not been sent.
    pub(crate) fn contains(&self, resource: &str, id: &str) -> bool {
        // The set is empty in most pulls; then no key is allocated.
        !self.subjects.is_empty() && self.subjects.contains(&(resource.to_owned(), id.to_owned()))
    }
}

/// The local changes that the upload did not send, read again only when another connection has written
/// to the database since.
#[derive(Debug, Default)]
pub(crate) struct LocalChanges {
    touched: Touched,
    /// The `data_version` as of which they were read.
    as_of: Option<i64>,
}

impl LocalChanges {
    /// The subjects of the entries after `seq`, and of the entries up to `seq` that the upload
    /// has not covered, in a transaction of this connection. The connection itself must not have written
    /// to the change log.
    pub(crate) fn outside(
        &mut self,
        connection: &Connection,
        schema: &Schema,
        seq: i64,
        scope: &Scope,
    ) -> Result<&Touched, OfflineError> {
        let version = connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(OfflineError::while_doing("cannot read the database"))?;
        if self.as_of != Some(version) {
            let is_covered = |entry: &Entry| entry.is_covered(scope, schema);
            let subjects = subjects(&ChangeLog::at(connection), schema, seq, is_covered)?;
            *self = Self { touched: Touched { subjects }, as_of: Some(version) };
        }
        Ok(&self.touched)
    }
}

/// The subjects of all entries after `seq`, and of those up to `seq` that are not covered.
pub(super) fn subjects(
    log: &ChangeLog<'_>,
    schema: &Schema,
    seq: i64,
    is_covered: impl Fn(&Entry) -> bool,
) -> Result<HashSet<(String, String)>, OfflineError> {
    let mut subjects = HashSet::new();
    log.for_each_row("mutation, seq > ?1", "", [seq], |row| {
        let is_newer: bool = row.get(1).map_err(failed("read"))?;
        if let Some(entry) = Entry::in_column(row, 0).filter(|entry| is_newer || !is_covered(entry)) {
            subjects.extend(entry.subjects(schema));
        }
        Ok(())
    })?;
    Ok(subjects)
}
