//! Dangling join rows: one of their two records is not in the database, or is marked as deleted
//! (contract 3.1.1). A server rejects them with `NOT_FOUND`, so the plan warns of them. Whether the
//! rows themselves can be uploaded is checked by [`super::join_rows`].

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::offline::error::OfflineError;
use crate::offline::map::keys::{FoundKey, Key};
use crate::offline::map::marker::Marker;
use crate::offline::row_location::shortened;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{Table, quoted};
use crate::schema::{JoinStore, Resource};

/// The maximum number of dangling rows that a warning names.
const MAX_NAMED: usize = 3;

/// Finds the join rows of a store whose `from` or `to` record is missing, and returns a warning
/// that counts them and names the first ones in the order of their keys; `None` when there are none.
///
/// A record of a resource that has no table here, such as a remote-only one, counts as there.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read;
/// [`OfflineError::Interrupted`] when the snapshot is interrupted.
pub fn dangling_join_rows(
    snapshot: &Snapshot,
    store: &JoinStore<'_>,
) -> Result<Option<String>, OfflineError> {
    let found = find(snapshot.connection(), store).map_err(OfflineError::while_doing(format!(
        "cannot look for the records of {}",
        quoted(&store.storage().table)
    )))?;
    let Dangling { rows, first } = found;
    let (rows, refer) = match rows {
        0 => return Ok(None),
        1 => ("1 join row".to_owned(), "refers"),
        rows => (format!("{rows} join rows"), "refer"),
    };
    let more = if first.len() == MAX_NAMED { ", …" } else { "" };
    Ok(Some(format!(
        "{rows} of {} {refer} to records that are not in the database: {}{more}; a server that lacks them \
         rejects these rows",
        store.name(),
        first.join(", ")
    )))
}

/// The dangling rows of a join store.
#[derive(Default)]
struct Dangling {
    rows: u64,
    /// The first ones, for a person.
    first: Vec<String>,
}

fn find(connection: &Connection, store: &JoinStore<'_>) -> rusqlite::Result<Dangling> {
    let (mut dangling, storage) = (Dangling::default(), store.storage());
    let Some(table) = Table::find(connection, &storage.table)? else { return Ok(dangling) };
    let end = |column, resource: &Resource| {
        let columns = std::slice::from_ref(column);
        let format = resource.storage.reference_format();
        Key::find(connection, &storage.table, &table, columns, format).map(FoundKey::key)
    };
    let (Some(from), Some(to)) = (end(&storage.from, store.from)?, end(&storage.to, store.to)?) else {
        return Ok(dangling);
    };
    let mut conditions = Vec::new();
    for (end, resource) in [(&from, store.from), (&to, store.to)] {
        conditions.extend(missing_condition(connection, end, resource)?);
    }
    if conditions.is_empty() {
        return Ok(dangling);
    }
    let sql = format!(
        "SELECT {0}, {1} FROM {2} AS j WHERE {3} ORDER BY {0} COLLATE BINARY, {1} COLLATE BINARY",
        from.select_list("j."),
        to.select_list("j."),
        quoted(&storage.table),
        conditions.join(" OR ")
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        dangling.rows += 1;
        if dangling.first.len() < MAX_NAMED {
            dangling.first.push(format!("{} → {}", shown(row, 0, &from), shown(row, 1, &to)));
        }
    }
    Ok(dangling)
}

