//! The values with which a key is stored: in the columns of a new row, or in a field that refers to
//! one (contract 1.2). Finding a row by its id is in [`super::local_keys`].
//!
//! Different values make the same id: 12, '12' and x'12'. A key gets the kind of value that its
//! column holds already.

use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;

use crate::offline::map::key_column::KeyColumn;
use crate::offline::map::keys::Key;
use crate::offline::map::local_keys::{blob, integer};
use crate::offline::sql::{Affinity, Column, quoted};
use crate::schema::IdFormat;

/// Number of rows that are sampled to find which kinds of values a column holds.
const SAMPLE: u32 = 1000;

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
    /// The columns as they are written to.
    pub(crate) fn written_columns(&self, connection: &Connection) -> rusqlite::Result<Vec<WrittenColumn>> {
        let columns = self.columns.iter();
        columns.map(|column| WrittenColumn::of_key(connection, &self.table, column)).collect()
    }

    /// The values of its columns for a new row with this id; `None` when no row can have this id.
    pub(crate) fn values(&self, columns: &[WrittenColumn], id: &str) -> Option<Vec<SqlValue>> {
        let choices = self.choices(columns, id)?.into_iter();
        choices.map(|(_, choices)| choices.into_iter().next()).collect()
    }

    /// The name of each of its columns, and the values that it can have in a new row with this id,
    /// the likeliest first; `None` when the template does not make the id.
    pub(crate) fn choices(&self, columns: &[WrittenColumn], id: &str) -> Option<Vec<(&str, Vec<SqlValue>)>> {
        let names = self.column_names();
        let Some(format) = &self.format else {
            return Some(names.map(|name| (name, vec![SqlValue::Text(id.to_owned())])).collect());
        };
        let values = format.keys(id)?.into_iter().zip(columns).map(|(text, column)| column.values(text));
        Some(names.zip(values).collect())
    }
}

