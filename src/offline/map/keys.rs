//! Keys of records and join rows, and the ids that they make with an `idFormat`: the id of a row that
//! is read, and the SQL that checks and orders ids. A single column of a key is in
//! [`super::key_column`]; the way from an id to a row is in [`super::local_keys`] and
//! [`super::written_keys`].

use std::borrow::Cow;
use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::offline::map::key_column::{KeyColumn, ROW_ID, TableKind};
use crate::offline::map::value::{ValueError, utf8, write_key_text};
use crate::offline::row_location::sql_literal;
use crate::offline::sql::{Affinity, Table, literal, quoted};
use crate::schema::IdFormat;

/// The columns whose values are an id.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The table's name.
    pub(super) table: String,
    /// At least one; exactly one without a template.
    pub(super) columns: Vec<KeyColumn>,
    pub(super) format: Option<IdFormat>,
    /// Whether the key is the row id of a table without an INTEGER PRIMARY KEY: VACUUM may change it.
    is_bare_row_id: bool,
}

/// The result of looking for the columns of a key.
#[derive(Debug)]
pub(crate) enum FoundKey<'c> {
    /// All columns exist.
    Key(Key),
    /// The table has no column of this name.
    MissingColumn(&'c str),
}

impl<'c> FoundKey<'c> {
    /// The key; `None` when a column is missing.
    pub(crate) fn key(self) -> Option<Key> {
        match self {
            Self::Key(key) => Some(key),
            Self::MissingColumn(_) => None,
        }
    }

