//! The plan of an upload: a value that can be printed (a dry run) or executed (a run). Its rows are read
//! in [`crate::cloneup::encode`].

use std::sync::Arc;

use super::changes::Changes;
use super::checking::Checking;
use super::deletes::Deletes;
use super::kept_records::{Keeper, KeptRecords};
use super::limited::LimitedRecords;
use super::row_filter::RowFilter;
use super::scope::Requested;
use super::selected::warnings_of_absent;
use super::sources::Sources;
use crate::cloneup::observer::{PartKind, PlannedPart};
use crate::cloneup::options::Options;
use crate::offline::{
    ChangeLog, Cursors, JoinSource, MarkedRows, OfflineError, RecordSource, Scope, Snapshot,
    dangling_join_rows, upload_queue,
};
use crate::protocol::Cursor;
use crate::schema::Schema;

/// Everything that is known before sending begins.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// In upload order; resources without records are left out, empty join stores are not.
    pub(crate) parts: Vec<Part>,
    /// The rows that the application has marked as deleted, in the order in which stage C deletes
    /// them.
    pub(crate) marked: Vec<MarkedRows>,
    /// What the upload covers.
    pub(crate) scope: Scope,
    /// The records that are sent, where their number is limited.
    pub(crate) limited: Option<Arc<LimitedRecords>>,
    /// The change log's highest `seq` in the snapshot.
    pub(crate) seq: i64,
    /// The cursors that the database has stored.
    pub(crate) cursors: Cursors,
    /// What a comparison has found, where there was one: only that is uploaded.
    pub(crate) changes: Option<Arc<Changes>>,
    /// A place in the server's sequence at which a comparison has found that the server has nothing else
    /// than the database, apart from what is uploaded; the pull need not begin before it.
    pub(crate) equal_at: Option<Cursor>,
    /// Warnings for a person.
    pub(crate) warnings: Vec<String>,
}

/// A part of the upload. All parts before it are answered before its first request is sent.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) source: Source,
    /// The number of rows to send.
    pub(crate) rows: u64,
    /// The number of rows that are not sent, because the server has them already; `None` without a
    /// comparison.
    pub(crate) unchanged: Option<u64>,
    /// Its records, where the check has sorted them.
    pub(crate) kept: KeptRecords,
}

/// The source of a part's rows.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Records(RecordSource),
    JoinRows(JoinSource),
    Deletes,
    /// What only the server has, to be removed.
    Extra,
}

impl Plan {
    /// Makes the plan for one state of the database, and checks every row (contract 3.1.1).
    /// What the check sorts is kept as the `keeper` says; `report` is called before the rows of each table
    /// are checked, and while those of a large one are.
    ///
    /// # Errors
    /// [`OfflineError::Data`] for the first row that cannot be uploaded; [`OfflineError::Storage`]
    /// when the database fails or lacks a table; [`OfflineError::Interrupted`].
    pub(crate) fn new(
        options: &Options,
        schema: &Schema,
        requested: Requested,
        snapshot: &Snapshot,
        mut keeper: Keeper,
        report: &(dyn Fn(&Checking) + Sync),
    ) -> Result<Self, OfflineError> {
        let (seq, cursors) = (ChangeLog::of(snapshot).highest_seq()?, Cursors::read(snapshot)?);
        // Missing tables and columns are found before any row is read.
        let Sources { records, join_rows, marked, mut warnings } =
            Sources::resolve(snapshot, schema, &requested)?;
        warnings.extend(snapshot.warning().map(str::to_owned));
        warnings.extend(upload_queue::warning(snapshot)?);
        let scope = requested.scope;
        let mut limited = options.limit.map(LimitedRecords::new);
        warnings.extend(limited.as_ref().map(LimitedRecords::notice));
        let mut parts = Vec::new();
        let mut checking = Checking::of(records.len() + join_rows.len());
        for source in records {
            checking.begin(source.name(), report);
            let progress = |rows| report(&checking.with_rows(rows));
            let sorted = keeper.check(&source, snapshot, &mut warnings, &progress)?;
            let (source, mut rows) = match &sorted {
                Some(sorted) => (source, sorted.records()),
                None => checked(options, source, snapshot, &mut warnings)?,
            };
            if let Some(limited) = &mut limited {
                rows = limited.add(options, &source, snapshot)?;
            }
            checking.end(rows);
            if rows > 0 {
                let kept = KeptRecords::new(sorted);
                parts.push(Part { kept, ..Part::new(Source::Records(source), rows) });
            }
        }
        let filter = RowFilter { options, limited: limited.as_ref(), changes: None };
        for source in join_rows {
            checking.begin(source.name(), report);
            let rows = count_join_rows(filter, &source, snapshot)?;
            if rows > 0 && filter.has_all() {
                warnings.extend(warning_of_dangling(schema, &source, snapshot)?);
            }
            checking.end(rows);
            parts.push(Part::new(Source::JoinRows(source), rows));
        }
        let limited = limited.map(Arc::new);
        let mut plan =
            Self { parts, marked, scope, limited, seq, cursors, changes: None, equal_at: None, warnings };
        let deletes = plan.deletes(options, schema, snapshot).count()?;
        if deletes > 0 {
            plan.parts.push(Part::new(Source::Deletes, deletes));
        } else if let (Some(selection), None) = (&options.only, options.limit) {
            // What is not there as a row may be there as a delete.
            plan.warnings.extend(warnings_of_absent(selection, options.stage, &plan.outline()));
        }
        Ok(plan)
    }

