//! Which items a relation is kept in: the join stores of a many-many relation, seen from one end. What is
//! done with them is decided in [`super::relations`].

use crate::schema::{JoinStore, Resource, Schema};
use crate::server::prepare::RelationsChange;
use crate::server::shared_text::SharedText;
use crate::server::store::ItemKey;

/// The record whose relations are changed.
pub(super) fn record_of(change: &RelationsChange) -> ItemKey {
    ItemKey::record(change.resource.clone(), change.id.clone())
}

/// One end of a join store: the end that belongs to the resource whose relation is changed.
#[derive(Clone, Copy)]
pub(super) struct RelationEnd<'s> {
    pub(super) store: JoinStore<'s>,
    /// Whether it is the end `from`, so that the relation goes by its name and not by its inverse.
    is_from: bool,
}

impl<'s> RelationEnd<'s> {
    /// The resource at the other end.
    fn other(&self) -> &'s Resource {
        if self.is_from { self.store.to } else { self.store.from }
    }

    /// The record at the other end.
    pub(super) fn other_record(&self, id: &str) -> ItemKey {
        ItemKey::record(self.other().name.as_str().into(), id.into())
    }

    /// The join row between a record at this end and one at the other end.
    pub(super) fn row(&self, id: &SharedText, other: &str) -> ItemKey {
        let (from, to) = (id.clone(), SharedText::from(other));
        let (from, to) = if self.is_from { (from, to) } else { (to, from) };
        ItemKey::join_row(self.store.name().into(), from, to)
    }
}

/// The ends of join stores that keep a resource's relation, by its name or its inverse; none for a
/// many-one relation. There are several when the other end has several resources.
pub(super) fn relation_ends<'s>(schema: &'s Schema, resource: &str, relation: &str) -> Vec<RelationEnd<'s>> {
    let stores = schema.join_stores_of(resource);
    let from = stores
        .iter()
        .filter(|store| store.from.name == resource && store.relation.name == relation)
        .map(|store| RelationEnd { store: *store, is_from: true });
    let to = stores
        .iter()
        .filter(|store| store.to.name == resource && store.relation.inverse.as_deref() == Some(relation))
        .map(|store| RelationEnd { store: *store, is_from: false });
    from.chain(to).collect()
}