    /// The key, or the error that `missing` makes of the name of a missing column.
    pub(crate) fn or_missing<E>(self, missing: impl FnOnce(&'c str) -> E) -> Result<Key, E> {
        match self {
            Self::Key(key) => Ok(key),
            Self::MissingColumn(column) => Err(missing(column)),
        }
    }
}

impl Key {
    /// Finds the columns of a key in its table.
    pub(crate) fn find<'c>(
        connection: &Connection,
        table_name: &str,
        table: &Table,
        columns: &'c [String],
        format: Option<&IdFormat>,
    ) -> rusqlite::Result<FoundKey<'c>> {
        let whole = |columns, is_bare_row_id| Self {
            table: table_name.to_owned(),
            columns,
            format: format.cloned(),
            is_bare_row_id,
        };
        if let ([name], None) = (columns, format)
            && let Some(column) = table.column(name)
        {
            let column = KeyColumn::text_id(&column.name);
            return Ok(FoundKey::Key(whole(vec![column], false)));
        }
        let kind = TableKind::of(connection, table_name)?;
        let (mut found, mut is_bare_row_id) = (Vec::with_capacity(columns.len()), false);
        for name in columns {
            let column = match table.column(name) {
                Some(column) => column,
                None if kind.has_row_id && name.eq_ignore_ascii_case(ROW_ID) => {
                    is_bare_row_id = !kind.has_row_id_column(table);
                    found.push(KeyColumn::row_id(name));
                    continue;
                }
                None => return Ok(FoundKey::MissingColumn(name)),
            };
            found.push(KeyColumn::find(connection, table_name, table, &kind, column)?);
        }
        Ok(FoundKey::Key(whole(found, is_bare_row_id)))
    }

    /// The same key for a table that rows are written to. A column that holds no BLOB yet can get one
    /// then, whose id must be found.
    pub(crate) fn written(mut self) -> Self {
        for column in &mut self.columns {
            column.may_hold_blobs = self.format.is_some() && !column.is_row_id;
        }
        self
    }

    /// The number of columns.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The first column's name.
    pub(crate) fn first_column(&self) -> &str {
        &self.columns[0].name
    }

    /// The column whose text is the id; `None` with a template.
    pub(crate) fn text_column(&self) -> Option<&str> {
        self.format.is_none().then(|| self.first_column())
    }

    /// A warning for the user about ids that may change.
    pub(crate) fn warning(&self) -> Option<String> {
        self.is_bare_row_id.then(|| {
            format!(
                "the ids of table {} are made from its row ids, which VACUUM may renumber: give it an INTEGER \
                 PRIMARY KEY, or do not VACUUM it",
                quoted(&self.table)
            )
        })
    }

    /// The columns' names.
    pub(crate) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| &*column.name)
    }

    /// Whether the row id is one of its columns.
    pub(crate) fn is_row_id(&self) -> bool {
        self.columns.iter().any(|column| column.is_row_id)
    }

    /// Whether different keys make different ids. 1, '1' and x'31' do not, in a column that does
    /// not convert one to the other.
    pub(crate) fn makes_different_ids(&self) -> bool {
        self.format.is_none() || self.columns.iter().all(KeyColumn::has_one_value_for_a_text)
    }

    /// Whether one of its columns is this one: then the id decides its value.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// SQL conditions that hold for rows from whose keys the template makes no id.
    pub(crate) fn invalid_conditions(&self) -> Vec<String> {
        let Some(format) = &self.format else { return vec![invalid_key_condition(self.first_column())] };
        let checked = self.columns.iter().filter(|column| !column.is_row_id);
        let conditions = checked.map(|column| {
            let name = quoted(&column.name);
            let is_empty = if format.can_be_empty() {
                format!(" OR {name} COLLATE BINARY IN ('', x'')")
            } else {
                String::new()
            };
            format!("(typeof({name}) NOT IN ('integer', 'text', 'blob'){is_empty})")
        });
        conditions.collect()
    }

    /// The columns for a SELECT from a table with this alias, such as `t.`.
    pub(crate) fn select_list(&self, alias: &str) -> String {
        let columns = self.columns.iter().map(|column| format!("{alias}{}", quoted(&column.name)));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The SQL expression to sort by, so that ids come in byte order: with a template "10" goes
    /// before "9", as the ids do.
    pub(crate) fn order(&self, alias: &str, byte_order: &str) -> String {
        format!("{} COLLATE {byte_order}", self.expression(alias))
    }

    /// The id as an SQL expression.
    pub(crate) fn expression(&self, alias: &str) -> String {
        let Some(format) = &self.format else { return format!("{alias}{}", quoted(self.first_column())) };
        let mut expression = format!("({}", literal(format.text(0)));
        for (place, column) in self.columns.iter().enumerate() {
            let mut text = column.text(alias);
            for (character, encoded) in format.encodings() {
                text = format!("replace({text}, {}, {})", literal(&character.to_string()), literal(&encoded));
            }
            let after = literal(format.text(place + 1));
            // Writing to a string cannot fail.
            let _ = write!(expression, " || {text} || {after}");
        }
        expression + ")"
    }

    /// SQL expressions for the keys from which the template makes the same id as from `value`, which is an
    /// SQL expression as well. `affinity` is that of the value; `None` for one that has none.
    pub(crate) fn keys_with_same_id(&self, value: &str, affinity: Option<Affinity>) -> Vec<String> {
        let column = &self.columns[0];
        // SQLite compares 1 and '1' as equal itself where both columns convert one to the other.
        let is_same = affinity == Some(column.affinity) && column.has_one_value_for_a_text();
        if self.format.is_none() || column.is_row_id || is_same {
            return vec![value.to_owned()];
        }
        let integer = format!("CAST({value} AS INTEGER)");
        vec![
            value.to_owned(),
            format!("CASE typeof({value}) WHEN 'blob' THEN lower(hex({value})) ELSE {value} || '' END"),
            format!("CASE WHEN ({integer} || '') COLLATE BINARY = {value} THEN {integer} END"),
            format!("unhex({value})"),
        ]
    }

    /// The names of its columns and their values in a row that begins with them.
    pub(crate) fn columns_in<'a>(&'a self, row: &'a Row<'_>) -> Vec<(&'a str, ValueRef<'a>)> {
        let value = |place| row.get_ref(place).expect("the SELECT lists every column");
        self.columns.iter().enumerate().map(|(place, column)| (&*column.name, value(place))).collect()
    }

    /// The names of its columns and the texts from which the template makes this id.
    pub(crate) fn columns_of(&self, id: &str) -> Vec<(&str, String)> {
        let texts = match &self.format {
            None => vec![id.to_owned()],
            // An id that the template does not make has no columns to show.
            Some(format) => format.keys(id).unwrap_or_default(),
        };
        self.columns.iter().map(|column| &*column.name).zip(texts).collect()
    }

    /// Writes the id of a row whose key columns begin at `first`.
    #[inline]
    pub(crate) fn write_id(&self, row: &Row<'_>, first: usize, id: &mut String) -> Result<(), KeyError> {
        self.write_id_of(|place| row.get_ref(first + place).expect("the SELECT lists every column"), id)
    }

    /// The id that the values of its columns make, each given by its place in the key.
    pub(crate) fn id_of<'v>(&self, value: impl Fn(usize) -> ValueRef<'v>) -> Result<Cow<'v, str>, KeyError> {
        if self.format.is_none() {
            return text_id(value(0)).map(Cow::Borrowed);
        }
        // Long enough for most ids.
        let mut id = String::with_capacity(32);
        self.write_id_of(value, &mut id)?;
        Ok(Cow::Owned(id))
    }

    fn write_id_of<'v>(
        &self,
        value: impl Fn(usize) -> ValueRef<'v>,
        id: &mut String,
    ) -> Result<(), KeyError> {
        id.clear();
        let Some(format) = &self.format else {
            id.push_str(text_id(value(0))?);
            return Ok(());
        };
        for (place, column) in self.columns.iter().enumerate() {
            let mut written = Ok(());
            format.write_key(id, place, |id| written = write_key_text(id, value(place)));
            match written {
                Ok(()) => {}
                Err(ValueError::NotUtf8) => return Err(KeyError::NotUtf8),
                Err(_) => return Err(self.not_key(column, value)),
            }
        }
        id.push_str(format.text(self.columns.len()));
        if id.is_empty() { Err(KeyError::Empty) } else { Ok(()) }
    }

    /// The error of a row with a value in this column that is no key.
    fn not_key<'v>(&self, bad: &KeyColumn, value: impl Fn(usize) -> ValueRef<'v>) -> KeyError {
        let (mut bad_value, mut others) = (String::new(), Vec::new());
        for (place, column) in self.columns.iter().enumerate() {
            let shown = sql_literal(value(place));
            if column.name == bad.name {
                bad_value = shown;
            } else {
                others.push(format!("{} is {shown}", quoted(&column.name)));
            }
        }
        let others =
            if others.is_empty() { String::new() } else { format!(" where {}", others.join(" and ")) };
        let (column, table) = (quoted(&bad.name), quoted(&self.table));
        KeyError::NotKey { column, table, value: bad_value, others }
    }
}

/// Why a row has no id. The message is the rest of a sentence that begins with "record id" or
/// "join row from/to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("must be a string")]
    NotText,
    #[error("must be valid UTF-8")]
    NotUtf8,
    #[error("must not be empty")]
    Empty,
    #[error(
        "must be made of integers, text or BLOBs: column {column} of table {table} holds {value}{others}"
    )]
    NotKey { column: String, table: String, value: String, others: String },
}

/// The id in a column without a template.
#[inline]
pub(crate) fn text_id(value: ValueRef<'_>) -> Result<&str, KeyError> {
    match value {
        ValueRef::Text(b"") => Err(KeyError::Empty),
        ValueRef::Text(text) => utf8(text).map_err(|_| KeyError::NotUtf8),
        _ => Err(KeyError::NotText),
    }
}

/// An SQL condition that holds for values of a column that cannot be ids without a template: an id is
/// text that is not empty.
pub(crate) fn invalid_key_condition(column: &str) -> String {
    let column = quoted(column);
    // SQLite orders text after numbers and before BLOBs: this is cheaper than typeof().
    format!("({column} COLLATE BINARY > '' AND {column} < x'') IS NOT 1")
}
