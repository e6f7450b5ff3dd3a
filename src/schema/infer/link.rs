//! Many-many relations: tables whose rows link two records, in the default layout or with a key of two
//! columns that refer to other tables, as foreign keys declare or names suggest. Relations in a field are
//! inferred in [`super::reference`].

use std::collections::HashSet;

use super::deleted::deleted_when;
use super::fields::fields;
use super::inference::{Inference, Link, TableKind};
use super::key::{Key, Source};
use super::notes::{self, list};
use crate::schema::inferred::{InferredJoin, InferredRelation};
use crate::schema::table_facts::{ColumnFacts, Lookup, TableFacts, ValuesOf};

/// Names that metadata of a join row cannot have: they name its ends on the wire.
const RESERVED: &[&str] = &["$ref", "from", "to"];

impl<'f, L: Lookup> Inference<'f, L> {
    /// Finds the tables that link records: they become relations instead of resources.
    pub(super) fn find_links(&mut self) -> Result<(), L::Error> {
        let names = self.tables.iter().map(|table| table.name.as_str()).collect();
        for index in 0..self.tables.len() {
            let TableKind::Records(key) = &self.kinds[index] else { continue };
            let table = &self.tables[index];
            // A table whose key is one column is a resource: others may refer to it.
            let link = match self.default_link(table, &names) {
                Some(link) if key.single().is_none() => Some(link),
                _ => self.mapped_link(index, table, key.source, &key.columns),
            };
            let Some(link) = link else { continue };
            match self.flaw(index, &link)? {
                None => self.kinds[index] = TableKind::Link(link),
                Some(why) => {
                    let looks = if link.is_declared { "links" } else { "seems from its names to link" };
                    self.note(format!("`{}` {looks} two tables, but becomes a resource: {why}", table.name));
                }
            }
        }
        Ok(())
    }

    /// A table in the default layout of join rows (contract 1.1).
    fn default_link(&self, table: &'f TableFacts, names: &HashSet<&str>) -> Option<Link<'f>> {
        let rest = table.name.strip_prefix("join_")?;
        let (from, to) = table
            .columns
            .iter()
            .find(|it| it.name == "from")
            .zip(table.columns.iter().find(|it| it.name == "to"))?;
        let underscores = || rest.match_indices('_').map(|(index, _)| index);
        let (from_table, name, to_table) = underscores().find_map(|first| {
            let from_table = names.get(&rest[..first])?;
            underscores().filter(|last| *last > first + 1).find_map(|last| {
                let to_table = names.get(&rest[last + 1..])?;
                Some((*from_table, &rest[first + 1..last], *to_table))
            })
        })?;
        let index = |name: &str| self.by_table.get(&name.to_ascii_lowercase()).copied();
        Some(Link {
            ends: [(from, index(from_table)?), (to, index(to_table)?)],
            name: Some(name.to_owned()),
            is_declared: true,
        })
    }

    /// A table whose key is two columns that refer to other tables, or that has only two.
    fn mapped_link(
        &self,
        index: usize,
        table: &'f TableFacts,
        source: Source,
        key: &[&'f ColumnFacts],
    ) -> Option<Link<'f>> {
        let columns: Vec<&ColumnFacts> = match source {
            Source::RowId => table.columns.iter().collect(),
            _ => key.to_vec(),
        };
        let [first, second] = columns.as_slice() else { return None };
        let targets = [self.target(index, table, first)?, self.target(index, table, second)?];
        Some(Link {
            ends: [(*first, targets[0].table), (*second, targets[1].table)],
            name: None,
            is_declared: targets.iter().all(|target| target.is_declared),
        })
    }

    /// Why the rows of a link cannot be uploaded as join rows; `None` when they can.
    fn flaw(&self, index: usize, link: &Link<'_>) -> Result<Option<String>, L::Error> {
        let table = &self.tables[index];
        if deleted_when(table).is_some() {
            return Ok(Some("its rows can be marked as deleted, which a relation cannot say".to_owned()));
        }
        for (column, target) in &link.ends {
            let name = &column.name;
            let why = match self.fits(column, *target) {
                Err(why) => Some(why),
                Ok(()) if column.has_null => Some("it holds NULL"),
                Ok(()) => None,
            };
            if let Some(why) = why {
                return Ok(Some(format!(
                    "`{name}` cannot be turned into an id of `{}`: {why}",
                    self.tables[*target].name
                )));
            }
        }
        if table.rows == 0 {
            return Ok(None);
        }
        for (column, target) in &link.ends {
            let values = ValuesOf { table: &table.name, column: &column.name, document: None };
            let count = self.count_unmatched(values, *target)?;
            if count > 0 {
                return Ok(Some(format!(
                    "the records of `{}` that `{}` of {count} rows refers to are not there",
                    self.tables[*target].name, column.name
                )));
            }
        }
        let ends: Vec<_> = link.ends.iter().map(|(column, _)| column.name.as_str()).collect();
        // The columns of a key have been checked already.
        let is_key = |key: &Key<'_>| {
            let is_end = |column: &&ColumnFacts| ends.contains(&column.name.as_str());
            key.columns.len() == ends.len() && key.columns.iter().all(is_end)
        };
        let is_checked = self.kinds[index].key().is_some_and(is_key);
        let is_repeated = !is_checked && self.lookup.has_equal_ids(&table.name, &ends)?;
        Ok(is_repeated.then(|| format!("two rows have the same {}", list(&ends))))
    }

    /// Adds a many-many relation for each table that links records.
    pub(super) fn add_links(&mut self) {
        for index in 0..self.tables.len() {
            let TableKind::Link(link) = &self.kinds[index] else { continue };
            let table = &self.tables[index];
            let [(first, from), (second, to)] = link.ends;
            let (name, is_declared) = (link.name.clone(), link.is_declared);
            let resource = |index: usize| self.inferred.resources[self.resources[&index]].name.clone();
            let (from, to) = (resource(from), resource(to));
            let ends = [first.name.clone(), second.name.clone()];
            let reserved = if name.is_some() { &RESERVED[..1] } else { RESERVED };
            let (metadata, notes) = fields(table, reserved, |column| ends.contains(&column.name));
            let wanted = [name.as_deref().unwrap_or(&to), table.name.as_str()];
            let relation = self.names.many_many(&from, &to, &wanted);
            // In the default layout every column must be metadata.
            let is_default = name.as_ref() == Some(&relation)
                && metadata.len() + 2 == table.columns.len() + table.generated.len();
            if name.is_none() {
                let guess = if is_declared {
                    ""
                } else {
                    " (a guess from the names of its columns, its key and its values)"
                };
                self.note(format!(
                    "`{}` links `{from}` to `{to}`: the many-many relation `{relation}`{guess}",
                    table.name
                ));
            }
            self.inferred.notes.extend(notes);
            self.inferred.notes.extend(notes::of_generated(table));
            let [first, second] = ends;
            self.inferred.relations.push(InferredRelation {
                kind: "many-many",
                from,
                to,
                relation,
                fk_field: None,
                metadata,
                storage: (!is_default).then(|| InferredJoin {
                    table: table.name.clone(),
                    from: first,
                    to: second,
                }),
            });
        }
    }
}
