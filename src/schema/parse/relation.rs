//! Relations, and where the join rows of many-many relations are in the offline database. The resources
//! at their ends are read in [`super::resource`].

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::field::fields;
use super::member::{object, string};
use crate::schema::error::{Result, SchemaError, invalid, ok_or_collect};
use crate::schema::model::{JoinStorage, Relation, RelationKind, Resource};

/// The relation's name where the schema gives none (contract 2).
const DEFAULT_RELATION: &str = "rel";

/// The resources by name.
type Resources<'r> = HashMap<&'r str, &'r Resource>;

/// The relations in the array, with a problem for each that is invalid.
pub(super) fn relations(
    items: &[Value],
    resources: &[Resource],
    problems: &mut Vec<SchemaError>,
) -> Vec<Relation> {
    let mut found = Vec::with_capacity(items.len());
    let by_name: Resources<'_> =
        resources.iter().map(|resource| (resource.name.as_str(), resource)).collect();
    for (index, item) in items.iter().enumerate() {
        let parsed = relation(item, &by_name, &format!("relations[{index}]"), problems);
        found.extend(ok_or_collect(parsed, problems));
    }
    found
}

fn relation(
    item: &Value,
    resources: &Resources<'_>,
    path: &str,
    problems: &mut Vec<SchemaError>,
) -> Result<Relation> {
    let item = object(item, path)?;
    let kind = match string(item, "type", path)?.as_deref() {
        Some("many-many") => RelationKind::ManyMany,
        Some("many-one") => RelationKind::ManyOne,
        Some("one-many") => RelationKind::OneMany,
        Some("one-one") => RelationKind::OneOne,
        Some(other) => return invalid(format!("{path}.type"), format!("unknown relation type `{other}`")),
        None => return invalid(format!("{path}.type"), "is missing"),
    };
    let from = ends(item, "from", resources, path)?;
    let to = ends(item, "to", resources, path)?;
    let fk_field = string(item, "fkField", path)?;
    if let (Some(fk_field), RelationKind::ManyOne | RelationKind::OneOne) = (&fk_field, kind) {
        for name in &from {
            if resources.get(name.as_str()).is_some_and(|resource| resource.field(fk_field).is_none()) {
                return invalid(format!("{path}.fkField"), format!("`{name}` has no field `{fk_field}`"));
            }
        }
        if let Some(name) = with_key_of_several_columns(&to, resources) {
            return invalid(format!("{path}.fkField"), cannot_hold(name, "one field"));
        }
    }
    let name = string(item, "relation", path)?.unwrap_or_else(|| DEFAULT_RELATION.to_owned());
    Ok(Relation {
        kind,
        inverse: string(item, "inverse", path)?,
        metadata: fields(item, "metadata", path, problems)?,
        storage: join_storage(item, &from, &name, &to, resources, path)?,
        name,
        from,
        to,
        fk_field,
    })
}

/// The first of the named resources whose key has several columns.
fn with_key_of_several_columns<'n>(names: &'n [String], resources: &Resources<'_>) -> Option<&'n String> {
    let is_wide =
        |name: &&String| resources.get(name.as_str()).is_some_and(|resource| resource.storage.id.len() > 1);
    names.iter().find(is_wide)
}

fn cannot_hold(resource: &str, what: &str) -> String {
    format!(
        "the key of `{resource}` has several columns, which {what} cannot hold: leave the relation out; the \
         columns can be uploaded as fields"
    )
}

/// `storage` of a relation; members that it lacks have their defaults (contract 1.1).
fn join_storage(
    item: &Map<String, Value>,
    from: &[String],
    name: &str,
    to: &[String],
    resources: &Resources<'_>,
    path: &str,
) -> Result<Option<JoinStorage>> {
    let path = format!("{path}.storage");
    let storage = match item.get("storage") {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => object(value, &path)?,
    };
    let ([from], [to]) = (from, to) else {
        return invalid(path, "is allowed only between two single resources");
    };
    for (end, name) in [("from", from), ("to", to)] {
        if let Some(name) = with_key_of_several_columns(std::slice::from_ref(name), resources) {
            return invalid(format!("{path}.{end}"), cannot_hold(name, "one column"));
        }
    }
    let default = JoinStorage::default_layout(from, name, to);
    Ok(Some(JoinStorage {
        table: string(storage, "table", &path)?.unwrap_or(default.table),
        from: string(storage, "from", &path)?.unwrap_or(default.from),
        to: string(storage, "to", &path)?.unwrap_or(default.to),
    }))
}

/// `from` or `to`: the name of a resource, or a non-empty array of names.
fn ends(item: &Map<String, Value>, key: &str, resources: &Resources<'_>, path: &str) -> Result<Vec<String>> {
    let path = format!("{path}.{key}");
    let names = match item.get(key) {
        None | Some(Value::Null) => return invalid(path, "is missing"),
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(items)) if !items.is_empty() => {
            let mut names = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    Value::String(name) => names.push(name.clone()),
                    _ => return invalid(path, "must contain names of resources"),
                }
            }
            names
        }
        Some(_) => return invalid(path, "must be the name of a resource, or an array of names"),
    };
    match names.iter().find(|name| !resources.contains_key(name.as_str())) {
        Some(unknown) => invalid(path, format!("unknown resource `{unknown}`")),
        None => Ok(names),
    }
}
