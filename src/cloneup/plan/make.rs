//! The plan: what will be uploaded, in which order, checked before the first byte is sent
//! (contract 3.1.1 and 3.1.2).

use std::collections::HashSet;

use crate::cloneup::observer::{PartKind, PlannedPart};
use crate::cloneup::options::Options;
use crate::offline::{
    ChangeLog, Cursors, Database, JoinSource, OfflineError, RecordSource, Scope, Snapshot, offline_deletes,
};
use crate::protocol::{ErrorBody, code};
use crate::schema::{Resource, Schema, upload_order};

/// Everything that is known before sending begins.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// In upload order; empty resources are left out, empty join stores are not.
    pub(crate) parts: Vec<Part>,
    /// What the upload covers.
    pub(crate) scope: Scope,
    /// The change log's highest `seq` in the snapshot.
    pub(crate) seq: i64,
    /// Where the database stands in the server's feed.
    pub(crate) cursors: Cursors,
    /// What a person should know.
    pub(crate) warnings: Vec<String>,
}

/// A step of the upload: all before it is answered when its turn comes.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) source: Source,
    /// How many rows there are to read.
    pub(crate) rows: u64,
}

/// Where a part's rows come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Records(RecordSource),
    JoinRows(JoinSource),
    Deletes,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("the options do not fit the schema")]
    Options(Vec<ErrorBody>),
    #[error(transparent)]
    Offline(#[from] OfflineError),
}

impl Plan {
    /// Makes a plan for one state of the database, and gives that state with it; `begun` gets
    /// the state before its rows are looked at, which may take long.
    pub(crate) fn make(
        options: &Options,
        schema: &Schema,
        database: &Database,
        begun: impl FnOnce(&Snapshot),
    ) -> Result<(Self, Snapshot), PlanError> {
        let requested = requested(options, schema).map_err(PlanError::Options)?;
        let scope = scope(options, schema, &requested);
        let snapshot = Snapshot::take(database)?;
        begun(&snapshot);
        let (seq, cursors) = (ChangeLog::of(&snapshot).highest_seq()?, Cursors::read(&snapshot)?);
        let mut warnings = Vec::new();
        let mut parts = Vec::new();

        // What is missing is found before any row is looked at.
        let mut records = Vec::new();
        for resource in upload_order(schema, &requested) {
            records.push(RecordSource::resolve(&snapshot, schema, resource, &mut warnings)?);
        }
        let mut join_rows = Vec::new();
        if scope.join_rows {
            for store in schema.join_stores() {
                if scope.resources.contains(&store.from.name) {
                    join_rows.push(JoinSource::resolve(&snapshot, &store, &mut warnings)?);
                }
            }
        }
        for source in records {
            let mut rows = source.check(&snapshot)?;
            if options.only.is_some() {
                rows = 0;
                source.for_each(&snapshot, |record| {
                    rows += u64::from(options.selects(source.name(), record.id));
                    Ok(())
                })?;
            }
            if rows > 0 {
                parts.push(Part { source: Source::Records(source), rows });
            }
        }
        for source in join_rows {
            let mut rows = source.check(&snapshot)?;
            if options.only.is_some() {
                rows = 0;
                source.for_each(&snapshot, |row| {
                    rows += u64::from(options.selects(source.name(), &format!("{}:{}", row.from, row.to)));
                    Ok(())
                })?;
            }
            parts.push(Part { source: Source::JoinRows(source), rows });
        }
        let mut deletes = 0;
        offline_deletes(&snapshot, schema, &scope, seq, |delete| {
            deletes += u64::from(options.selects(&delete.resource, &delete.id));
            Ok(())
        })?;
        if deletes > 0 {
            parts.push(Part { source: Source::Deletes, rows: deletes });
        }
        Ok((Self { parts, scope, seq, cursors, warnings }, snapshot))
    }

    /// The plan as an observer sees it.
    pub(crate) fn outline(&self) -> Vec<PlannedPart> {
        self.parts.iter().map(Part::outline).collect()
    }
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

/// The resources that were asked for, in that order, each once.
pub(crate) fn requested<'a>(
    options: &Options,
    schema: &'a Schema,
) -> Result<Vec<&'a Resource>, Vec<ErrorBody>> {
    let Some(names) = &options.resources else {
        return Ok(schema.resources.iter().filter(|resource| !resource.is_remote_only).collect());
    };
    let mut found: Vec<&Resource> = Vec::with_capacity(names.len());
    let mut errors = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let path = format!("resources[{index}]");
        match schema.resource(name) {
            None => errors.push(ErrorBody::new(
                code::DFQL_UNKNOWN_RESOURCE,
                "Invalid cloneUp: unknown resource",
                path,
            )),
            Some(resource) if resource.is_remote_only => errors.push(ErrorBody::new(
                code::DFQL_INVALID,
                "Invalid cloneUp: remote-only resources are not allowed",
                path,
            )),
            Some(resource) if found.contains(&resource) => {}
            Some(resource) => found.push(resource),
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

pub(crate) fn scope(options: &Options, schema: &Schema, requested: &[&Resource]) -> Scope {
    let resources: HashSet<String> = requested.iter().map(|resource| resource.name.clone()).collect();
    Scope {
        all_resources: schema
            .resources
            .iter()
            .all(|resource| resource.is_remote_only || resources.contains(&resource.name)),
        resources,
        join_rows: options.include_many_many,
        deletes: options.include_deletes,
    }
}