    /// The deletes of stage C.
    pub(crate) fn deletes<'a>(
        &'a self,
        options: &'a Options,
        schema: &'a Schema,
        snapshot: &'a Snapshot,
    ) -> Deletes<'a> {
        let changes = self.changes.as_deref();
        Deletes {
            options,
            schema,
            snapshot,
            scope: &self.scope,
            seq: self.seq,
            marked: &self.marked,
            changes,
        }
    }

    /// The filter of the plan's rows, with the options that the plan was made from.
    pub(crate) fn filter<'a>(&'a self, options: &'a Options) -> RowFilter<'a> {
        RowFilter { options, limited: self.limited.as_deref(), changes: self.changes.as_deref() }
    }

    /// A plan without parts, for tests.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        let resources = std::collections::HashSet::new();
        let scope = Scope { resources, all_resources: true, join_rows: true, deletes: true };
        let cursors = Cursors::default();
        let (parts, marked, warnings) = (Vec::new(), Vec::new(), Vec::new());
        Self { parts, marked, scope, limited: None, seq: 0, cursors, changes: None, equal_at: None, warnings }
    }

    /// The plan as an observer gets it.
    pub(crate) fn outline(&self) -> Vec<PlannedPart> {
        self.parts.iter().map(Part::outline).collect()
    }
}

/// Checks all records of a resource, and counts those that the run uploads. Every shard checks all of
/// them: where one cannot be uploaded, no shard uploads anything.
fn checked(
    options: &Options,
    source: RecordSource,
    snapshot: &Snapshot,
    warnings: &mut Vec<String>,
) -> Result<(RecordSource, u64), OfflineError> {
    let all = source.check_and_warn(snapshot, warnings)?;
    let (source, own) = match options.stage.shard() {
        None => (source, all),
        Some(shard) => {
            let source = source.in_shard(shard);
            let own = source.count(snapshot)?;
            (source, own)
        }
    };
    if options.only.is_none() {
        return Ok((source, own));
    }
    let mut selected = 0;
    source.for_each(snapshot, |record| {
        selected += u64::from(options.selects(source.name(), record.id));
        Ok(())
    })?;
    Ok((source, selected))
}

/// Checks all rows of a join store, and counts those that are sent.
pub(super) fn count_join_rows(
    filter: RowFilter<'_>,
    source: &JoinSource,
    snapshot: &Snapshot,
) -> Result<u64, OfflineError> {
    let all = source.check(snapshot)?;
    if filter.has_all() {
        return Ok(all);
    }
    let mut sent = 0;
    source.for_each(snapshot, |row| {
        sent += u64::from(filter.has_join_row(source, row.from, row.to)?);
        Ok(())
    })?;
    Ok(sent)
}

/// A warning of the rows of a join store whose records are not in the database.
fn warning_of_dangling(
    schema: &Schema,
    source: &JoinSource,
    snapshot: &Snapshot,
) -> Result<Option<String>, OfflineError> {
    let store = schema.join_store(source.name());
    store.map_or(Ok(None), |store| dangling_join_rows(snapshot, &store))
}

impl Part {
    /// A part of which every row is sent.
    pub(crate) fn new(source: Source, rows: u64) -> Self {
        Self { source, rows, unchanged: None, kept: KeptRecords::default() }
    }

    fn outline(&self) -> PlannedPart {
        let (kind, name) = match &self.source {
            Source::Records(source) => (PartKind::Records, source.name()),
            Source::JoinRows(source) => (PartKind::JoinRows, source.name()),
            Source::Deletes => (PartKind::Deletes, "deletes"),
            Source::Extra => (PartKind::Extra, "extra"),
        };
        PlannedPart { kind, name: name.to_owned(), rows: self.rows, unchanged: self.unchanged }
    }
}
