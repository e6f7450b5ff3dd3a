//! The SQL of a table's statements, written once for the table. Their parameters are bound in
//! [`super::writer`].

use crate::offline::sql::quoted;
use crate::offline::write::local_table::table::LocalTable;

/// The SQL that most records need.
#[derive(Default)]
pub(super) struct Statements {
    /// Selects 1 and the fields, or the document, of the row with the key.
    pub(super) select: String,
    /// Inserts a row.
    pub(super) insert: String,
    /// Inserts a row, unless a unique index has one like it.
    pub(super) insert_if_new: String,
}

impl LocalTable {
    /// The SQL for this table, whose other members are complete.
    pub(super) fn write_statements(&self) -> Statements {
        let insert = self.insert_sql(|_| true);
        Statements {
            select: self.select_sql(),
            insert_if_new: format!("{insert} ON CONFLICT DO NOTHING"),
            insert,
        }
    }

    fn select_sql(&self) -> String {
        let columns: String = match &self.document {
            Some(column) => format!(", {}", quoted(column)),
            None => self.fields.iter().map(|field| format!(", {}", quoted(&field.column))).collect(),
        };
        format!("SELECT 1{columns} FROM {} WHERE {}", quoted(&self.name), self.key_conditions(0))
    }

    /// Inserts the key and the fields that `is_included` gives, or the document. In a table whose rows can
    /// be marked as deleted, the new row is not marked.
    pub(super) fn insert_sql(&self, is_included: impl Fn(usize) -> bool) -> String {
        let mut columns: Vec<String> =
            self.keys.iter().flat_map(|local| local.key.column_names()).map(quoted).collect();
        match &self.document {
            Some(column) => columns.push(quoted(column)),
            None => {
                let inserted = self.inserted_fields().filter(|index| is_included(*index));
                columns.extend(inserted.map(|index| quoted(&self.fields[index].column)));
            }
        }
        let mut values: Vec<_> = (1..=columns.len()).map(|index| format!("?{index}")).collect();
        if let Some((column, live_value)) = self.marker_of_new_row() {
            columns.push(column);
            values.push(live_value.to_owned());
        }
        format!("INSERT INTO {} ({}) VALUES ({})", quoted(&self.name), columns.join(", "), values.join(", "))
    }

    /// The indexes of the fields whose values a new row gets from the record: the id decides the value of
    /// a key column.
    pub(super) fn inserted_fields(&self) -> impl Iterator<Item = usize> {
        (0..self.fields.len()).filter(|index| !self.is_key[*index])
    }
}
