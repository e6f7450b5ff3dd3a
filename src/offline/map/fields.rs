//! Which columns hold which fields, and writing a row's fields as one JSON object: the part that
//! records and join rows have in common. Single values are mapped by [`super::value`].

use bytes::{BufMut as _, BytesMut};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::mutation::canonical::{compare_keys, write_string};
use crate::offline::error::OfflineError;
use crate::offline::map::size::{RowSize, least_size};
use crate::offline::map::value::{IS_JSON, Mapping, ValueError};
use crate::offline::sql::{Numbers, Table, listed, quoted};
use crate::schema::{Field, IdFormat, Type};

/// A field and the column that holds it.
#[derive(Debug, Clone)]
pub(crate) struct MappedField {
    /// The field's name in the schema.
    pub(crate) name: String,
    /// `,"name":`, as it is written into the JSON.
    key: Vec<u8>,
    /// The column's name in the table; for a document, the key.
    pub(crate) column: String,
    /// How its value becomes JSON.
    pub(crate) mapping: Mapping,
    numbers: Numbers,
}

/// Finds the columns of fields, in canonical order of the fields' names.
///
/// A missing column is an error where the schema names it or requires the field. Otherwise the
/// field is left out with a warning (contract 1.1).
pub(crate) fn map_fields(
    fields: &[Field],
    table: &Table,
    table_name: &str,
    id_format: impl Fn(&Field) -> Option<IdFormat>,
    warnings: &mut Vec<String>,
) -> Result<Vec<MappedField>, OfflineError> {
    let (mut mapped, mut missing) = (Vec::with_capacity(fields.len()), Vec::new());
    for field in fields {
        let Some(column) = table.column(field.column()) else {
            if field.required || field.column.is_some() {
                missing.push(field.column());
            } else {
                let (table, column) = (quoted(table_name), quoted(field.column()));
                warnings.push(format!("table {table} has no column {column}: the field is left out"));
            }
            continue;
        };
        mapped.push(MappedField::new(field, &column.name, id_format(field), table.numbers(column)));
    }
    if !missing.is_empty() {
        let (columns, whole) = (if missing.len() == 1 { "column" } else { "columns" }, table.column_names());
        return Err(OfflineError::missing(format!(
            "table {} has no {columns} {}, which the schema needs; it has {}",
            quoted(table_name),
            listed(missing),
            listed(whole)
        )));
    }
    mapped.sort_unstable_by(|a, b| compare_keys(&a.name, &b.name));
    Ok(mapped)
}

/// As [`map_fields`], for fields whose rows are checked: what a constraint says of a column needs no check.
pub(crate) fn map_checked_fields(
    connection: &Connection,
    fields: &[Field],
    table: &mut Table,
    table_name: &str,
    id_format: impl Fn(&Field) -> Option<IdFormat>,
    warnings: &mut Vec<String>,
) -> Result<Vec<MappedField>, OfflineError> {
    if fields.iter().any(|field| field.kind == Type::Boolean) {
        table
            .read_constraints(connection, table_name)
            .map_err(OfflineError::while_doing(format!("cannot inspect table {}", quoted(table_name))))?;
    }
    map_fields(fields, table, table_name, id_format, warnings)
}

/// The fields of a document, in canonical order of their names. No field is left out: each
/// document has its own keys.
pub(crate) fn document_fields(
    fields: &[Field],
    id_format: impl Fn(&Field) -> Option<IdFormat>,
) -> Vec<MappedField> {
    let mut mapped: Vec<_> = fields
        .iter()
        .map(|field| MappedField::new(field, field.column(), id_format(field), Numbers::AsText))
        .collect();
    mapped.sort_unstable_by(|a, b| compare_keys(&a.name, &b.name));
    mapped
}

impl MappedField {
    fn new(field: &Field, column: &str, id_format: Option<IdFormat>, numbers: Numbers) -> Self {
        let mut key = BytesMut::from(",");
        write_string(&mut key, &field.name);
        key.put_u8(b':');
        let mapping = Mapping { kind: field.kind.clone(), nullable: field.nullable, id_format };
        Self { name: field.name.clone(), key: key.into(), column: column.to_owned(), mapping, numbers }
    }

