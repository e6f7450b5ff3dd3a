//! The scope of a run: which resources and relations its options ask for (contract 3), and which part of
//! them (contract 3.7). Their tables are found in [`super::sources`].

use std::collections::HashSet;

use crate::cloneup::failure::{Failure, Failures};
use crate::cloneup::options::Options;
use crate::cloneup::stage::Stage;
use crate::offline::Scope;
use crate::protocol::code;
use crate::schema::{JoinStore, Resource, Schema, upload_order};

/// The resources that the options ask for, checked against a schema.
#[derive(Debug, Clone)]
pub(crate) struct Requested {
    /// Indexes of the schema's resources, in the requested order, each once.
    indexes: Vec<usize>,
    /// What the upload covers.
    pub(crate) scope: Scope,
    /// Which part of it the run uploads.
    pub(crate) stage: Stage,
}

impl Requested {
    /// Checks the options against the schema.
    ///
    /// # Errors
    /// A failure for every name that is unknown or remote-only.
    pub(crate) fn new(options: &Options, schema: &Schema) -> Result<Self, Failures> {
        let indexes = match &options.resources {
            None => {
                (0..schema.resources.len()).filter(|&index| !schema.resources[index].is_remote_only).collect()
            }
            Some(names) => indexes_of(names, schema)?,
        };
        let resources: HashSet<String> =
            indexes.iter().map(|&index| schema.resources[index].name.clone()).collect();
        let scope = Scope {
            all_resources: schema
                .resources
                .iter()
                .all(|resource| resource.is_remote_only || resources.contains(&resource.name)),
            resources,
            join_rows: options.include_many_many,
            // A delete of a record that is not sent would be one of a record that is not there.
            deletes: options.include_deletes && options.limit.is_none(),
        };
        Ok(Self { indexes, scope, stage: options.stage })
    }

    /// The resources whose records the run uploads, in upload order (contract 3.1, stage A).
    pub(super) fn resources<'s>(&self, schema: &'s Schema) -> Vec<&'s Resource> {
        if !self.stage.has_records() {
            return Vec::new();
        }
        let requested: Vec<_> = self.indexes.iter().map(|&index| &schema.resources[index]).collect();
        upload_order(schema, &requested)
    }

    /// The join stores whose rows the run uploads, in byte order of their names (stage B).
    pub(super) fn join_stores<'s>(&self, schema: &'s Schema) -> Vec<JoinStore<'s>> {
        if !self.stage.has_join_rows() {
            return Vec::new();
        }
        self.scope.join_stores(schema)
    }
}

fn indexes_of(names: &[String], schema: &Schema) -> Result<Vec<usize>, Failures> {
    let (mut indexes, mut failures) = (Vec::with_capacity(names.len()), Vec::new());
    for (place, name) in names.iter().enumerate() {
        let path = format!("resources[{place}]");
        match schema.resources.iter().position(|resource| resource.name == *name) {
            None => {
                let failure = Failure::invalid(code::DFQL_UNKNOWN_RESOURCE, "unknown resource", path);
                failures.push(failure.in_words(format!("the schema has no resource `{name}`")));
            }
            Some(index) if schema.resources[index].is_remote_only => {
                let message = "remote-only resources are not allowed";
                let words =
                    format!("the resource `{name}` is remote-only, and cannot be uploaded or compared");
                failures.push(Failure::invalid(code::DFQL_INVALID, message, path).in_words(words));
            }
            Some(index) if indexes.contains(&index) => {}
            Some(index) => indexes.push(index),
        }
    }
    if failures.is_empty() { Ok(indexes) } else { Err(Failures(failures)) }
}
