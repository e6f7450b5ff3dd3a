//! A schema as a whole: its resources and relations, and looking them up by name. What they consist
//! of is in [`super::model`]; they are read from JSON in [`super::parse`].

use std::collections::HashMap;

use super::index::{Index, StorePlace};
use super::model::{JoinStore, ManyOne, Relation, RelationKind, Resource};

/// A schema: everything that can be uploaded or served.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The resources, in the order of the schema file.
    pub resources: Vec<Resource>,
    /// The relations, in the order of the schema file.
    pub relations: Vec<Relation>,
    /// The BLAKE3 hash of the schema's canonical JSON, as 64 hex digits: equal for files that
    /// differ only in formatting.
    pub fingerprint: String,
    /// The JSON that it was parsed from.
    text: String,
    /// Where names are in the two lists.
    pub(super) index: Index,
}

impl Schema {
    /// A schema with the index of its names.
    pub(super) fn new(
        resources: Vec<Resource>,
        relations: Vec<Relation>,
        fingerprint: String,
        text: &str,
    ) -> Self {
        let index = Index::new(&resources, &relations);
        Self { resources, relations, fingerprint, text: text.to_owned(), index }
    }

    /// The JSON that it was parsed from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The resource of that name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.index.resources.get(name).map(|&place| &self.resources[place])
    }

    /// All join stores, in byte order of their names (contract 3.1, stage B).
    #[must_use]
    pub fn join_stores(&self) -> Vec<JoinStore<'_>> {
        self.index.stores.iter().map(|place| self.store(place)).collect()
    }

    /// The join store of that name.
    #[must_use]
    pub fn join_store(&self, name: &str) -> Option<JoinStore<'_>> {
        let place = self.index.stores.binary_search_by(|place| place.name.as_str().cmp(name)).ok()?;
        Some(self.store(&self.index.stores[place]))
    }

    /// The join stores that have the resource of that name at one of their ends, in byte order of
    /// their names.
    #[must_use]
    pub fn join_stores_of(&self, name: &str) -> Vec<JoinStore<'_>> {
        let mut stores = Vec::new();
        for relation in self.relations_of(name).filter(|relation| relation.kind == RelationKind::ManyMany) {
            for (from, to) in self.pairs(relation) {
                if from.name == name || to.name == name {
                    stores.push(JoinStore { from, to, relation });
                }
            }
        }
        stores.sort_by_cached_key(JoinStore::name);
        stores
    }

    /// All fields that hold the id of another record.
    #[must_use]
    pub fn many_ones(&self) -> Vec<ManyOne<'_>> {
        self.relations.iter().flat_map(|relation| self.many_ones_in(relation)).collect()
    }

    /// The fields of a resource that hold the id of another record.
    #[must_use]
    pub fn many_ones_from(&self, name: &str) -> Vec<ManyOne<'_>> {
        let relations = self.relations_at(&self.index.from, name);
        relations.flat_map(|relation| self.many_ones_in(relation)).filter(|it| it.from.name == name).collect()
    }

    /// The fields that hold ids of a resource.
    #[must_use]
    pub fn many_ones_to(&self, name: &str) -> Vec<ManyOne<'_>> {
        let relations = self.relations_at(&self.index.to, name);
        relations.flat_map(|relation| self.many_ones_in(relation)).filter(|it| it.to.name == name).collect()
    }

    fn many_ones_in<'a>(&'a self, relation: &'a Relation) -> Vec<ManyOne<'a>> {
        let is_many_one = matches!(relation.kind, RelationKind::ManyOne | RelationKind::OneOne);
        let fk_field = relation.fk_field.as_deref().filter(|_| is_many_one);
        let Some(fk_field) = fk_field else { return Vec::new() };
        self.pairs(relation).map(|(from, to)| ManyOne { from, fk_field, to, relation }).collect()
    }

    /// The relations with a resource at either end, each once, in the order of the schema.
    fn relations_of(&self, name: &str) -> impl Iterator<Item = &Relation> {
        let places = [&self.index.from, &self.index.to].into_iter().filter_map(|places| places.get(name));
        let mut places: Vec<usize> = places.flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| &self.relations[place])
    }

    fn relations_at<'a>(
        &'a self,
        places: &'a HashMap<String, Vec<usize>>,
        name: &str,
    ) -> impl Iterator<Item = &'a Relation> + use<'a> {
        places.get(name).into_iter().flatten().map(|&place| &self.relations[place])
    }

    fn store(&self, place: &StorePlace) -> JoinStore<'_> {
        JoinStore {
            from: &self.resources[place.from],
            to: &self.resources[place.to],
            relation: &self.relations[place.relation],
        }
    }

    /// The pairs of a `from` and a `to` resource of a relation.
    fn pairs<'a>(&'a self, relation: &'a Relation) -> impl Iterator<Item = (&'a Resource, &'a Resource)> {
        let from = relation.from.iter().filter_map(|name| self.resource(name));
        from.flat_map(|from| {
            let to = relation.to.iter().filter_map(|name| self.resource(name));
            to.map(move |to| (from, to))
        })
    }
}
