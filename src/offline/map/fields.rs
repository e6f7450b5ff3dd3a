//! Which columns hold which fields: the part that records and join rows have in common.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::mutation::canonical::{compare_keys, write_string};
use crate::offline::error::OfflineError;
use crate::offline::map::value::{IS_JSON, Mapping, ValueError};
use crate::offline::sql::{Numbers, Table, quoted};
use crate::schema::{Field, IdFormat};

/// A field and the column that holds it.
#[derive(Debug, Clone)]
pub(crate) struct MappedField {
    pub(crate) name: String,
    /// `"name":`, as it goes into the JSON.
    key: Vec<u8>,
    /// As the table has it; of a document, the key.
    pub(crate) column: String,
    pub(crate) mapping: Mapping,
    numbers: Numbers,
}

/// Finds the columns of fields, in canonical order of the fields' names.
///
/// A missing column is an error of the plan where the schema insists on it, and left out
/// with a warning otherwise (contract 1.1).
pub(crate) fn map_fields(
    fields: &[Field],
    table: &Table,
    table_name: &str,
    id_format: impl Fn(&Field) -> Option<IdFormat>,
    warnings: &mut Vec<String>,
) -> Result<Vec<MappedField>, OfflineError> {
    let mut mapped = Vec::with_capacity(fields.len());
    for field in fields {
        let Some(column) = table.column(field.column()) else {
            let what = format!("table {} has no column {}", quoted(table_name), quoted(field.column()));
            if field.required || field.column.is_some() {
                return Err(OfflineError::missing(format!("{what}, which the schema needs")));
            }
            warnings.push(format!("{what}: the field is left out"));
            continue;
        };
        mapped.push(MappedField::new(field, &column.name, id_format(field), table.numbers(column)));
    }
    mapped.sort_by(|a, b| compare_keys(&a.name, &b.name));
    Ok(mapped)
}

/// The fields of a document, in canonical order of their names: which keys there are, each
/// document decides for itself.
pub(crate) fn document_fields(
    fields: &[Field],
    id_format: impl Fn(&Field) -> Option<IdFormat>,
) -> Vec<MappedField> {
    let mut mapped: Vec<_> = fields
        .iter()
        .map(|field| MappedField::new(field, field.column(), id_format(field), Numbers::AsText))
        .collect();
    mapped.sort_by(|a, b| compare_keys(&a.name, &b.name));
    mapped
}

impl MappedField {
    fn new(field: &Field, column: &str, id_format: Option<IdFormat>, numbers: Numbers) -> Self {
        let mut key = Vec::new();
        write_string(&mut key, &field.name);
        key.push(b':');
        let mapping = Mapping { kind: field.kind.clone(), nullable: field.nullable, id_format };
        Self { name: field.name.clone(), key, column: column.to_owned(), mapping, numbers }
    }

    /// Begins the field in the JSON object that `out` ends with.
    pub(crate) fn write_key(&self, out: &mut Vec<u8>) {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        out.extend_from_slice(&self.key);
    }

    /// An SQL condition that holds for values that cannot be uploaded; `None` when there
    /// can be none. What SQL cannot see (invalid UTF-8) shows when the value is read.
    pub(crate) fn bad_value(&self) -> Option<String> {
        let column = quoted(&self.column);
        if self.mapping.id_format.is_some() {
            return Some(format!("typeof({column}) NOT IN ('null', 'integer', 'text')"));
        }
        // Infinity times zero is no number, which SQLite makes NULL; comparing takes longer. A
        // column that stores numbers as text is not asked.
        let infinite = format!("({column} * 0 IS NULL AND typeof({column}) = 'real')");
        let kind = &self.mapping.kind;
        if *kind == crate::schema::Type::Boolean {
            // NULL is neither, and passes.
            let other = format!("{column} NOT IN (0, 1)");
            Some(match self.numbers {
                // 1.0 is 1 there.
                Numbers::WholeAsIntegers => other,
                _ => format!("{other} OR typeof({column}) NOT IN ('integer', 'null')"),
            })
        } else if kind.is_json() {
            Some(format!(
                "(typeof({column}) = 'blob' OR (typeof({column}) = 'text' AND NOT {IS_JSON}({column})) OR {infinite})"
            ))
        } else {
            (self.numbers != Numbers::AsText).then_some(infinite)
        }
    }
}

/// Appends the canonical JSON object of a row's fields, whose columns begin at `first`.
///
/// On failure it names the field.
pub(crate) fn write_object<'f>(
    out: &mut Vec<u8>,
    fields: &'f [MappedField],
    row: &Row<'_>,
    first: usize,
) -> Result<(), (&'f MappedField, ValueError)> {
    out.push(b'{');
    for (index, field) in fields.iter().enumerate() {
        let value = row.get_ref(first + index).unwrap_or(ValueRef::Null);
        if value == ValueRef::Null && !field.mapping.nullable {
            continue;
        }
        field.write_key(out);
        field.mapping.write(out, value).map_err(|error| (field, error))?;
    }
    out.push(b'}');
    Ok(())
}

/// `, "a", "b"` for a SELECT that already has a first column.
pub(crate) fn select_list(fields: &[MappedField]) -> String {
    fields.iter().map(|field| format!(", {}", quoted(&field.column))).collect()
}
