//! Many-one relations: columns that hold the key of another record, as foreign keys declare, or as names
//! and values suggest. Relations in a table of links are inferred in [`super::link`].

use super::inference::{Inference, TableKind};
use super::names::stem;
use super::notes::list;
use crate::schema::inferred::{InferredField, InferredRelation};
use crate::schema::table_facts::{ColumnFacts, ForeignKey, Lookup, TableFacts, ValuesOf};

/// A column that refers to a table.
#[derive(Clone, Copy)]
pub(super) struct Target {
    /// The index of the table.
    pub(super) table: usize,
    /// Whether a foreign key says so.
    pub(super) is_declared: bool,
}

/// Why values of a column cannot be turned into ids of a resource.
fn misfit(column: &ColumnFacts, target: &ColumnFacts, has_template: bool) -> Option<&'static str> {
    match () {
        () if column.has_invalid_text => Some("it holds text that is not UTF-8"),
        () if column.has_nested || column.has_boolean => Some("it holds other JSON than text and integers"),
        () if column.has_real => Some("it holds floating-point numbers"),
        () if column.has_blob && !(has_template && target.has_blob) => Some("it holds BLOBs"),
        () if column.has_integer && !has_template => Some("it holds integers, and the ids are text"),
        () => None,
    }
}

impl<L: Lookup> Inference<'_, L> {
    /// Adds a many-one relation for each foreign key of one column that refers to the key of a
    /// resource, and for each column whose name and values suggest such a reference.
    pub(super) fn add_references(&mut self) -> Result<(), L::Error> {
        for index in 0..self.tables.len() {
            if !matches!(self.kinds[index], TableKind::Records(_)) {
                for key in self.document_keys.remove(&index).unwrap_or_default() {
                    self.add_guessed(index, &key, Some("data"))?;
                }
                continue;
            }
            let table = &self.tables[index];
            for key in &table.foreign_keys {
                if let Err(why) = self.add_declared(index, key) {
                    let columns: Vec<_> = key.columns.iter().map(String::as_str).collect();
                    let columns = list(&columns);
                    self.note(format!(
                        "{columns} of `{}` refers to `{}`, but is no relation: {why}",
                        table.name, key.table
                    ));
                }
            }
            for column in &table.columns {
                self.add_guessed(index, column, None)?;
            }
        }
        Ok(())
    }

    fn add_declared(&mut self, index: usize, key: &ForeignKey) -> Result<(), &'static str> {
        let table = &self.tables[index];
        let target = self.by_table.get(&key.table.to_ascii_lowercase()).copied();
        let target = target.ok_or("there is no such table")?;
        let [column] = key.columns.as_slice() else { return Err("its key has several columns") };
        let column = table.column(column).ok_or("it is a generated column")?;
        self.refers_to_key(key, target)?;
        if self.field_of(index, &column.name).is_none() {
            return Err("the ids are made of it, or it is left out");
        }
        self.fits(column, target)?;
        self.add_reference(index, column, target);
        Ok(())
    }

    /// Adds the relation that the name of a column suggests, where all of its values are keys of the
    /// other table.
    fn add_guessed(
        &mut self,
        index: usize,
        column: &ColumnFacts,
        document: Option<&str>,
    ) -> Result<(), L::Error> {
        let table = &self.tables[index];
        let has_values = column.has_integer || column.has_text || column.has_blob;
        let is_declared = table.foreign_keys.iter().any(|key| has_column(key, &column.name));
        let Some(target) = self.guesses.target(&column.name, index) else { return Ok(()) };
        if !has_values || is_declared || self.field_of(index, &column.name).is_none() {
            return Ok(());
        }
        let values = ValuesOf { table: &table.name, column: &column.name, document };
        if self.fits(column, target).is_err() || self.count_unmatched(values, target)? > 0 {
            return Ok(());
        }
        let (name, other) = (&column.name, &self.tables[target].name);
        self.note(format!(
            "`{name}` of `{}` refers to `{other}`: a guess from its name and values, since no foreign key says so; \
             remove the relation if it is wrong",
            table.name
        ));
        self.add_reference(index, column, target);
        Ok(())
    }

    /// Whether a foreign key refers to the column of which the ids of a table are made.
    fn refers_to_key(&self, key: &ForeignKey, target: usize) -> Result<(), &'static str> {
        let primary = self.tables[target].primary_key();
        let referred = match (key.targets.as_slice(), primary.as_slice()) {
            ([column], _) => column.as_str(),
            ([], [id]) => id.name.as_str(),
            _ => return Err("the key of that table has several columns"),
        };
        let id = self.kinds[target].key().ok_or("that table is no resource")?.single();
        match id {
            Some(id) if id.name.eq_ignore_ascii_case(referred) => Ok(()),
            _ => Err("the ids of that table are made of other columns"),
        }
    }

    /// Whether all values of a column can be turned into ids of a table.
    pub(super) fn fits(&self, column: &ColumnFacts, target: usize) -> Result<(), &'static str> {
        let key = self.kinds[target].key().ok_or("that table is no resource")?;
        let id = key.single().ok_or("the key of that table has several columns")?;
        misfit(column, id, key.has_template).map_or(Ok(()), Err)
    }

    /// The number of values that are no key of the target.
    pub(super) fn count_unmatched(&self, values: ValuesOf<'_>, target: usize) -> Result<u64, L::Error> {
        let Some(id) = self.kinds[target].key().and_then(|key| key.single()) else { return Ok(u64::MAX) };
        self.lookup.count_unmatched(values, (&self.tables[target].name, &id.name))
    }

    /// The name of the field that a column became; `None` when it is no field.
    fn field_of(&self, index: usize, column: &str) -> Option<&str> {
        let resource = &self.inferred.resources[*self.resources.get(&index)?];
        let is_column = |name: &Option<String>, field: &str| name.as_deref().unwrap_or(field) == column;
        let field = resource.fields.iter().find(|field| is_column(&field.column, &field.name))?;
        Some(&field.name)
    }

    fn add_reference(&mut self, index: usize, column: &ColumnFacts, target: usize) {
        let (from, to) = (self.resources[&index], self.resources[&target]);
        let resource = &mut self.inferred.resources[from];
        let is_column =
            |field: &&mut InferredField| field.column.as_ref().unwrap_or(&field.name) == &column.name;
        let Some(field) = resource.fields.iter_mut().find(is_column) else { return };
        // It holds an id, whatever the type of its column is.
        field.kind = "string";
        let (field, from) = (field.name.clone(), resource.name.clone());
        let is_same = |other: &InferredRelation| {
            other.fk_field.as_ref() == Some(&field) && other.from == from && other.kind == "many-one"
        };
        // Its values can be turned into the ids of one resource only.
        if self.inferred.relations.iter().rev().take_while(|other| other.from == from).any(is_same) {
            let table = &self.tables[index].name;
            self.note(format!(
                "`{}` of `{table}` refers to several tables: only the first is a relation",
                column.name
            ));
            return;
        }
        let to = self.inferred.resources[to].name.clone();
        let relation = self.names.many_one(&from, &[&stem(&field), &field]);
        self.inferred.relations.push(InferredRelation {
            kind: "many-one",
            from,
            to,
            relation,
            fk_field: Some(field),
            metadata: Vec::new(),
            storage: None,
        });
    }

    /// The table that a column refers to, as a foreign key says or its name suggests.
    pub(super) fn target(&self, index: usize, table: &TableFacts, column: &ColumnFacts) -> Option<Target> {
        let mut keys = table.foreign_keys.iter().filter(|key| has_column(key, &column.name)).peekable();
        if keys.peek().is_none() {
            let guess = self.guesses.target(&column.name, index).filter(|target| *target != index);
            return guess.map(|table| Target { table, is_declared: false });
        }
        keys.find_map(|key| {
            let table = *self.by_table.get(&key.table.to_ascii_lowercase())?;
            let is_key = key.columns.len() == 1 && self.refers_to_key(key, table).is_ok();
            is_key.then_some(Target { table, is_declared: true })
        })
    }
}

fn has_column(key: &ForeignKey, column: &str) -> bool {
    key.columns.iter().any(|name| name.eq_ignore_ascii_case(column))
}
