//! The tables of a run: every resource and join store in scope is resolved here, once. Their rows are
//! checked in [`super::upload_plan`].

use super::scope::Requested;
use crate::offline::{JoinSource, MarkedRows, OfflineError, RecordSource, Snapshot};
use crate::schema::Schema;

/// The tables that a run reads, in upload order.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) records: Vec<RecordSource>,
    pub(crate) join_rows: Vec<JoinSource>,
    /// The rows that the application has marked as deleted: what refers to others first.
    pub(crate) marked: Vec<MarkedRows>,
    /// Warnings for a person, such as columns that are missing.
    pub(crate) warnings: Vec<String>,
}

impl Sources {
    /// Finds every table and column in a snapshot.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] for a table or column that the schema needs and that is missing.
    pub(crate) fn resolve(
        snapshot: &Snapshot,
        schema: &Schema,
        requested: &Requested,
    ) -> Result<Self, OfflineError> {
        let (records, join_rows, marked) = (Vec::new(), Vec::new(), Vec::new());
        let mut sources = Self { records, join_rows, marked, warnings: Vec::new() };
        for resource in requested.resources(schema) {
            let source = RecordSource::resolve(snapshot, schema, resource, &mut sources.warnings)?;
            if requested.scope.deletes {
                sources.marked.extend(MarkedRows::of(&source, snapshot)?);
            }
            sources.records.push(source);
        }
        sources.marked.reverse();
        for store in requested.join_stores(schema) {
            sources.join_rows.push(JoinSource::resolve(snapshot, &store, &mut sources.warnings)?);
        }
        Ok(sources)
    }
}
