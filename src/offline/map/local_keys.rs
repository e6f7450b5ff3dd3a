//! From an id back to the key: the SQL condition that holds for its row, and the values with which
//! a new row is inserted (contract 1.2). The way from a row to its id is in [`super::keys`].
//!
//! Different values make the same text, and so the same id: 12, '12' and x'12'. A row is found by
//! any of them. A new row, or a field that refers to one, gets the kind of value that the column
//! holds already.

use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;

use crate::offline::map::keys::{Key, KeyColumn};
use crate::offline::sql::{Affinity, Column, quoted};
use crate::schema::IdFormat;

/// How many rows are read to tell which kinds of values a column holds.
const SAMPLE: u32 = 1000;

/// The number of parameters for a column of a key with a template: an integer, text, and a BLOB.
const KINDS: usize = 3;

/// A column that keys are written into.
#[derive(Debug, Clone)]
pub(crate) struct WrittenColumn {
    /// Whether it is the row id: it holds nothing but integers.
    is_row_id: bool,
    affinity: Affinity,
    /// Whether BLOBs come first where nothing is held yet.
    is_declared_for_blobs: bool,
    held: Held,
}

/// The kinds of values that a column holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    integers: bool,
    text: bool,
    blobs: bool,
}

/// A field that holds the key of another record.
#[derive(Debug, Clone)]
pub(crate) struct WrittenReference {
    format: IdFormat,
    column: WrittenColumn,
}

impl Key {
    /// The number of parameters of [`Key::condition`].
    pub(crate) fn parameter_count(&self) -> usize {
        if self.format.is_some() { self.columns.len() * KINDS + 1 } else { 1 }
    }

    /// The parameters of [`Key::condition`] for an id; `None` when the template does not make it.
    pub(crate) fn parameters(&self, id: &str) -> Option<Vec<SqlValue>> {
        let whole = SqlValue::Text(id.to_owned());
        let Some(format) = &self.format else { return Some(vec![whole]) };
        let mut values = Vec::with_capacity(self.parameter_count());
        for text in format.keys(id)? {
            values.push(integer(&text).map_or(SqlValue::Null, SqlValue::Integer));
            values.push(blob(&text).map_or(SqlValue::Null, SqlValue::Blob));
            values.push(SqlValue::Text(text));
        }
        values.push(whole);
        Some(values)
    }

    /// An SQL condition that holds for the row of an id, whose parameters come after the first
    /// `offset` ones.
    pub(crate) fn condition(&self, offset: usize) -> String {
        if self.format.is_none() {
            return format!("{} COLLATE BINARY = ?{}", quoted(self.first_column()), offset + 1);
        }
        let mut next = offset;
        let mut parameter = || {
            next += 1;
            format!("?{next}")
        };
        let mut conditions = Vec::with_capacity(self.columns.len() + 1);
        for column in &self.columns {
            let values: [String; KINDS] = std::array::from_fn(|_| parameter());
            conditions.push(format!("{} COLLATE BINARY IN ({})", quoted(&column.name), values.join(", ")));
        }
        // A numeric column converts the text '007' to 7, whose id is another one.
        conditions.push(format!("{} = {}", self.expression(""), parameter()));
        conditions.join(" AND ")
    }

    /// The columns as they are written to.
    pub(crate) fn written_columns(&self, connection: &Connection) -> rusqlite::Result<Vec<WrittenColumn>> {
        let columns = self.columns.iter();
        columns.map(|column| WrittenColumn::of_key(connection, &self.table, column)).collect()
    }

    /// The values of its columns for a new row with this id; `None` when no row can have this id.
    pub(crate) fn values(&self, columns: &[WrittenColumn], id: &str) -> Option<Vec<SqlValue>> {
        let Some(format) = &self.format else { return Some(vec![SqlValue::Text(id.to_owned())]) };
        format.keys(id)?.into_iter().zip(columns).map(|(text, column)| column.value(text)).collect()
    }
}

impl WrittenReference {
    /// A field in the `column` of a table. `target` is the key that it refers to, where that table
    /// is in the database.
    pub(crate) fn find(
        connection: &Connection,
        table: &str,
        column: &Column,
        format: &IdFormat,
        target: Option<&Key>,
    ) -> rusqlite::Result<Self> {
        let mut written = WrittenColumn {
            is_row_id: false,
            // STRICT makes a difference for ANY alone, which converts nothing there.
            affinity: column.affinity(true),
            is_declared_for_blobs: column.is_declared_for_blobs(),
            held: Held::in_column(connection, table, &column.name)?,
        };
        if let Some(target) = target {
            let target = WrittenColumn::of_key(connection, &target.table, &target.columns[0])?;
            written.is_declared_for_blobs |= target.is_declared_for_blobs;
            if written.held == Held::default() {
                written.held = target.held;
            }
        }
        Ok(Self { format: format.clone(), column: written })
    }

    /// The value for an id; `None` when the template does not make it.
    pub(crate) fn value(&self, id: &str) -> Option<SqlValue> {
        self.column.value(self.format.keys(id)?.pop()?)
    }
}

impl WrittenColumn {
    fn of_key(connection: &Connection, table: &str, column: &KeyColumn) -> rusqlite::Result<Self> {
        let &KeyColumn { is_row_id, affinity, is_declared_for_blobs, .. } = column;
        let held = if is_row_id {
            Held { integers: true, ..Held::default() }
        } else {
            Held::in_column(connection, table, &column.name)?
        };
        Ok(Self { is_row_id, affinity, is_declared_for_blobs, held })
    }

    /// The value that makes this text: of a kind that the column holds, where there is one. `None`
    /// when the column would convert each to a value that makes another text.
    fn value(&self, text: String) -> Option<SqlValue> {
        let is_numeric = matches!(self.affinity, Affinity::Numeric | Affinity::Real);
        let integers = matches!(self.affinity, Affinity::Numeric | Affinity::Blob);
        let integer = integer(&text).filter(|_| integers).map(SqlValue::Integer);
        if self.is_row_id {
            return integer;
        }
        let blob = blob(&text).map(SqlValue::Blob);
        let text = (!is_numeric || !looks_like_a_number(&text)).then_some(SqlValue::Text(text));
        let Held { integers, text: texts, blobs } = self.held;
        let mut kinds = vec![(integers, integer), (texts, text), (blobs, blob)];
        if self.is_declared_for_blobs {
            kinds.rotate_right(1);
        }
        let mut possible: Vec<_> =
            kinds.into_iter().filter_map(|(is_held, value)| Some((is_held, value?))).collect();
        let place = possible.iter().position(|(is_held, _)| *is_held).unwrap_or(0);
        (!possible.is_empty()).then(|| possible.swap_remove(place).1)
    }
}

impl Held {
    /// The kinds of values in the first rows of a table.
    fn in_column(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<Self> {
        let (table, column) = (quoted(table), quoted(column));
        let sql = format!("SELECT DISTINCT typeof({column}) FROM (SELECT {column} FROM {table} LIMIT {SAMPLE})");
        let mut held = Self::default();
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match row.get_ref(0)?.as_str() {
                Ok("integer") => held.integers = true,
                Ok("text") => held.text = true,
                Ok("blob") => held.blobs = true,
                _ => {}
            }
        }
        Ok(held)
    }
}

/// The integer that is written as this text; "007" is none.
fn integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

/// The bytes whose lower-case hexadecimal form is this text.
fn blob(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some(digit(high)? * 16 + digit(low)?)).collect()
}

/// Whether a column with a numeric affinity may convert the text to a number.
fn looks_like_a_number(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') && text.parse::<f64>().is_ok()
}
