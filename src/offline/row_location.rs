//! Where a row that cannot be uploaded is in the database: its table, its id and its row ids, for
//! a person who looks for it. Its place in upload order is the path of the error.

use std::fmt::{self, Write as _};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde::Serialize;

use crate::offline::map::value::write_key_text;
use crate::offline::sql::{Table, quoted};

/// Maximum number of row ids that are looked up: two are enough to distinguish duplicates.
const MAX_ROW_IDS: usize = 3;

/// The maximum number of characters of a key that are shown.
const MAX_SHOWN: usize = 200;

/// The place of a row in the database. Names and keys are data: an observer that shows them on a
/// terminal must escape them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RowLocation {
    /// The table or view.
    pub table: String,
    /// The values of its key columns, as SQL would write them: `id NULL`, `from 'a', to 'b'`.
    pub key: String,
    /// The id, where the key makes one; a join row has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The row ids of up to three rows with this key; empty in a view and in a table without them.
    pub row_ids: Vec<i64>,
}

impl fmt::Display for RowLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, id, row_ids } = self;
        write!(formatter, "table {}, ", quoted(table))?;
        match id {
            Some(id) => write!(formatter, "id {:?}", shortened(id))?,
            None => formatter.write_str(key)?,
        }
        let numbers: Vec<_> = row_ids.iter().map(ToString::to_string).collect();
        match numbers.as_slice() {
            [] => Ok(()),
            [only] => write!(formatter, ", rowid {only}"),
            [first @ .., last] => write!(formatter, ", rowids {} and {last}", first.join(", ")),
        }
    }
}

/// Which rows with a key are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SameKey {
    /// Rows whose key has the same type and value.
    Value,
    /// Rows whose key makes the same id: 1 and '1' do, and x'0a' and '0a'.
    Id,
}