/// An SQL condition that holds for join rows, of the table `j`, whose record at one end is not
/// there; `None` where the resource has no table here.
///
/// `NOT IN` searches an index of the id column where there is one; otherwise SQLite reads the
/// column once into a temporary index. An id that is NULL, which the check of the records refuses,
/// makes it unknown, so that no row is found.
fn missing_condition(
    connection: &Connection,
    end: &Key,
    resource: &Resource,
) -> rusqlite::Result<Option<String>> {
    let storage = &resource.storage;
    let Some(table) = Table::find(connection, &storage.table)? else { return Ok(None) };
    let format = storage.id_format.as_ref();
    let Some(key) = Key::find(connection, &storage.table, &table, &storage.id, format)?.key() else {
        return Ok(None);
    };
    // A missing marker column is an error of the resource's own part of the plan.
    let marker = Marker::find(storage, &table).ok().flatten();
    let where_live = marker.map_or_else(String::new, |marker| format!(" WHERE {}", marker.is_live("t")));
    let is_not_in = |value: String, keys: String| {
        let name = quoted(&storage.table);
        format!("{value} COLLATE BINARY NOT IN (SELECT {keys} FROM {name} AS t{where_live})")
    };
    // An end holds the key of the record; where that has several columns, it holds the whole id.
    let by_key = (key.width() == 1).then(|| is_not_in(end.select_list("j."), key.select_list("t.")));
    // 1 and '1' make the same id; only looked at for rows that seem to be dangling.
    let by_id = key.text_column().is_none().then(|| is_not_in(end.expression("j."), key.expression("t.")));
    let conditions: Vec<_> = by_key.into_iter().chain(by_id).collect();
    Ok(Some(format!("({})", conditions.join(" AND "))))
}

