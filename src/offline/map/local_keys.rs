//! From an id back to its row: the SQL condition that holds for it. The way from a row to its id is
//! in [`super::keys`]; the values of a new row are decided in [`super::written_keys`].
//!
//! Different values make the same text, and so the same id: 12, '12' and x'12'. A row is found by
//! any of them.

use rusqlite::types::Value as SqlValue;

use crate::offline::map::keys::Key;
use crate::offline::sql::quoted;

/// The number of parameters for a column of a key with a template: an integer, text, and a BLOB.
const KINDS: usize = 3;

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
        conditions.push(format!("{} COLLATE BINARY = {}", self.expression(""), parameter()));
        conditions.join(" AND ")
    }
}

/// The integer that is written as this text; "007" is none.
pub(in crate::offline) fn integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

/// The bytes whose lower-case hexadecimal form is this text.
pub(in crate::offline) fn blob(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some(digit(high)? * 16 + digit(low)?)).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;
    use crate::offline::map::keys::KeyError;
    use crate::offline::sql::Table;
    use crate::schema::IdFormat;

    /// A table `t` with these columns, and rows of these values.
    pub(crate) fn table(columns: &str, options: &str, rows: &[&str]) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("CREATE TABLE t ({columns}) {options}")).unwrap();
        for row in rows {
            connection.execute_batch(&format!("INSERT INTO t VALUES ({row})")).unwrap();
        }
        connection
    }

    pub(crate) fn key(connection: &Connection, columns: &[&str], format: &str) -> Key {
        let format = IdFormat::parse(format, columns.len()).unwrap();
        let columns: Vec<_> = columns.iter().map(|&column| column.to_owned()).collect();
        let table = Table::find(connection, "t").unwrap().unwrap();
        Key::find(connection, "t", &table, &columns, Some(&format)).unwrap().key().unwrap()
    }

    /// The ids of all rows in upload order, with the SQL expression for each.
    pub(crate) fn ids(connection: &Connection, key: &Key) -> Vec<Result<(String, String), KeyError>> {
        let (list, expression, order) =
            (key.select_list("t."), key.expression("t."), key.order("t.", "BINARY"));
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
    pub(crate) fn found(connection: &Connection, key: &Key, id: &str) -> Vec<String> {
        let shown: Vec<_> =
            key.columns.iter().map(|column| format!("quote({})", quoted(&column.name))).collect();
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
            (
                "k TEXT, l INTEGER, PRIMARY KEY (k, l)",
                "",
                two,
                "{}:{}",
                &["'a:b', 1", "'%', 2", "x'3a', 3"],
                3,
            ),
            (
                "k, l, PRIMARY KEY (k, l)",
                "WITHOUT ROWID",
                two,
                "{}:{}",
                &["'a:b', 'c'", "'a', 'b:c'", "1, x''"],
                3,
            ),
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

    proptest! {
        #[test]
        fn any_two_values_make_one_id_in_rust_and_sql_that_finds_the_row(
            rows in prop::collection::vec(prop::array::uniform2("-?[0-9]{1,3}|'[a-df:%/0-9ö-]{0,4}'|x'([0-9a-f]{2}){0,2}'"), 1..8),
            columns in prop::sample::select(vec!["k, l", "k TEXT, l INTEGER", "k BLOB, l NUMERIC, PRIMARY KEY (k, l)"]),
            format in prop::sample::select(vec!["{}:{}", "t/{}/{}", "{}-{}!"]),
        ) {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(&format!("CREATE TABLE t ({columns})")).unwrap();
            for [k, l] in &rows {
                connection.execute_batch(&format!("INSERT OR IGNORE INTO t VALUES ({k}, {l})")).unwrap();
            }
            let key = key(&connection, &["k", "l"], format);
            let ids: Vec<_> = ids(&connection, &key).into_iter().map(Result::unwrap).collect();
            prop_assert!(ids.is_sorted());
            for (id, in_sql) in &ids {
                prop_assert_eq!(id, in_sql);
                // Several rows have one id where one value is 1 and the other '1'.
                let same = ids.iter().filter(|(other, _)| other == id).count();
                prop_assert_eq!(found(&connection, &key, id).len(), same);
            }
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
            assert_eq!(key.key().map(|key| key.warning().is_some()), is_warned, "{columns} {options}");
        }
    }
}