impl WrittenReference {
    /// A field in the `column` of a table. `target` is the key that it refers to, where that table
    /// is in the database, and a connection that can read that table.
    pub(crate) fn find(
        connection: &Connection,
        table: &str,
        column: &Column,
        format: &IdFormat,
        target: Option<(&Connection, &Key)>,
    ) -> rusqlite::Result<Self> {
        let mut written = WrittenColumn {
            is_row_id: false,
            // STRICT makes a difference for ANY alone, which converts nothing there.
            affinity: column.affinity(true),
            is_declared_for_blobs: column.is_declared_for_blobs(),
            held: Held::in_column(connection, table, &column.name)?,
        };
        if let Some((connection, target)) = target {
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

    /// The likeliest of the values that make this text.
    fn value(&self, text: String) -> Option<SqlValue> {
        self.values(text).into_iter().next()
    }

    /// The values that make this text: first one of a kind that the column holds, where there is
    /// one. Empty when the column would convert each to a value that makes another text.
    fn values(&self, text: String) -> Vec<SqlValue> {
        let is_numeric = matches!(self.affinity, Affinity::Numeric | Affinity::Real);
        let integers = matches!(self.affinity, Affinity::Numeric | Affinity::Blob);
        let integer = integer(&text).filter(|_| integers).map(SqlValue::Integer);
        if self.is_row_id {
            return integer.into_iter().collect();
        }
        let blob = blob(&text).map(SqlValue::Blob);
        let text = (!is_numeric || !looks_like_a_number(&text)).then_some(SqlValue::Text(text));
        let Held { integers, text: texts, blobs } = self.held;
        let mut kinds = vec![(integers, integer), (texts, text), (blobs, blob)];
        if self.is_declared_for_blobs {
            kinds.rotate_right(1);
        }
        let possible = kinds.into_iter().filter_map(|(is_held, value)| Some((is_held, value?)));
        let (held, others): (Vec<_>, Vec<_>) = possible.partition(|(is_held, _)| *is_held);
        held.into_iter().chain(others).map(|(_, value)| value).collect()
    }
}

impl Held {
    /// The kinds of values in the first rows of a table.
    fn in_column(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<Self> {
        let (table, column) = (quoted(table), quoted(column));
        // Without another name, a column `true` would get one from SQLite.
        let sql = format!(
            "SELECT DISTINCT typeof(held) FROM (SELECT {column} AS held FROM {table} LIMIT {SAMPLE})"
        );
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

/// Whether a column with a numeric affinity may convert the text to a number.
fn looks_like_a_number(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::offline::map::local_keys::tests::{found, ids, key, table};

    proptest! {
        /// Whatever the column converts the value to, the new row has the pulled id.
        #[test]
        fn a_new_row_has_exactly_the_id_that_it_is_inserted_with(
            column in prop::sample::select(vec![
                "k INTEGER PRIMARY KEY", "k INT", "k TEXT", "k", "k BLOB", "k REAL", "k NUMERIC", "k UUID",
                "k DECIMAL(10,5)", "k ANY", "k BINARY(16)",
            ]),
            held in prop::sample::select(vec!["", "1000001", "'zzzzzz'", "x'00112233'"]),
            text in "[ +-]?[0-9.]{0,5}(e[+-]?[0-9])?|0x[0-9a-f]{2}|[0-9a-f]{0,6}|[a-z:%]{0,3}|inf|nan|\\t7|9{17,22}",
        ) {
            let rows = if held.is_empty() || column.contains("KEY") { Vec::new() } else { vec![held] };
            let connection = table(column, "", &rows);
            let key = key(&connection, &["k"], "t:{}");
            let id = format!("t:{text}");
            if let Some(values) = key.values(&key.written_columns(&connection).unwrap(), &id) {
                connection.execute("DELETE FROM t", []).unwrap();
                connection.execute("INSERT INTO t VALUES (?1)", rusqlite::params_from_iter(values)).unwrap();
                let (stored, in_sql) = ids(&connection, &key).remove(0).unwrap();
                prop_assert_eq!(&stored, &id);
                prop_assert_eq!(&in_sql, &id);
                prop_assert_eq!(found(&connection, &key, &id).len(), 1);
            }
        }
    }

    #[test]
    fn a_new_row_gets_the_kind_of_value_that_its_column_holds() {
        for (column, held, text, expected) in [
            ("k INTEGER PRIMARY KEY", "", "7", Some("7")),
            ("k INTEGER PRIMARY KEY", "", "007", None),
            ("k INTEGER PRIMARY KEY", "", "a", None),
            ("k INT", "", "7", Some("7")),
            ("k INT", "", "a", Some("'a'")),
            // The column would make 7 of it, and 1000 of the other, whose ids are not these.
            ("k INT", "", "007", None),
            ("k NUMERIC", "", "1e3", None),
            ("k REAL", "", "7", None),
            ("k TEXT", "'a'", "7", Some("'7'")),
            ("k TEXT", "x'00'", "0a", Some("X'0A'")),
            ("k", "", "7", Some("7")),
            ("k", "'a'", "7", Some("'7'")),
            ("k", "x'00'", "12", Some("X'12'")),
            ("k", "x'00'", "zz", Some("'zz'")),
            ("k", "x'00'", "AB", Some("'AB'")),
            ("k BLOB", "", "12", Some("X'12'")),
            ("k BLOB", "", "123", Some("123")),
            ("k BLOB", "'a'", "12", Some("'12'")),
            ("k BINARY(16)", "", "12", Some("X'12'")),
            ("k UUID", "x'00'", "12", Some("X'12'")),
        ] {
            let rows = if held.is_empty() { Vec::new() } else { vec![held] };
            let connection = table(column, "", &rows);
            let key = key(&connection, &["k"], "t:{}");
            let values = key.values(&key.written_columns(&connection).unwrap(), &format!("t:{text}"));
            let stored = values.map(|values| {
                connection.execute("INSERT INTO t VALUES (?1)", rusqlite::params_from_iter(values)).unwrap();
                let sql = "SELECT quote(k) FROM t ORDER BY rowid DESC LIMIT 1";
                connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
            });
            assert_eq!(stored.as_deref(), expected, "{column}, {held}: {text}");
        }
    }
}
