//! The tables that a schema needs, with the keys of its resources and join stores in them. They are made in
//! [`super::made`].

use std::collections::HashMap;
use std::ops::Range;

use super::column_type;
use super::key_kind::KeyKind;
use super::table::{KeyColumn, NewTable};
use crate::offline::write::local_table::WATERMELON_STATE;
use crate::schema::{Field, IdFormat, JoinStore, Resource, Schema, Type};

/// The tables for a schema.
#[derive(Debug, Clone, Default)]
pub(in crate::offline::write) struct Layout {
    pub(super) tables: Vec<NewTable>,
    /// Where the records or join rows of each name in the feed are.
    pub(super) places: HashMap<String, Place>,
}

/// The place of a resource or a join store.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The index of its table.
    pub(super) table: usize,
    /// Its ids: one of a record, two of a join row.
    pub(super) ids: Vec<IdPlace>,
}

/// An id in the key of a table.
#[derive(Debug, Clone)]
pub(super) struct IdPlace {
    /// The template; `None` where the value itself is the id.
    pub(super) format: Option<IdFormat>,
    /// The columns of the key that it is made of.
    pub(super) columns: Range<usize>,
    /// The index of the table whose keys these are, of the end of a join row.
    pub(super) target: Option<usize>,
}

/// Two fields that one column would hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::offline::write) struct SharedColumn {
    pub(in crate::offline::write) table: String,
    pub(in crate::offline::write) fields: [String; 2],
}

impl Layout {
    /// The tables for a schema.
    ///
    /// # Errors
    /// [`SharedColumn`] where two fields of a resource have the same column.
    pub(in crate::offline::write) fn new(schema: &Schema) -> Result<Self, SharedColumn> {
        let mut layout = Self::default();
        for resource in schema.resources.iter().filter(|resource| !resource.is_remote_only) {
            layout.add_resource(schema, resource)?;
        }
        for store in schema.join_stores() {
            layout.add_join_store(&store)?;
        }
        Ok(layout)
    }

    /// The names of the tables.
    pub(in crate::offline::write) fn table_names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| &*table.name)
    }

    fn add_resource(&mut self, schema: &Schema, resource: &Resource) -> Result<(), SharedColumn> {
        let storage = &resource.storage;
        let fields = if storage.document.is_some() { &[][..] } else { &resource.fields };
        check_columns(&storage.table, fields)?;
        let kind_of = |column: &String| {
            let field = fields.iter().find(|field| field.column().eq_ignore_ascii_case(column));
            match (&storage.id_format, field.map(|field| &field.kind)) {
                (None, _) => (KeyKind::Text, true),
                (Some(_), None | Some(Type::Number | Type::Boolean)) if storage.id.len() == 1 => {
                    (KeyKind::Integer, false)
                }
                (Some(_), None | Some(Type::Number | Type::Boolean)) => (KeyKind::Any, false),
                // The value of the field is that of the key, which no conversion may change.
                (Some(_), Some(kind)) => match column_type::of_field(kind) {
                    "TEXT" => (KeyKind::Text, true),
                    "BLOB" => (KeyKind::Blob, true),
                    _ => (KeyKind::Any, true),
                },
            }
        };
        let key = storage.id.iter().map(|column| (column, kind_of(column)));
        let (format, columns) = (storage.id_format.clone(), 0..storage.id.len());
        let ids = vec![IdPlace { format, columns, target: None }];
        let table = self.add(&resource.name, &storage.table, key, ids);
        let references = schema.many_ones_from(&resource.name);
        for field in fields {
            let reference = references.iter().find(|reference| reference.fk_field == field.name);
            // It holds keys of any kind.
            let has_template =
                reference.is_some_and(|reference| reference.to.storage.reference_format().is_some());
            let declared = if has_template { "" } else { column_type::of_field(&field.kind) };
            table.add(field.column(), declared);
        }
        if let Some(document) = &storage.document {
            table.add(document, "TEXT");
        }
        if let Some(marker) = &storage.deleted_when {
            table.add(&marker.column, column_type::of_marker(marker));
            let [status, changed] = WATERMELON_STATE;
            if marker.column.eq_ignore_ascii_case(status) {
                table.add(changed, "TEXT");
            }
        }
        Ok(())
    }

    fn add_join_store(&mut self, store: &JoinStore<'_>) -> Result<(), SharedColumn> {
        let storage = store.storage();
        check_columns(&storage.table, &store.relation.metadata)?;
        // The default layout has whole ids, a mapped one has keys.
        let format = |end: &Resource| end.storage.reference_format().cloned();
        let formats = [format(store.from), format(store.to)];
        let kind = |format: &Option<IdFormat>| match format {
            Some(_) => (KeyKind::Any, false),
            None => (KeyKind::Text, true),
        };
        let key = [(&storage.from, kind(&formats[0])), (&storage.to, kind(&formats[1]))];
        let target = |end: &Resource| self.places.get(&end.name).map(|place| place.table);
        let [from, to] = formats;
        let ids = vec![
            IdPlace { format: from, columns: 0..1, target: target(store.from) },
            IdPlace { format: to, columns: 1..2, target: target(store.to) },
        ];
        let table = self.add(&store.name(), &storage.table, key.into_iter(), ids);
        for field in &store.relation.metadata {
            table.add(field.column(), column_type::of_field(&field.kind));
        }
        Ok(())
    }

    /// Adds a place, and its table unless another place has the same one.
    fn add<'c>(
        &mut self,
        name: &str,
        table: &str,
        key: impl Iterator<Item = (&'c String, (KeyKind, bool))>,
        ids: Vec<IdPlace>,
    ) -> &mut NewTable {
        let column =
            |(name, (kind, is_fixed)): (&String, _)| KeyColumn { name: name.clone(), kind, is_fixed };
        let key: Vec<_> = key.map(column).collect();
        let known = self.tables.iter().position(|known| known.name.eq_ignore_ascii_case(table));
        let index = known.unwrap_or_else(|| {
            self.tables.push(NewTable { name: table.to_owned(), key: key.clone(), columns: Vec::new() });
            self.tables.len() - 1
        });
        let table = &mut self.tables[index];
        let is_own = |own: &KeyColumn, column: &KeyColumn| own.name.eq_ignore_ascii_case(&column.name);
        let has_key = table.key.len() == key.len() && table.key.iter().zip(&key).all(|(a, b)| is_own(a, b));
        if !has_key {
            for column in key {
                table.add(&column.name, "");
            }
        }
        // The key of such a table is another place's.
        let ids = if has_key { ids } else { Vec::new() };
        self.places.insert(name.to_owned(), Place { table: index, ids });
        table
    }
}

/// Checks that no two fields have the same column; SQLite ignores case.
fn check_columns(table: &str, fields: &[Field]) -> Result<(), SharedColumn> {
    let mut columns = HashMap::new();
    for field in fields {
        if let Some(other) = columns.insert(field.column().to_ascii_lowercase(), &field.name) {
            let fields = [other.clone(), field.name.clone()];
            return Err(SharedColumn { table: table.to_owned(), fields });
        }
    }
    Ok(())
}
