//! The keys of everything that applying pushes may look at, for a store that reads it beforehand. It
//! repeats the rules of [`super::records`] and [`super::relations`] without the store, so it may name
//! keys that are then not looked at.

use serde_json::Value;

use super::relation_ends::{RelationEnd, record_of, relation_ends};
use crate::schema::{ManyOne, Schema};
use crate::server::check::references;
use crate::server::prepare::{
    Action, PreparedPush, RecordChange, RelationsChange, RelationsOperation, WriteKind,
};
use crate::server::shared_text::SharedText;
use crate::server::store::{ItemKey, Touched};

/// The keys of all mutations and items that [`super::push`] may ask a [`Writer`] about.
///
/// [`Writer`]: crate::server::store::Writer
pub(in crate::server) fn touched<'p>(
    schema: &Schema,
    pushes: impl Iterator<Item = &'p PreparedPush>,
) -> Touched {
    let mut touched = Touched::default();
    for push in pushes {
        for mutation in &push.mutations {
            let id = mutation.id.clone().unwrap_or_else(|| SharedText::from(""));
            touched.mutations.push((push.client, id));
            match &mutation.action {
                Action::Record(key, change) => {
                    let is_merge = matches!(change, RecordChange::Write { kind: WriteKind::Merge, .. });
                    touched.item(key.clone(), is_merge);
                }
                Action::Relations(change) => add_relations(&mut touched, schema, change),
                Action::Reject(_) => {}
            }
        }
    }
    touched.sort();
    touched
}

/// Adds the items of a change of relations, up to the first relation that the change is rejected for.
fn add_relations(touched: &mut Touched, schema: &Schema, change: &RelationsChange) {
    for (name, value) in &change.relations {
        let ends = relation_ends(schema, change.resource.as_str(), name);
        let is_valid = if ends.is_empty() {
            add_many_one(touched, schema, change, (name, value))
        } else {
            add_many_many(touched, change, &ends, value)
        };
        if !is_valid {
            return;
        }
    }
}

/// Adds the join rows of a many-many relation, and the records that they are between; false if the
/// change is rejected.
fn add_many_many(
    touched: &mut Touched,
    change: &RelationsChange,
    ends: &[RelationEnd<'_>],
    value: &Value,
) -> bool {
    let Ok(references) = references(value, &ends[0].store.relation.metadata, "") else { return false };
    let is_relate = change.operation == RelationsOperation::Relate;
    if is_relate {
        touched.item(record_of(change), false);
    }
    for (other, _) in references {
        for end in ends {
            if is_relate {
                touched.item(end.other_record(other), false);
            }
            // The metadata of a row is replaced by `relate`, and read by the others.
            touched.item(end.row(&change.id, other), !is_relate);
        }
    }
    true
}

/// Adds the record whose field a many-one relation is, and those that it may refer to; false if the
/// change is rejected.
fn add_many_one(
    touched: &mut Touched,
    schema: &Schema,
    change: &RelationsChange,
    (name, value): (&str, &Value),
) -> bool {
    let many_ones = schema.many_ones_from(change.resource.as_str());
    let targets: Vec<_> = many_ones.iter().filter(|many_one| many_one.relation.name == name).collect();
    let Ok(references) = references(value, &[], "") else { return false };
    if targets.is_empty() {
        return false;
    }
    touched.item(record_of(change), true);
    if let (RelationsOperation::Relate, [(id, _)]) = (change.operation, references.as_slice()) {
        for ManyOne { to, .. } in targets {
            touched.item(ItemKey::record(to.name.as_str().into(), (*id).into()), false);
        }
    }
    true
}
