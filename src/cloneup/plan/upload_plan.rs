//! The plan of an upload: a value that can be printed (a dry run) or executed (a run).

use super::scope::Requested;
use super::sources::Sources;
use crate::cloneup::observer::{PartKind, PlannedPart};
use crate::cloneup::options::Options;
use crate::offline::{
    ChangeLog, Cursors, JoinSource, OfflineError, RecordSource, Scope, Snapshot, offline_deletes,
    upload_queue,
};
use crate::schema::Schema;

/// Everything that is known before sending begins.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// In upload order; resources without records are left out, empty join stores are not.
    pub(crate) parts: Vec<Part>,
    /// What the upload covers.
    pub(crate) scope: Scope,
    /// The change log's highest `seq` in the snapshot.
    pub(crate) seq: i64,
    /// The cursors that the database has stored.
    pub(crate) cursors: Cursors,
    /// Warnings for a person.
    pub(crate) warnings: Vec<String>,
}

/// A part of the upload. All parts before it are answered before its first request is sent.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) source: Source,
    /// The number of rows to read.
    pub(crate) rows: u64,
}

/// The source of a part's rows.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Records(RecordSource),
    JoinRows(JoinSource),
    Deletes,
}

impl Plan {
    /// Makes the plan for one state of the database, and checks every row (contract 3.1.1).
    ///
    /// # Errors
    /// [`OfflineError::Data`] for the first row that cannot be uploaded; [`OfflineError::Storage`]
    /// when the database fails or lacks a table; [`OfflineError::Interrupted`].
    pub(crate) fn new(
        options: &Options,
        schema: &Schema,
        requested: Requested,
        snapshot: &Snapshot,
    ) -> Result<Self, OfflineError> {
        let (seq, cursors) = (ChangeLog::of(snapshot).highest_seq()?, Cursors::read(snapshot)?);
        // Missing tables and columns are found before any row is read.
        let Sources { records, join_rows, mut warnings } = Sources::resolve(snapshot, schema, &requested)?;
        warnings.extend(upload_queue::warning(snapshot)?);
        let scope = requested.scope;
        let mut parts = Vec::new();
        for source in records {
            let rows = count_records(options, &source, snapshot, &mut warnings)?;
            if rows > 0 {
                parts.push(Part { source: Source::Records(source), rows });
            }
        }
        for source in join_rows {
            let rows = count_join_rows(options, &source, snapshot)?;
            parts.push(Part { source: Source::JoinRows(source), rows });
        }
        let mut deletes = 0;
        offline_deletes(snapshot, schema, &scope, seq, |delete| {
            deletes += u64::from(options.selects(&delete.resource, &delete.id));
            Ok(())
        })?;
        if deletes > 0 {
            parts.push(Part { source: Source::Deletes, rows: deletes });
        }
        Ok(Self { parts, scope, seq, cursors, warnings })
    }

    /// A plan without parts, for tests.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        let resources = std::collections::HashSet::new();
        let scope = Scope { resources, all_resources: true, join_rows: true, deletes: true };
        let cursors = Cursors::default();
        Self { parts: Vec::new(), scope, seq: 0, cursors, warnings: Vec::new() }
    }

    /// The plan as an observer gets it.
    pub(crate) fn outline(&self) -> Vec<PlannedPart> {
        self.parts.iter().map(Part::outline).collect()
    }
}

/// Checks all records of a resource, and counts those that are selected.
fn count_records(
    options: &Options,
    source: &RecordSource,
    snapshot: &Snapshot,
    warnings: &mut Vec<String>,
) -> Result<u64, OfflineError> {
    let all = source.check_and_warn(snapshot, warnings)?;
    if options.only.is_none() {
        return Ok(all);
    }
    let mut selected = 0;
    source.for_each(snapshot, |record| {
        selected += u64::from(options.selects(source.name(), record.id));
        Ok(())
    })?;
    Ok(selected)
}

/// Checks all rows of a join store, and counts those that are selected.
fn count_join_rows(options: &Options, source: &JoinSource, snapshot: &Snapshot) -> Result<u64, OfflineError> {
    let all = source.check(snapshot)?;
    if options.only.is_none() {
        return Ok(all);
    }
    let mut selected = 0;
    source.for_each(snapshot, |row| {
        selected += u64::from(options.selects(source.name(), &format!("{}:{}", row.from, row.to)));
        Ok(())
    })?;
    Ok(selected)
}

impl Part {
    fn outline(&self) -> PlannedPart {
        let (kind, name) = match &self.source {
            Source::Records(source) => (PartKind::Records, source.name()),
            Source::JoinRows(source) => (PartKind::JoinRows, source.name()),
            Source::Deletes => (PartKind::Deletes, "deletes"),
        };
        PlannedPart { kind, name: name.to_owned(), rows: self.rows }
    }
}
