//! An index of a schema's names, so that looking one up takes no longer in a schema of thousands of
//! resources than in one of three. It is made once, when a schema has been parsed. The lookups are in
//! [`super::definition`].

use std::collections::HashMap;

use super::model::{Relation, RelationKind, Resource, join_name};

/// The places of names in the two lists of a schema.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Index {
    /// Resources by name.
    pub(super) resources: HashMap<String, usize>,
    /// The relations that have a resource in `from`, in the order of the schema.
    pub(super) from: HashMap<String, Vec<usize>>,
    /// The relations that have a resource in `to`, in the order of the schema.
    pub(super) to: HashMap<String, Vec<usize>>,
    /// The join stores, in byte order of their names.
    pub(super) stores: Vec<StorePlace>,
}

/// The place of a join store.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StorePlace {
    pub(super) name: String,
    pub(super) relation: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Index {
    pub(super) fn new(resources: &[Resource], relations: &[Relation]) -> Self {
        let mut index = Self::default();
        for (place, resource) in resources.iter().enumerate() {
            index.resources.entry(resource.name.clone()).or_insert(place);
        }
        for (place, relation) in relations.iter().enumerate() {
            for (names, places) in [(&relation.from, &mut index.from), (&relation.to, &mut index.to)] {
                for name in names {
                    let places = places.entry(name.clone()).or_default();
                    if places.last() != Some(&place) {
                        places.push(place);
                    }
                }
            }
            if relation.kind == RelationKind::ManyMany {
                index.add_stores(place, relation, resources);
            }
        }
        index.stores.sort_by_cached_key(|store| store.name.clone());
        index
    }

    fn add_stores(&mut self, relation: usize, of: &Relation, resources: &[Resource]) {
        let places = |names: &[String]| -> Vec<usize> {
            names.iter().filter_map(|name| self.resources.get(name).copied()).collect()
        };
        let (from, to) = (places(&of.from), places(&of.to));
        for &from in &from {
            for &to in &to {
                let name = join_name(&resources[from].name, &of.name, &resources[to].name);
                self.stores.push(StorePlace { name, relation, from, to });
            }
        }
    }
}
