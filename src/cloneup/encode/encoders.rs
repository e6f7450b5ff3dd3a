//! What encodes the rows of a resource or join store, as a run's options say.

use crate::cloneup::options::Options;
use crate::mutation::{JoinEncoder, RecordEncoder};
use crate::schema::Schema;

/// For the records of a resource.
pub(crate) fn records(options: &Options, schema: &Schema, client_id: &str, resource: &str) -> RecordEncoder {
    let version = schema.resource(resource).map_or(1, |resource| resource.version);
    RecordEncoder::new(&options.mutation_id_prefix, client_id, resource, version, options.record_operation)
}

/// For the rows of a join store; `None` when the schema has no such store.
pub(crate) fn join_rows(
    options: &Options,
    schema: &Schema,
    client_id: &str,
    name: &str,
) -> Option<JoinEncoder> {
    let store = schema.join_stores().into_iter().find(|store| store.name() == name)?;
    Some(JoinEncoder::new(
        &options.mutation_id_prefix,
        client_id,
        name,
        &store.from.name,
        store.from.version,
        &store.relation.name,
    ))
}
