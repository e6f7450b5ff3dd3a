//! Stage C of a plan: the deletes in the change log, then those of the rows that the application
//! has marked as deleted (contract 3.1.5). Which entries of the change log are pushed is decided in
//! [`crate::offline`].

use std::collections::HashSet;

use bytes::BytesMut;

use super::changes::Changes;
use crate::cloneup::options::Options;
use crate::mutation::DeleteEncoder;
use crate::offline::{MarkedRows, OfflineDelete, OfflineError, Scope, Snapshot, offline_deletes};
use crate::schema::Schema;

/// The deletes of a plan.
pub(crate) struct Deletes<'a> {
    pub(super) options: &'a Options,
    pub(super) schema: &'a Schema,
    pub(super) snapshot: &'a Snapshot,
    /// What the upload covers.
    pub(super) scope: &'a Scope,
    /// The change log's highest `seq` in the snapshot.
    pub(super) seq: i64,
    /// The rows that the application has marked as deleted, in the order in which they are deleted.
    pub(super) marked: &'a [MarkedRows],
    /// What a comparison has found: a marked row that the server does not have is not deleted there.
    pub(super) changes: Option<&'a Changes>,
}

/// A delete of stage C.
enum Delete<'a> {
    /// An entry of the change log.
    Logged(OfflineDelete),
    /// The id of a row that is marked as deleted, in the marked rows at this index of the plan.
    Marked(usize, &'a str),
}

impl Deletes<'_> {
    /// The number of deletes that the options select.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub(super) fn count(&self) -> Result<u64, OfflineError> {
        let mut count = 0;
        self.visit(|_| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// Calls `consume` for every delete that the options select, as a mutation.
    /// `client_id` is that of the deletes of marked rows.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Data`] for a marked row whose key cannot be an id;
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub(crate) fn for_each(
        &self,
        client_id: &str,
        mut consume: impl FnMut(OfflineDelete) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let prefix = &self.options.mutation_id_prefix;
        let new = |rows: &MarkedRows| DeleteEncoder::new(prefix, client_id, rows.name(), rows.version());
        let encoders: Vec<_> = self.marked.iter().map(new).collect();
        self.visit(|delete| match delete {
            Delete::Logged(delete) => consume(delete),
            Delete::Marked(index, id) => {
                consume(delete_of(&self.marked[index], id, client_id, &encoders[index]))
            }
        })
    }

    /// Visits every delete that the options select. A record that the change log deletes is not
    /// deleted a second time by its marked row.
    fn visit(
        &self,
        mut visit: impl FnMut(Delete<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let Self { options, schema, snapshot, scope, seq, marked, changes } = *self;
        let selects = |name: &str, id: &str| options.stage.has_record(id) && options.selects(name, id);
        let mut logged = HashSet::new();
        offline_deletes(snapshot, schema, scope, seq, selects, |delete| {
            if !marked.is_empty() && delete.operation == "delete" {
                logged.insert((delete.resource.clone(), delete.id.clone()));
            }
            visit(Delete::Logged(delete))
        })?;
        for (index, rows) in marked.iter().enumerate() {
            rows.for_each(snapshot, |id| {
                let is_logged =
                    !logged.is_empty() && logged.contains(&(rows.name().to_owned(), id.to_owned()));
                if is_logged || !selects(rows.name(), id) {
                    return Ok(());
                }
                if let Some(changes) = changes {
                    // Where everything that only the server has is removed, this is among it.
                    if options.delete_extra || !changes.has_extra(rows.name(), id)? {
                        return Ok(());
                    }
                }
                visit(Delete::Marked(index, id))
            })?;
        }
        Ok(())
    }
}

/// The delete of a marked row.
fn delete_of(rows: &MarkedRows, id: &str, client_id: &str, encoder: &DeleteEncoder) -> OfflineDelete {
    const OWN_JSON: &str = "the encoder writes strings of valid UTF-8";
    let mut body = BytesMut::new();
    let range = encoder.encode(&mut body, id).mutation_id;
    let quoted = &body[range.start - 1..=range.end];
    OfflineDelete {
        client_id: client_id.to_owned(),
        mutation_id: serde_json::from_slice(quoted).expect(OWN_JSON),
        operation: "delete".to_owned(),
        resource: rows.name().to_owned(),
        id: id.to_owned(),
        json: String::from_utf8(body.into()).expect(OWN_JSON),
    }
}
