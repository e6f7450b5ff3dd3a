//! The key of a table, from which the ids are made (contract 1.1): the primary key, else the columns of
//! a unique index, else the row id. Whether a column holds such a key of another table is decided in
//! [`super::reference`].

use super::kind::{is_declared_real, is_declared_text};
use crate::schema::table_facts::{ColumnFacts, Lookup, TableFacts};

/// The key of a table.
pub(super) struct Key<'t> {
    /// Its columns; none where it is the row id.
    pub(super) columns: Vec<&'t ColumnFacts>,
    pub(super) source: Source,
    /// Whether the ids are made by a template; otherwise the one column's text is the id.
    pub(super) has_template: bool,
    /// Why the primary key is not the key, where the table has one.
    pub(super) why_not_primary: Option<String>,
}

/// Where a key comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    PrimaryKey,
    /// A column `id` of a table without a primary key.
    IdColumn,
    UniqueIndex,
    RowId,
}

impl Key<'_> {
    /// The one column of the key; `None` for a key of several columns, and for the row id.
    pub(super) fn single(&self) -> Option<&ColumnFacts> {
        match self.columns.as_slice() {
            [column] => Some(column),
            _ => None,
        }
    }
}

/// The result of looking for the key of a table.
pub(super) enum Choice<'t> {
    /// The table has a key.
    Key(Key<'t>),
    /// No columns can be the key.
    None {
        /// Why not, as a clause for a note.
        why: String,
    },
}

/// Finds the key of a table: the first of the possible keys without a flaw.
pub(super) fn key<'t, L: Lookup>(table: &'t TableFacts, lookup: &L) -> Result<Choice<'t>, L::Error> {
    let mut why_not = None;
    for (columns, source) in candidates(table) {
        match flaw(table, &columns, source, lookup)? {
            None => {
                let has_template = !is_text(&columns);
                return Ok(Choice::Key(Key { columns, source, has_template, why_not_primary: why_not }));
            }
            Some(flaw) if source == Source::PrimaryKey => why_not = Some(flaw),
            Some(_) => {}
        }
    }
    let has_rowid = table.has_rowid && !has_column(table, "rowid");
    if has_rowid {
        let (columns, source) = (Vec::new(), Source::RowId);
        return Ok(Choice::Key(Key { columns, source, has_template: true, why_not_primary: why_not }));
    }
    let why = why_not.unwrap_or_else(|| "it has no key, and its column `rowid` hides the row ids".to_owned());
    Ok(Choice::None { why })
}

/// Whether the table has a column of that name, generated ones included.
fn has_column(table: &TableFacts, name: &str) -> bool {
    table.column(name).is_some() || table.generated.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// The columns that could be the key, the best first.
fn candidates(table: &TableFacts) -> Vec<(Vec<&ColumnFacts>, Source)> {
    let mut found = Vec::new();
    let primary = table.primary_key();
    if primary.is_empty() {
        found.extend(table.column("id").map(|id| (vec![id], Source::IdColumn)));
    } else {
        found.push((primary, Source::PrimaryKey));
    }
    let mut unique: Vec<Vec<&ColumnFacts>> = table
        .unique
        .iter()
        .filter_map(|names| names.iter().map(|name| table.column(name)).collect())
        .collect();
    unique.sort_by_cached_key(|columns| (columns.iter().any(|column| !column.is_not_null), columns.len()));
    found.extend(unique.into_iter().map(|columns| (columns, Source::UniqueIndex)));
    found
}

/// Why columns cannot be the key; `None` when they can.
fn flaw<L: Lookup>(
    table: &TableFacts,
    columns: &[&ColumnFacts],
    source: Source,
    lookup: &L,
) -> Result<Option<String>, L::Error> {
    for column in columns {
        let name = &column.name;
        let flaw = match () {
            () if name.is_empty() => "has no name",
            () if column.has_null => "holds NULL",
            () if column.has_real => "holds floating-point numbers",
            () if column.has_invalid_text => "holds text that is not UTF-8",
            () if table.rows == 0 && is_declared_real(column) => "is declared for floating-point numbers",
            () => continue,
        };
        return Ok(Some(format!("`{name}` of its key {flaw}")));
    }
    // Where each column holds one kind of value, different keys make different ids.
    let is_mixed = |column: &&ColumnFacts| {
        [column.has_integer, column.has_text, column.has_blob].iter().filter(|has| **has).count() > 1
    };
    if table.rows > 0 && (source == Source::IdColumn || columns.iter().any(is_mixed)) {
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        if lookup.has_equal_ids(&table.name, &names)? {
            return Ok(Some(format!("two rows have the same `{}`", names.join("` and `"))));
        }
    }
    Ok(None)
}

/// Whether a key is one column of text, whose values can be ids without a template.
fn is_text(columns: &[&ColumnFacts]) -> bool {
    let [column] = columns else { return false };
    if column.has_text || column.has_integer || column.has_blob {
        return !column.has_integer && !column.has_blob && !column.has_empty_text;
    }
    // An empty table has no values, so its declaration decides.
    is_declared_text(column)
}
