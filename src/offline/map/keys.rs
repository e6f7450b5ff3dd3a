//! The columns of a key, and the id that they make with an `idFormat`, for records and join rows
//! alike: the id of a row that is read, and the SQL that checks and orders ids. The way back is in
//! [`super::local_keys`] and [`super::written_keys`].

use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::offline::map::value::{ValueError, utf8, write_key_text};
use crate::offline::row_location::sql_literal;
use crate::offline::sql::{Affinity, Table, literal, quoted};
use crate::schema::IdFormat;

/// SQLite's row id, in a table that has no column of that name.
pub(crate) const ROW_ID: &str = "rowid";

/// The columns whose values are an id.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The table's name.
    pub(super) table: String,
    /// At least one; exactly one without a template.
    pub(super) columns: Vec<KeyColumn>,
    pub(super) format: Option<IdFormat>,
    /// Whether the key is the row id of a table that has no key of its own.
    is_bare_row_id: bool,
}

/// A column of a key.
#[derive(Debug, Clone)]
pub(crate) struct KeyColumn {
    pub(super) name: String,
    /// Whether it is the row id, by whatever name: it holds nothing but integers.
    pub(super) is_row_id: bool,
    pub(super) affinity: Affinity,
    /// Whether its declared type says that BLOBs are stored.
    pub(super) is_declared_for_blobs: bool,
    may_hold_blobs: bool,
}

/// What SQLite says about a table, beside its columns.
struct TableKind {
    has_row_id: bool,
    is_strict: bool,
    /// Whether the primary key has an index: the row id has none.
    has_key_index: bool,
    /// The number of columns of the primary key.
    key_columns: u32,
}

impl Key {
    /// Finds the columns of a key in its table. The inner error is the name of a column that is
    /// missing.
    pub(crate) fn find<'c>(
        connection: &Connection,
        table_name: &str,
        table: &Table,
        columns: &'c [String],
        format: Option<&IdFormat>,
    ) -> rusqlite::Result<Result<Self, &'c str>> {
        let whole = |columns, is_bare_row_id| Self {
            table: table_name.to_owned(),
            columns,
            format: format.cloned(),
            is_bare_row_id,
        };
        if let ([name], None) = (columns, format)
            && let Some(column) = table.column(name)
        {
            return Ok(Ok(whole(vec![KeyColumn::text_id(&column.name)], false)));
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
                None => return Ok(Err(name)),
            };
            let mut key = KeyColumn {
                name: column.name.clone(),
                is_row_id: column.key_place > 0 && column.is_integer() && kind.has_row_id_column(table),
                affinity: column.affinity(kind.is_strict),
                is_declared_for_blobs: column.is_declared_for_blobs(),
                may_hold_blobs: !column.excludes_blobs(kind.is_strict),
            };
            key.may_hold_blobs =
                key.may_hold_blobs && !key.is_row_id && may_hold_blobs(connection, table_name, &key.name)?;
            found.push(key);
        }
        Ok(Ok(whole(found, is_bare_row_id)))
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

    /// SQL conditions that hold for rows of which the template makes no id.
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

    /// SQL expressions for the keys of which the template makes the same id as of this value: an
    /// SQL expression, too. `affinity` is that of the value; `None` for one that has none.
    pub(crate) fn alike(&self, value: &str, affinity: Option<Affinity>) -> Vec<String> {
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

    /// The names of its columns and the texts of which the template makes this id.
    pub(crate) fn columns_of(&self, id: &str) -> Vec<(&str, String)> {
        let texts = match &self.format {
            None => vec![id.to_owned()],
            Some(format) => format.keys(id).unwrap_or_default(),
        };
        self.columns.iter().map(|column| &*column.name).zip(texts).collect()
    }

    /// Writes the id of a row whose key columns begin at `first`.
    pub(crate) fn write_id(&self, row: &Row<'_>, first: usize, id: &mut String) -> Result<(), KeyError> {
        id.clear();
        let value = |place: usize| row.get_ref(first + place).expect("the SELECT lists every column");
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
                Err(_) => return Err(self.not_key(column, row, first)),
            }
        }
        id.push_str(format.text(self.columns.len()));
        if id.is_empty() { Err(KeyError::Empty) } else { Ok(()) }
    }

    /// The error of a row with a value in this column that is no key.
    fn not_key(&self, bad: &KeyColumn, row: &Row<'_>, first: usize) -> KeyError {
        let (mut value, mut others) = (String::new(), Vec::new());
        for (place, column) in self.columns.iter().enumerate() {
            let shown = sql_literal(row.get_ref(first + place).expect("the SELECT lists every column"));
            if column.name == bad.name {
                value = shown;
            } else {
                others.push(format!("{} is {shown}", quoted(&column.name)));
            }
        }
        let others =
            if others.is_empty() { String::new() } else { format!(" where {}", others.join(" and ")) };
        KeyError::NotKey { column: quoted(&bad.name), table: quoted(&self.table), value, others }
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

impl KeyColumn {
    fn row_id(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_row_id: true,
            affinity: Affinity::Numeric,
            is_declared_for_blobs: false,
            may_hold_blobs: false,
        }
    }

    /// A column whose text is the id.
    fn text_id(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_row_id: false,
            affinity: Affinity::Text,
            is_declared_for_blobs: false,
            may_hold_blobs: false,
        }
    }

    /// Whether it holds no two values of which the template makes the same id.
    fn has_one_value_for_a_text(&self) -> bool {
        let converts = matches!(self.affinity, Affinity::Numeric | Affinity::Text);
        self.is_row_id || (converts && !self.may_hold_blobs)
    }

    /// The SQL expression for the text of which the template makes an id.
    fn text(&self, alias: &str) -> String {
        let name = format!("{alias}{}", quoted(&self.name));
        if self.may_hold_blobs {
            format!("CASE typeof({name}) WHEN 'blob' THEN lower(hex({name})) ELSE {name} END")
        } else {
            name
        }
    }
}