/// The id that the key in this place makes. The check of the join rows refuses one that makes none.
fn shown(row: &Row<'_>, place: usize, key: &Key) -> String {
    let mut id = String::new();
    if key.write_id(row, place, &mut id).is_err() {
        id = match row.get_ref(place) {
            Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            _ => "?".to_owned(),
        };
    }
    format!("{:?}", shortened(&id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::database::Database;
    use crate::schema::Schema;

    const IDS: &str = r#""id": "id""#;
    const TEMPLATES: &str = r#""id": "id", "idFormat": "x:{}""#;
    const ROW_IDS: &str = r#""id": "rowid", "idFormat": "x:{}""#;

    /// The warning for a database, whose tables are `todos`, `tags` and `j`.
    fn warning(key: &str, is_remote_only: bool, sql: &str) -> Option<String> {
        let schema = format!(
            r#"{{"resources": [{{"name": "todos", "storage": {{{key}}}}},
                {{"name": "tags", "storage": {{{key}}}, "isRemoteOnly": {is_remote_only}}}],
                "relations": [{{"type": "many-many", "from": "todos", "to": "tags", "relation": "tags",
                    "storage": {{"table": "j", "from": "a", "to": "b"}}}}]}}"#
        );
        warning_with(&schema, sql)
    }

    fn warning_with(schema: &str, sql: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
        let schema = Schema::parse(schema).unwrap();
        dangling_join_rows(&snapshot, &schema.join_stores()[0]).unwrap()
    }

    #[test]
    fn a_row_of_the_default_table_holds_whole_ids_of_several_columns() {
        const SCHEMA: &str = r#"{"resources": [{"name": "a", "storage": {"id": ["k", "l"]}}, {"name": "b"}],
            "relations": [{"type": "many-many", "from": "a", "to": "b", "relation": "r"}]}"#;
        let tables = "CREATE TABLE a (k COLLATE NOCASE, l); INSERT INTO a VALUES (1, 'a:');
            CREATE TABLE b (id TEXT PRIMARY KEY); INSERT INTO b VALUES ('b');
            CREATE TABLE join_a_r_b (\"from\", \"to\");";
        let warning = |rows: &str| {
            let sql = format!("{tables} INSERT INTO join_a_r_b VALUES {rows}");
            warning_with(SCHEMA, &sql)
        };
        assert_eq!(warning("('1:a%3A', 'b')"), None);
        let found = warning("('1:a:', 'b'), ('1:A%3A', 'b'), ('1:a%3A', 'c')").unwrap();
        let named = r#": "1:A%3A" → "b", "1:a%3A" → "c", "1:a:" → "b", …;"#;
        assert!(found.starts_with("3 join rows of join_a_r_b refer") && found.contains(named), "{found}");
    }

    #[test]
    fn finds_join_rows_of_which_a_record_is_missing() {
        let text = "CREATE TABLE todos (id TEXT PRIMARY KEY); INSERT INTO todos VALUES ('t1'), ('t2');
             CREATE TABLE tags (id TEXT COLLATE NOCASE); INSERT INTO tags VALUES ('g1'), ('G2');
             CREATE TABLE j (a TEXT COLLATE NOCASE, b);";
        let integers = "CREATE TABLE todos (id INTEGER PRIMARY KEY); INSERT INTO todos VALUES (1), (2);
             CREATE TABLE tags (id); INSERT INTO tags VALUES (1), ('2');
             CREATE TABLE j (a, b TEXT);";
        let blobs = "CREATE TABLE todos (id BLOB PRIMARY KEY); INSERT INTO todos VALUES (x'0a');
             CREATE TABLE tags (id PRIMARY KEY); INSERT INTO tags VALUES (x'0b'); CREATE TABLE j (a, b);";
        let none = "CREATE TABLE todos (id TEXT PRIMARY KEY); INSERT INTO todos VALUES ('t1');
             CREATE TABLE j (a, b);";
        let end = "; a server that lacks them rejects these rows";
        for (key, is_remote_only, tables, rows, expected) in [
            (IDS, false, text, "('t1', 'g1'), ('t2', 'G2')", None),
            (
                IDS,
                false,
                text,
                "('t1', 'g2')",
                Some(r#"1 join row of j refers to records that are not in the database: "t1" → "g2""#),
            ),
            (
                IDS,
                false,
                text,
                "('t9', 'g1'), ('t1', 'g1'), ('T1', 'g1'), ('t1', 'x'), ('t8', 'x')",
                Some(
                    r#"4 join rows of j refer to records that are not in the database: "T1" → "g1", "t1" → "x", "t8" → "x", …"#,
                ),
            ),
            (TEMPLATES, false, integers, "(1, 1), ('2', '2'), ('1', 2)", None),
            (
                TEMPLATES,
                false,
                integers,
                "(3, 1), (1, 3)",
                Some(
                    r#"2 join rows of j refer to records that are not in the database: "x:1" → "x:3", "x:3" → "x:1""#,
                ),
            ),
            (TEMPLATES, false, blobs, "('0a', x'0b'), (x'0a', '0b'), (x'0a', x'0b')", None),
            (
                TEMPLATES,
                false,
                blobs,
                "(x'0a', x'0c'), ('0A', x'0b')",
                Some(
                    r#"2 join rows of j refer to records that are not in the database: "x:0A" → "x:0b", "x:0a" → "x:0c""#,
                ),
            ),
            (
                ROW_IDS,
                false,
                "CREATE TABLE todos (n); INSERT INTO todos VALUES (1);
                CREATE TABLE tags (n); INSERT INTO tags VALUES (1); CREATE TABLE j (a, b);",
                "(1, '1')",
                None,
            ),
            // A resource without a table here.
            (IDS, true, none, "('t1', 'anything')", None),
        ] {
            let found = warning(key, is_remote_only, &format!("{tables} INSERT INTO j VALUES {rows}"));
            let expected = expected.map(|expected: &str| {
                let name = "join_todos_tags_tags";
                expected.replace(" j ", &format!(" {name} ")) + end
            });
            assert_eq!(found, expected, "{rows}");
        }
    }

    #[test]
    fn records_are_searched_in_the_index_of_their_ids() {
        let connection = Connection::open_in_memory().unwrap();
        let tables = "CREATE TABLE todos (id TEXT PRIMARY KEY); CREATE TABLE j (a TEXT, b TEXT)";
        connection.execute_batch(tables).unwrap();
        let schema = Schema::parse(r#"{"resources": [{"name": "todos"}]}"#).unwrap();
        let table = Table::find(&connection, "j").unwrap().unwrap();
        let end = Key::find(&connection, "j", &table, &["a".to_owned()], None).unwrap().key().unwrap();
        let condition = missing_condition(&connection, &end, &schema.resources[0]).unwrap().unwrap();
        let sql = format!("EXPLAIN QUERY PLAN SELECT 1 FROM j AS j WHERE {condition}");
        let mut statement = connection.prepare(&sql).unwrap();
        let steps: Vec<String> =
            statement.query_map([], |row| row.get("detail")).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(steps.iter().any(|step| step.starts_with("USING INDEX")), "{steps:?}");
    }
}
