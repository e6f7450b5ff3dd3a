//! Names in an inferred schema: no two resources or join stores have the same one (contract 2). Names of
//! fields are decided in [`super::fields`](mod@super::fields).

use std::collections::HashSet;

use crate::protocol::GLOBAL_CURSOR;
use crate::schema::model::join_name;

/// The names that are taken.
#[derive(Default)]
pub(super) struct Names {
    /// Resources and join stores, which share the change feed.
    feed: HashSet<String>,
    /// Relations, by the resource that refers.
    relations: HashSet<(String, String)>,
}

impl Names {
    /// A name for a resource: the given one, or with underscores where it is taken.
    pub(super) fn resource(&mut self, name: &str) -> String {
        let mut name = name.to_owned();
        while name == GLOBAL_CURSOR || !self.feed.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    /// A name for a many-one relation: the first of the given ones that is free.
    pub(super) fn many_one(&mut self, from: &str, wanted: &[&str]) -> String {
        let name = self.free(from, wanted, |_| true);
        self.relations.insert((from.to_owned(), name.clone()));
        name
    }

    /// A name for a many-many relation: the first of the given ones that is free.
    pub(super) fn many_many(&mut self, from: &str, to: &str, wanted: &[&str]) -> String {
        let name = self.free(from, wanted, |name| !self.feed.contains(&join_name(from, name, to)));
        self.feed.insert(join_name(from, &name, to));
        self.relations.insert((from.to_owned(), name.clone()));
        name
    }

    fn free(&self, from: &str, wanted: &[&str], is_free: impl Fn(&str) -> bool) -> String {
        let longer = (1..).map(|count| format!("{}{}", wanted[0], "_".repeat(count)));
        let mut names = wanted.iter().map(|name| (*name).to_owned()).chain(longer);
        let is_free =
            |name: &String| !self.relations.contains(&(from.to_owned(), name.clone())) && is_free(name);
        names.find(is_free).expect("names of any length are tried")
    }
}

/// The template of the ids of a table; its name may not contain another `{}`.
pub(super) fn template(table: &str) -> String {
    let prefix = if table.contains("{}") { table.replace(['{', '}'], "_") } else { table.to_owned() };
    format!("{prefix}:{{}}")
}

/// The name of a relation: the field's name without its suffix for keys.
pub(super) fn stem(field: &str) -> String {
    let stem = ["_id", "Id", "ID", "_ID"].iter().find_map(|suffix| field.strip_suffix(suffix));
    let Some(mut letters) = stem.map(str::chars) else { return field.to_owned() };
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => field.to_owned(),
    }
}
