//! What only the server has, as mutations that remove it (contract 3.9): join rows first, then records, those
//! that refer to others before these. What that is was found by a comparison.

use std::sync::Arc;

use serde_json::json;

use super::changes::{Changes, Narrowed};
use super::upload_plan::Plan;
use crate::offline::{FoundItem, OfflineDelete, OfflineError};
use crate::schema::{Schema, upload_order};

/// Removes what only the server has.
pub(crate) struct Extra {
    changes: Arc<Changes>,
    tables: Vec<ExtraTable>,
}

/// A resource or join store whose items are removed.
struct ExtraTable {
    name: String,
    kind: Kind,
    version: u64,
}

enum Kind {
    Records,
    /// Rows of a relation of this resource.
    JoinRows {
        resource: String,
        relation: String,
    },
}

impl Extra {
    /// What is removed for a plan; nothing without a comparison.
    pub(crate) fn of(plan: &Plan, schema: &Schema) -> Result<Self, OfflineError> {
        let mut tables = Vec::new();
        for store in plan.scope.join_stores(schema) {
            let (resource, relation) = (store.from.name.clone(), store.relation.name.clone());
            let kind = Kind::JoinRows { resource, relation };
            tables.push(ExtraTable { name: store.name(), kind, version: store.from.version });
        }
        let in_scope: Vec<_> = schema
            .resources
            .iter()
            .filter(|resource| plan.scope.resources.contains(&resource.name))
            .collect();
        for resource in upload_order(schema, &in_scope).into_iter().rev() {
            let (name, version) = (resource.name.clone(), resource.version);
            tables.push(ExtraTable { name, kind: Kind::Records, version });
        }
        let changes = plan.changes.clone().ok_or_else(|| OfflineError::storage("nothing was compared"))?;
        Ok(Self { changes, tables })
    }

    /// The number of records and join rows; and that of the join rows of which it is not known which
    /// records they join, so that they cannot be removed.
    pub(super) fn count(&self) -> Result<(Narrowed, u64), OfflineError> {
        let (mut all, mut unclear) = (Narrowed::default(), 0);
        for ExtraTable { name, kind, .. } in &self.tables {
            match kind {
                Kind::Records => all.records += self.changes.found.counts(name)?.1,
                Kind::JoinRows { .. } => self.changes.found.for_each(name, Some(true), |item| {
                    *(if ends(&item).is_some() { &mut all.join_rows } else { &mut unclear }) += 1;
                    Ok::<_, OfflineError>(())
                })?,
            }
        }
        Ok((all, unclear))
    }

    /// Calls `consume` with the name of the resource or join store and each mutation, whose id begins with
    /// `prefix`.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError`] when the differences cannot be read.
    pub(crate) fn for_each<E: From<OfflineError>>(
        &self,
        prefix: &str,
        client_id: &str,
        mut consume: impl FnMut(&str, &str, OfflineDelete) -> Result<(), E>,
    ) -> Result<(), E> {
        for table in &self.tables {
            self.changes.found.for_each(&table.name, Some(true), |item| {
                match table.mutation(&item, prefix, client_id) {
                    Some(mutation) => consume(&table.name, &item.key.id, mutation),
                    None => Ok(()),
                }
            })?;
        }
        Ok(())
    }
}

impl ExtraTable {
    /// The mutation that removes an item.
    fn mutation(&self, item: &FoundItem, prefix: &str, client_id: &str) -> Option<OfflineDelete> {
        let (name, version) = (&self.name, self.version);
        let (operation, resource, id, mutation_id, relations) = match &self.kind {
            Kind::Records => {
                let id = &*item.key.id;
                ("delete", name, id, format!("{prefix}:del:{name}:{id}"), None)
            }
            Kind::JoinRows { resource, relation } => {
                let (from, to) = ends(item)?;
                let relations = json!({relation: {"$ref": to}});
                ("unrelate", resource, from, format!("{prefix}:unrel:{name}:{from}:{to}"), Some(relations))
            }
        };
        let mut mutation =
            json!({"resource": resource, "version": version, "operation": operation, "id": id});
        if let Some(relations) = relations {
            mutation["relations"] = relations;
        }
        mutation["clientId"] = json!(client_id);
        mutation["mutationId"] = json!(mutation_id);
        Some(OfflineDelete {
            client_id: client_id.to_owned(),
            mutation_id,
            operation: operation.to_owned(),
            resource: resource.clone(),
            id: id.to_owned(),
            json: mutation.to_string(),
        })
    }
}

/// The ids of the records that a row joins. A feed may name only the row, by both ids and a colon.
fn ends(item: &FoundItem) -> Option<(&str, &str)> {
    let by_colon = || item.key.id.split_once(':').filter(|(_, to)| !to.contains(':'));
    item.key.ends().or_else(by_colon)
}
