//! The deletes and unrelates that the application made offline, as mutations to push (contract 3.1, stage
//! C). Whether their subject is in the database is looked up in [`super::presence`].

use rusqlite::Row;
use serde_json::{Value, json};

use crate::offline::changelog::entry::{Entry, Scope};
use crate::offline::changelog::presence::Presence;
use crate::offline::changelog::table::{ChangeLog, failed};
use crate::offline::error::OfflineError;
use crate::offline::snapshot::Snapshot;
use crate::schema::Schema;

/// A delete or unrelate made offline, ready to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineDelete {
    /// The client that made it: the request that pushes it must carry this client id.
    pub client_id: String,
    /// The mutation id that the application gave it.
    pub mutation_id: String,
    /// The operation: `delete` or `unrelate`.
    pub operation: String,
    /// The resource of the record.
    pub resource: String,
    /// The id of the record that is deleted, or whose relation is removed.
    pub id: String,
    /// The whole mutation, as JSON.
    pub json: String,
}

/// Calls `consume` for every delete and unrelate in the change log up to `seq` that is in scope
/// and whose subject is not in the snapshot any more, in the order of the change log. `selects` gets the
/// resource and the id of the record, and says whether it is wanted.
///
/// # Errors
/// What `consume` returns; [`OfflineError::Storage`] when the database cannot be read, or when
/// an entry has no client id or mutation id, neither in its JSON nor in its columns.
pub fn offline_deletes(
    snapshot: &Snapshot,
    schema: &Schema,
    scope: &Scope,
    seq: i64,
    selects: impl Fn(&str, &str) -> bool,
    mut consume: impl FnMut(OfflineDelete) -> Result<(), OfflineError>,
) -> Result<(), OfflineError> {
    if !scope.deletes {
        return Ok(());
    }
    let presence = Presence::new(snapshot.connection(), schema);
    let columns = "clientId, mutationId, mutation";
    ChangeLog::of(snapshot).for_each_row(columns, "WHERE seq <= ?1 ORDER BY seq", [seq], |row| {
        // An entry that cannot be parsed stays in the change log; draining counts it.
        let Some(mut entry) = Entry::in_column(row, 2) else { return Ok(()) };
        let is_wanted = selects(&entry.resource, &entry.id)
            && entry.is_covered(scope, schema)
            && entry.is_in_scope(scope, schema);
        if is_wanted && presence.keep_absent(&mut entry)? {
            consume(complete(entry, row, schema)?)?;
        }
        Ok(())
    })
}

/// The mutation to push. What the entry's JSON lacks comes from the columns of its row and from
/// the schema.
fn complete(entry: Entry, row: &Row<'_>, schema: &Schema) -> Result<OfflineDelete, OfflineError> {
    let Entry { resource, operation, id, mut mutation } = entry;
    let mut text_of = |key: &str| -> Result<String, OfflineError> {
        let given = mutation.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(text) = given {
            return Ok(text.to_owned());
        }
        let text: String = row.get(key).map_err(failed("read"))?;
        mutation.insert(key.to_owned(), json!(text));
        Ok(text)
    };
    let (client_id, mutation_id) = (text_of("clientId")?, text_of("mutationId")?);
    let version = schema.resource(&resource).map_or(1, |resource| resource.version);
    mutation.entry("version").or_insert(json!(version));
    mutation.entry("id").or_insert(json!(id));
    let json = Value::Object(mutation).to_string();
    Ok(OfflineDelete { client_id, mutation_id, operation, resource, id, json })
}
