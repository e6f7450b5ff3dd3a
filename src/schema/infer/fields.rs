//! The fields of a table, or of the join rows in it. Their types are decided in [`super::kind`].

use super::deleted::{WATERMELON, is_watermelon};
use super::{kind, notes};
use crate::protocol::RESERVED_PREFIX;
use crate::schema::inferred::InferredField;
use crate::schema::table_facts::{ColumnFacts, TableFacts};

/// The fields of a table, and the notes about them. `reserved` are names that no field can have.
pub(super) fn fields(
    table: &TableFacts,
    reserved: &[&str],
    is_skipped: impl Fn(&ColumnFacts) -> bool,
) -> (Vec<InferredField>, Vec<String>) {
    let is_watermelon = is_watermelon(table);
    let is_own = |column: &ColumnFacts| {
        is_watermelon && WATERMELON.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
    };
    let (mut fields, mut notes) = (Vec::new(), Vec::new());
    let columns = || table.columns.iter().filter(|column| !is_skipped(column) && !is_own(column));
    let is_taken =
        |name: &str| reserved.contains(&name) || table.columns.iter().any(|column| column.name == name);
    for column in columns() {
        if let Some(why) = why_left_out(column) {
            notes.push(notes::left_out_column(&table.name, column, why));
            continue;
        }
        let mut name = column.name.clone();
        if reserved.contains(&name.as_str()) {
            while is_taken(&name) {
                name.push('_');
            }
            notes.push(notes::renamed(&table.name, &column.name, &name));
        }
        fields.push(field(column, name));
    }
    notes.extend(notes::of_json(&table.name, columns()));
    (fields, notes)
}

/// Why a column cannot be uploaded (contract 1.2).
fn why_left_out(column: &ColumnFacts) -> Option<&'static str> {
    match () {
        () if column.name.is_empty() => Some("it has no name"),
        () if column.name.starts_with(RESERVED_PREFIX) => Some("its name is reserved"),
        () if column.has_infinity => Some("it holds an infinite number, which JSON cannot express"),
        () if column.has_invalid_text => Some("it holds text that is not UTF-8"),
        () => None,
    }
}

/// The field of a column, or of a key of documents.
pub(super) fn field(column: &ColumnFacts, name: String) -> InferredField {
    InferredField {
        column: (name != column.name).then(|| column.name.clone()),
        name,
        kind: kind::kind(column),
        required: column.is_not_null && !column.has_null,
        nullable: !column.is_not_null || column.has_null,
    }
}