    /// The same field, left out where its value is NULL: a content digest counts both as the same
    /// (contract 3.8).
    pub(crate) fn without_null(mut self) -> Self {
        self.mapping.nullable = false;
        self
    }

    /// Whether a value that is not NULL can become `null`: a column of JSON text can hold that.
    pub(crate) fn can_hold_json_null(&self) -> bool {
        self.mapping.kind.is_json()
    }

    /// Whether an object has no member for this value of the field.
    pub(super) fn leaves_out(&self, value: ValueRef<'_>) -> bool {
        value == ValueRef::Null && !self.mapping.nullable
    }

    /// Writes the field's name into the JSON object at the end of `out`, with a comma where one is
    /// needed.
    #[inline]
    pub(crate) fn write_key(&self, out: &mut BytesMut) {
        let is_first = out.last() == Some(&b'{');
        out.extend_from_slice(&self.key[usize::from(is_first)..]);
    }

    /// An SQL condition that holds for values that cannot be uploaded; `None` when the column
    /// cannot hold one. SQL cannot find invalid UTF-8: reading the value does.
    pub(crate) fn invalid_value_condition(&self) -> Option<String> {
        let column = quoted(&self.column);
        if self.mapping.id_format.is_some() {
            return Some(format!("typeof({column}) NOT IN ('null', 'integer', 'text', 'blob')"));
        }
        // Infinity times zero is NaN, which SQLite turns into NULL; a comparison takes longer. A
        // column that stores numbers as text needs no check.
        let infinite = format!("({column} * 0 IS NULL AND typeof({column}) = 'real')");
        let kind = &self.mapping.kind;
        if self.numbers == Numbers::ZeroAndOne {
            None
        } else if *kind == Type::Boolean {
            // For NULL the condition is NULL, so it passes.
            let other = format!("{column} NOT IN (0, 1)");
            Some(match self.numbers {
                // Such a column stores 1.0 as 1.
                Numbers::Integers | Numbers::WholeAsIntegers => other,
                _ => format!("{other} OR typeof({column}) NOT IN ('integer', 'null')"),
            })
        } else if self.numbers == Numbers::Integers {
            None
        } else if kind.is_json() {
            Some(format!(
                "(typeof({column}) = 'blob' OR (typeof({column}) = 'text' AND NOT {IS_JSON}({column})) OR {infinite})"
            ))
        } else {
            (self.numbers != Numbers::AsText).then_some(infinite)
        }
    }
}

/// Appends the canonical JSON object of a row's fields, whose columns begin at `first`. An error comes with the
/// field that cannot be mapped.
pub(crate) fn write_object<'f>(
    out: &mut BytesMut,
    fields: &'f [MappedField],
    row: &Row<'_>,
    first: usize,
) -> Result<(), (&'f MappedField, ValueError)> {
    out.put_u8(b'{');
    for (field, value) in fields.iter().zip(values(fields, row, first)) {
        if field.leaves_out(value) {
            continue;
        }
        field.write_key(out);
        field.mapping.write(out, &value).map_err(|error| (field, error))?;
    }
    out.put_u8(b'}');
    Ok(())
}

/// The values of a row's fields, whose columns begin at `first`.
pub(super) fn values<'r>(
    fields: &[MappedField],
    row: &'r Row<'_>,
    first: usize,
) -> impl Iterator<Item = ValueRef<'r>> {
    (first..first + fields.len()).map(|column| row.get_ref(column).expect("the SELECT lists every field"))
}

/// Whether the values of a row, whose columns begin at `first`, take at most `max` bytes as JSON.
pub(crate) fn size_within(fields: &[MappedField], row: &Row<'_>, first: usize, max: u64) -> RowSize {
    let sizes = fields.iter().zip(values(fields, row, first));
    let bytes = sizes.map(|(field, value)| least_size(&field.mapping.kind, value)).sum();
    if bytes > max { RowSize::TooLarge { bytes } } else { RowSize::Fits }
}

/// `, "a", "b"` for a SELECT that already has a first column.
pub(crate) fn select_list(fields: &[MappedField]) -> String {
    fields.iter().map(|field| format!(", {}", quoted(&field.column))).collect()
}