impl TableKind {
    fn of(connection: &Connection, table: &str) -> rusqlite::Result<Self> {
        let sql = "SELECT type = 'table' AND NOT wr, strict,
                       EXISTS (SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk'),
                       (SELECT count(*) FROM pragma_table_xinfo(?1) WHERE pk > 0)
                   FROM pragma_table_list(?1) WHERE schema = 'main'";
        let kind = connection.prepare_cached(sql)?.query_row([table], |row| {
            Ok(Self {
                has_row_id: row.get(0)?,
                is_strict: row.get(1)?,
                has_key_index: row.get(2)?,
                key_columns: row.get(3)?,
            })
        });
        let none = || Self { has_row_id: false, is_strict: false, has_key_index: false, key_columns: 0 };
        Ok(kind.optional()?.unwrap_or_else(none))
    }

    /// Whether a column is the row id, which VACUUM keeps then: the only column of the primary key,
    /// declared as INTEGER (<https://www.sqlite.org/lang_createtable.html#rowid>).
    fn has_row_id_column(&self, table: &Table) -> bool {
        let is_key_integer =
            || table.columns.iter().any(|column| column.key_place > 0 && column.is_integer());
        self.has_row_id && self.key_columns == 1 && !self.has_key_index && is_key_integer()
    }
}

/// Whether a column holds a BLOB. Where no index tells, it may: then each row is looked at as it
/// is read.
fn may_hold_blobs(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    let (table, column) = (quoted(table), quoted(column));
    // BLOBs are ordered after all other values, whatever the collation of an index is, even if it is
    // one of the application for which this connection has a stand-in.
    let sql = format!("SELECT 1 FROM {table} WHERE {column} >= x''");
    let step: Option<String> = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?
        .query_row([], |row| row.get("detail"))
        .optional()?;
    let is_search = step.is_some_and(|step| step.starts_with("SEARCH"));
    if is_search { connection.prepare(&sql)?.exists([]) } else { Ok(true) }
}
