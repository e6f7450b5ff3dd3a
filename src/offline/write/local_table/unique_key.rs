//! Whether SQLite itself finds the row of an id when another row with that id is inserted: then a record
//! can be inserted without a look for its row.

use rusqlite::Connection;

use crate::offline::map::keys::Key;
use crate::offline::sql::quoted;

/// Whether no two rows of a table can have the same ids, because a unique index has exactly the columns of
/// these keys.
pub(super) fn is_unique(connection: &Connection, table: &str, keys: &[Key]) -> rusqlite::Result<bool> {
    // 1 and '1' make the same id, and are different values for an index.
    if !keys.iter().all(Key::makes_different_ids) {
        return Ok(false);
    }
    if let [key] = keys
        && key.is_row_id()
        && key.width() == 1
    {
        return Ok(true);
    }
    let mut columns: Vec<_> = keys.iter().flat_map(Key::column_names).map(str::to_lowercase).collect();
    columns.sort_unstable();
    // The primary key of a table without row ids is among its indexes, too.
    let sql = "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND NOT partial";
    let mut statement = connection.prepare(sql)?;
    let indexes = statement.query_map([table], |row| row.get::<_, String>(0))?;
    for index in indexes {
        let mut names = connection.prepare("SELECT name FROM pragma_index_info(?1)")?;
        let names = names.query_map([index?], |row| row.get::<_, Option<String>>(0))?;
        // An expression has no name.
        let Some(names) = names.collect::<Result<Option<Vec<_>>, _>>()? else { continue };
        let mut names: Vec<_> = names.iter().map(|name| name.to_lowercase()).collect();
        names.sort_unstable();
        if names == columns {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a table has no rows.
pub(in crate::offline::write) fn is_empty(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    connection.prepare(&format!("SELECT 1 FROM {}", quoted(table)))?.exists([]).map(|has_rows| !has_rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::sql::Table;
    use crate::schema::IdFormat;

    #[test]
    fn a_key_is_unique_where_an_index_has_exactly_its_columns() {
        for (columns, options, names, format, expected) in [
            ("k TEXT PRIMARY KEY", "", &["k"][..], None, true),
            ("k TEXT UNIQUE", "", &["K"], None, true),
            ("k TEXT COLLATE NOCASE PRIMARY KEY", "WITHOUT ROWID", &["k"], None, true),
            ("k TEXT", "", &["k"], None, false),
            ("k TEXT, l, PRIMARY KEY (k, l)", "", &["k"], None, false),
            ("k INTEGER PRIMARY KEY", "", &["k"], Some("t:{}"), true),
            ("n", "", &["rowid"], Some("t:{}"), true),
            ("k INT PRIMARY KEY", "", &["k"], Some("t:{}"), true),
            ("k PRIMARY KEY", "", &["k"], Some("t:{}"), false),
            ("k INT, l TEXT, PRIMARY KEY (l, k)", "STRICT", &["k", "l"], Some("{}:{}"), true),
            ("k INT, l, PRIMARY KEY (k, l)", "", &["k", "l"], Some("{}:{}"), false),
        ] {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(&format!("CREATE TABLE t ({columns}) {options}")).unwrap();
            let table = Table::find(&connection, "t").unwrap().unwrap();
            let format = format.map(|format| IdFormat::parse(format, names.len()).unwrap());
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            let key = Key::find(&connection, "t", &table, &names, format.as_ref()).unwrap().key().unwrap();
            assert_eq!(is_unique(&connection, "t", &[key]), Ok(expected), "{columns} {names:?}");
            assert_eq!(is_empty(&connection, "t"), Ok(true));
        }
        // Neither a partial index nor one over an expression finds every row.
        let connection = Connection::open_in_memory().unwrap();
        let sql = "CREATE TABLE t (k TEXT); CREATE UNIQUE INDEX p ON t (k) WHERE k > 'a';
            CREATE UNIQUE INDEX e ON t (k, lower(k)); INSERT INTO t VALUES ('a')";
        connection.execute_batch(sql).unwrap();
        let table = Table::find(&connection, "t").unwrap().unwrap();
        let names = ["k".to_owned()];
        let key = Key::find(&connection, "t", &table, &names, None).unwrap().key().unwrap();
        assert_eq!(is_unique(&connection, "t", &[key]), Ok(false));
        assert_eq!(is_empty(&connection, "t"), Ok(false));
    }
}
