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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::map::keys::KeyError;
    use crate::offline::sql::Table;

    /// A table with a key of these columns, and rows of these values.
    fn table(columns: &str, options: &str, rows: &[&str]) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("CREATE TABLE t ({columns}) {options}")).unwrap();
        for row in rows {
            connection.execute_batch(&format!("INSERT INTO t VALUES ({row})")).unwrap();
        }
        connection
    }

    fn key(connection: &Connection, columns: &[&str], format: &str) -> Key {
        let format = IdFormat::parse(format, columns.len()).unwrap();
        let columns: Vec<_> = columns.iter().map(|&column| column.to_owned()).collect();
        let table = Table::find(connection, "t").unwrap().unwrap();
        Key::find(connection, "t", &table, &columns, Some(&format)).unwrap().unwrap()
    }

    /// The ids of all rows in upload order, with the SQL expression for each.
    fn ids(connection: &Connection, key: &Key) -> Vec<Result<(String, String), KeyError>> {
        let (list, expression, order) = (key.select_list("t."), key.expression("t."), key.order("t.", "BINARY"));
        let sql = format!("SELECT {list}, {expression} FROM t ORDER BY {order}");
        let mut statement = connection.prepare(&sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut ids = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let mut id = String::from("of the row before");
            let written = key.write_id(row, 0, &mut id);
            ids.push(written.map(|()| (id, row.get(key.width()).unwrap())));
        }
        ids
    }

    /// The values of the key in the row of an id, as SQL would write them.
    fn found(connection: &Connection, key: &Key, id: &str) -> Vec<String> {
        let shown: Vec<_> = key.columns.iter().map(|column| format!("quote({})", quoted(&column.name))).collect();
        let sql = format!("SELECT {} FROM t WHERE {}", shown.join(" || ', ' || "), key.condition(0));
        let mut statement = connection.prepare(&sql).unwrap();
        let parameters = rusqlite::params_from_iter(key.parameters(id).unwrap());
        statement.query_map(parameters, |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn an_id_is_made_in_rust_and_sql_alike_and_leads_back_to_its_row() {
        let (one, two) = (&["k"][..], &["k", "l"][..]);
        let all = &["1", "'2'", "'a:b'", "x'61ff'", "''", "'ö%'", "-5", "'007'"][..];
        for (columns, options, names, format, rows, count) in [
            ("k INTEGER PRIMARY KEY", "", one, "t:{}", &["1", "-5", "9223372036854775807"][..], 3),
            ("k BLOB PRIMARY KEY", "", one, "t:{}", all, 8),
            ("k PRIMARY KEY", "", one, "t:{}!", all, 8),
            ("k", "", one, "{}:x", all, 8),
            ("k TEXT COLLATE NOCASE PRIMARY KEY", "", one, "t:{}", &["'A'", "'b'", "x'61'"], 3),
            ("k UUID PRIMARY KEY", "WITHOUT ROWID", one, "t:{}", &["x'00'", "'a'", "7"], 3),
            ("k INT PRIMARY KEY, l INT", "STRICT", one, "t:{}", &["7, 1"], 1),
            ("k TEXT, l INTEGER, PRIMARY KEY (k, l)", "", two, "{}:{}", &["'a:b', 1", "'%', 2", "x'3a', 3"], 3),
            ("k, l, PRIMARY KEY (k, l)", "WITHOUT ROWID", two, "{}:{}", &["'a:b', 'c'", "'a', 'b:c'", "1, x''"], 3),
            ("k, l", "", two, "r/{}/{}", &["'a/b', -5", "'a', 'b/-5'", "'', ''"], 3),
            ("k BLOB, l INTEGER", "", two, "{}-{}", &["x'aa', -5", "'aa-', 5"], 2),
            ("n", "", &["rowid"], "t:{}", &["'x'", "'y'"], 2),
        ] {
            let connection = table(columns, options, rows);
            let key = key(&connection, names, format);
            let ids: Vec<_> = ids(&connection, &key).into_iter().map(Result::unwrap).collect();
            assert_eq!(ids.len(), count);
            assert!(ids.is_sorted(), "{columns}: {ids:?}");
            let written = key.written_columns(&connection).unwrap();
            for (id, in_sql) in ids {
                assert_eq!(id, in_sql, "{columns}");
                assert_eq!(found(&connection, &key, &id).len(), 1, "{columns}: {id}");
                if columns == "n" {
                    continue;
                }
                // A new row with that id has it, too.
                let sql = format!("DELETE FROM t WHERE {}", key.condition(0));
                let parameters = rusqlite::params_from_iter(key.parameters(&id).unwrap());
                assert_eq!(connection.execute(&sql, parameters).unwrap(), 1);
                let values = key.values(&written, &id).unwrap_or_else(|| panic!("{columns}: {id}"));
                let places: Vec<_> = values.iter().map(|_| "?").collect();
                let sql = format!("INSERT INTO t ({}) VALUES ({})", key.select_list(""), places.join(", "));
                connection.execute(&sql, rusqlite::params_from_iter(values)).unwrap();
                assert_eq!(found(&connection, &key, &id).len(), 1, "{columns}: {id}");
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

    #[test]
    fn a_row_is_found_by_its_exact_id_alone() {
        let connection = table("k INT, l", "", &["7, 1", "'a', '1'", "8, 'A'"]);
        let one = key(&connection, &["k"], "t:{}");
        assert_eq!(found(&connection, &one, "t:7"), ["7"]);
        for id in ["t:007", "t:7.0", "t:1e0", "t:A"] {
            assert!(found(&connection, &one, id).is_empty(), "{id}");
        }
        assert_eq!(one.parameters("other:7"), None);
        let two = key(&connection, &["k", "l"], "{}:{}");
        assert_eq!(found(&connection, &two, "a:1"), ["'a', '1'"]);
        assert!(found(&connection, &two, "8:a").is_empty());
    }

    #[test]
    fn a_row_of_a_key_is_found_along_its_index() {
        for (columns, options, names) in [
            ("k INTEGER PRIMARY KEY", "", &["k"][..]),
            ("k BLOB PRIMARY KEY", "", &["k"]),
            ("k TEXT, l, PRIMARY KEY (k, l)", "WITHOUT ROWID", &["k", "l"]),
            ("n", "", &["rowid"]),
        ] {
            let connection = table(columns, options, &[]);
            let format = ["{}", "{}:{}"][names.len() - 1];
            let key = key(&connection, names, format);
            let sql = format!("EXPLAIN QUERY PLAN SELECT 1 FROM t WHERE {}", key.condition(0));
            let parameters = vec![SqlValue::Null; key.parameter_count()];
            let parameters = rusqlite::params_from_iter(parameters);
            let step: String = connection.query_row(&sql, parameters, |row| row.get("detail")).unwrap();
            assert!(step.starts_with("SEARCH"), "{columns}: {step}");
        }
    }

    #[test]
    fn a_value_that_is_no_key_is_an_error_that_names_its_column_and_row() {
        let connection = table("k TEXT, l", "", &["'a', 1.5", "NULL, x'00'"]);
        let key = key(&connection, &["k", "l"], "{}:{}");
        let count = format!("SELECT count(*) FROM t WHERE {}", key.invalid_conditions().join(" OR "));
        assert_eq!(connection.query_row(&count, [], |row| row.get(0)), Ok(2));
        let messages: Vec<_> =
            ids(&connection, &key).into_iter().map(|id| id.unwrap_err().to_string()).collect();
        let start = "must be made of integers, text or BLOBs: column";
        assert_eq!(
            messages,
            [
                format!("{start} \"k\" of table \"t\" holds NULL where \"l\" is x'00'"),
                format!("{start} \"l\" of table \"t\" holds 1.5 where \"k\" is 'a'"),
            ]
        );
    }

    #[test]
    fn an_id_must_not_be_empty() {
        for (value, format, is_empty) in [("''", "{}", true), ("x''", "{}", true), ("''", "t:{}", false)] {
            let connection = table("k", "", &[value]);
            let key = key(&connection, &["k"], format);
            let count = format!("SELECT count(*) FROM t WHERE {}", key.invalid_conditions().join(" OR "));
            assert_eq!(connection.query_row(&count, [], |row| row.get::<_, bool>(0)), Ok(is_empty));
            assert_eq!(ids(&connection, &key)[0] == Err(KeyError::Empty), is_empty, "{value} {format}");
        }
    }

    #[test]
    fn a_column_named_rowid_is_not_the_row_id() {
        let connection = table("rowid TEXT, n", "", &["'a', 1"]);
        let named = key(&connection, &["rowid"], "t:{}");
        assert_eq!(ids(&connection, &named)[0].as_ref().unwrap().0, "t:a");
        assert_eq!(named.warning(), None);
        for (columns, options, is_warned) in [
            ("n", "", Some(true)),
            ("n TEXT PRIMARY KEY", "", Some(true)),
            ("n INTEGER PRIMARY KEY", "", Some(false)),
            // Such a column is not the row id (https://www.sqlite.org/lang_createtable.html).
            ("n INTEGER PRIMARY KEY DESC", "", Some(true)),
            ("n TEXT PRIMARY KEY", "WITHOUT ROWID", None),
        ] {
            let connection = table(columns, options, &["1"]);
            let table = Table::find(&connection, "t").unwrap().unwrap();
            let columns_of_key = ["rowid".to_owned()];
            let format = IdFormat::parse("t:{}", 1).unwrap();
            let key = Key::find(&connection, "t", &table, &columns_of_key, Some(&format)).unwrap();
            assert_eq!(key.ok().map(|key| key.warning().is_some()), is_warned, "{columns} {options}");
        }
    }
}