/// Finds the row with this key: `columns` are the key's columns and their values.
pub(super) fn locate(
    connection: &Connection,
    table: &str,
    columns: &[(&str, ValueRef<'_>)],
    id: Option<&str>,
    same: SameKey,
) -> RowLocation {
    let key: Vec<_> = columns.iter().map(|(name, value)| format!("{name} {}", sql_literal(*value))).collect();
    RowLocation {
        table: table.to_owned(),
        key: key.join(", "),
        id: id.map(str::to_owned),
        // Without row ids the location says enough.
        row_ids: row_ids(connection, table, columns, same).unwrap_or_default(),
    }
}

fn row_ids(
    connection: &Connection,
    table: &str,
    columns: &[(&str, ValueRef<'_>)],
    same: SameKey,
) -> rusqlite::Result<Vec<i64>> {
    // A column named `rowid` hides the row id.
    if Table::find(connection, table)?.is_none_or(|found| found.is_view || found.column("rowid").is_some()) {
        return Ok(Vec::new());
    }
    // Compared as bytes: no collation plays a part, and text that is not UTF-8 is found.
    let conditions = columns.iter().enumerate().map(|(index, (name, value))| {
        let (name, parameter) = (quoted(name), index + 1);
        match same {
            SameKey::Value => format!(
                "CAST({name} AS BLOB) IS CAST(?{parameter} AS BLOB) AND typeof({name}) = '{}'",
                type_name(*value)
            ),
            SameKey::Id => format!(
                "CAST(iif(typeof({name}) = 'blob', lower(hex({name})), {name}) AS BLOB)
                     IS CAST(?{parameter} AS BLOB) AND typeof({name}) IN ('integer', 'text', 'blob')"
            ),
        }
    });
    let sql = format!(
        "SELECT rowid FROM {} WHERE {} ORDER BY rowid LIMIT {MAX_ROW_IDS}",
        quoted(table),
        conditions.collect::<Vec<_>>().join(" AND ")
    );
    let mut statement = connection.prepare(&sql)?;
    let values = columns.iter().map(|(_, value)| match value {
        // As text, SQLite converts it to the encoding of the database; other bytes stay as they are.
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(text.to_vec()),
        },
        ValueRef::Blob(_) if same == SameKey::Id => {
            let mut text = String::new();
            // A BLOB has a text.
            let _ = write_key_text(&mut text, *value);
            Value::Text(text)
        }
        other => Value::try_from(*other).unwrap_or(Value::Null),
    });
    statement.query_map(params_from_iter(values), |row| row.get(0))?.collect()
}

/// The name of a value's type, as SQL's `typeof` gives it.
fn type_name(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "null",
        ValueRef::Integer(_) => "integer",
        ValueRef::Real(_) => "real",
        ValueRef::Text(_) => "text",
        ValueRef::Blob(_) => "blob",
    }
}

/// A value as SQL would write it; text that is not UTF-8 as the bytes that it consists of.
pub(super) fn sql_literal(value: ValueRef<'_>) -> String {
    let bytes = |bytes: &[u8]| {
        let mut hex = String::from("x'");
        for byte in &bytes[..bytes.len().min(MAX_SHOWN / 2)] {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex + if bytes.len() > MAX_SHOWN / 2 { "…'" } else { "'" }
    };
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Blob(blob) => bytes(blob),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => format!("'{}'", shortened(text).replace('\'', "''")),
            Err(_) => format!("CAST({} AS TEXT)", bytes(text)),
        },
    }
}

/// The beginning of a long text.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_rows_in_a_database_of_another_encoding() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('b'), ('ä')";
        connection.execute_batch(sql).unwrap();
        let column = [("id", ValueRef::Text("ä".as_bytes()))];
        assert_eq!(locate(&connection, "t", &column, Some("ä"), SameKey::Id).row_ids, [2]);
    }

    #[test]
    fn names_table_id_and_rowids_of_any_key() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (id, n);
                 INSERT INTO t (id) VALUES ('a'), (NULL), (x'61'), ('a'), (CAST(x'ff' AS TEXT)), (1), ('1');
                 CREATE TABLE w (id PRIMARY KEY) WITHOUT ROWID; INSERT INTO w VALUES ('a');
                 CREATE VIEW v AS SELECT * FROM t;
                 CREATE TABLE hidden (id, rowid)",
            )
            .unwrap();
        let place = |table: &str, value: ValueRef<'_>, id: Option<&str>, same| {
            locate(&connection, table, &[("id", value)], id, same).to_string()
        };
        for (table, value, id, same, expected) in [
            ("t", ValueRef::Text(b"a"), Some("a"), SameKey::Id, r#"table "t", id "a", rowids 1 and 4"#),
            ("t", ValueRef::Null, None, SameKey::Value, r#"table "t", id NULL, rowid 2"#),
            ("t", ValueRef::Blob(b"a"), None, SameKey::Value, r#"table "t", id x'61', rowid 3"#),
            (
                "t",
                ValueRef::Text(b"\xff"),
                None,
                SameKey::Value,
                r#"table "t", id CAST(x'ff' AS TEXT), rowid 5"#,
            ),
            ("t", ValueRef::Integer(1), None, SameKey::Value, r#"table "t", id 1, rowid 6"#),
            ("t", ValueRef::Integer(1), Some("t:1"), SameKey::Id, r#"table "t", id "t:1", rowids 6 and 7"#),
            ("t", ValueRef::Blob(b"a"), Some("t:61"), SameKey::Id, r#"table "t", id "t:61", rowid 3"#),
            ("t", ValueRef::Text(b"61"), Some("t:61"), SameKey::Id, r#"table "t", id "t:61", rowid 3"#),
            ("w", ValueRef::Text(b"a"), Some("a"), SameKey::Id, r#"table "w", id "a""#),
            ("v", ValueRef::Text(b"a"), Some("a"), SameKey::Id, r#"table "v", id "a""#),
            ("hidden", ValueRef::Text(b"it's"), None, SameKey::Id, r#"table "hidden", id 'it''s'"#),
        ] {
            assert_eq!(place(table, value, id, same), expected);
        }
        let both = [("from", ValueRef::Text(b"a")), ("to", ValueRef::Null)];
        let place = locate(&connection, "j", &both, None, SameKey::Value).to_string();
        assert_eq!(place, r#"table "j", from 'a', to NULL"#);
    }
}
