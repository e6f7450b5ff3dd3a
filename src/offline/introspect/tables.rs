//! What a database declares: its tables with their columns and keys, and its views and virtual
//! tables. The kinds of values are found in [`super::values`].

use rusqlite::Connection;

use crate::offline::error::OfflineError;
use crate::offline::introspect::values::note_values;
use crate::offline::snapshot::Snapshot;
use crate::schema::{ColumnFacts, DatabaseFacts, ForeignKey, OtherKind, OtherTable, TableFacts};

/// The facts about every table, in the order of their names. It reads every value of every table.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read.
pub fn facts(snapshot: &Snapshot) -> Result<DatabaseFacts, OfflineError> {
    let failed = || OfflineError::while_doing("cannot inspect the tables");
    let connection = snapshot.connection();
    let mut facts = DatabaseFacts { others: others(connection).map_err(failed())?, tables: Vec::new() };
    for (name, has_rowid) in ordinary(connection).map_err(failed())? {
        let mut table = declared(connection, &name, has_rowid).map_err(failed())?;
        note_values(connection, &mut table)
            .map_err(OfflineError::while_doing(format!("cannot read table \"{name}\"")))?;
        facts.tables.push(table);
    }
    Ok(facts)
}

/// The names of the ordinary tables, and whether each has row ids.
fn ordinary(connection: &Connection) -> rusqlite::Result<Vec<(String, bool)>> {
    connection
        .prepare(
            "SELECT name, NOT wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
             AND name <> 'sqlite_schema' ORDER BY name",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The views, the virtual tables, and the shadow tables in which virtual tables keep their data.
pub(super) fn others(connection: &Connection) -> rusqlite::Result<Vec<OtherTable>> {
    let sql = "SELECT l.name, l.type, s.sql FROM pragma_table_list AS l LEFT JOIN sqlite_schema AS s
               ON s.name = l.name AND s.type IN ('table', 'view')
               WHERE l.schema = 'main' AND l.type IN ('view', 'virtual', 'shadow') ORDER BY l.name";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut others = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, kind, sql): (String, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let kind = match kind.as_str() {
            "view" => OtherKind::View,
            // Every virtual table has its statement in the schema.
            "virtual" => OtherKind::Virtual { module: module(&sql.unwrap_or_default()) },
            _ => OtherKind::Shadow { of: String::new() },
        };
        others.push(OtherTable { name, kind });
    }
    set_owners(&mut others);
    Ok(others)
}

/// Sets the virtual table of each shadow table: its name begins with that of the virtual table.
fn set_owners(others: &mut [OtherTable]) {
    let is_virtual = |other: &&OtherTable| matches!(other.kind, OtherKind::Virtual { .. });
    let owners: Vec<String> = others.iter().filter(is_virtual).map(|other| other.name.clone()).collect();
    for other in others {
        let OtherKind::Shadow { of } = &mut other.kind else { continue };
        let is_owner = |owner: &&String| {
            other.name.strip_prefix(owner.as_str()).is_some_and(|rest| rest.starts_with('_'))
        };
        of.clone_from(owners.iter().filter(is_owner).max_by_key(|owner| owner.len()).unwrap_or(&other.name));
    }
}

/// The module in `CREATE VIRTUAL TABLE … USING module(…)`.
fn module(sql: &str) -> String {
    let lower = sql.to_ascii_lowercase();
    let after = lower.rfind("using").map_or("", |place| &lower[place + "using".len()..]);
    let first = after.trim_start().split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).next();
    first.unwrap_or_default().to_owned()
}

/// The declaration of one table.
fn declared(connection: &Connection, name: &str, has_rowid: bool) -> rusqlite::Result<TableFacts> {
    let mut facts = TableFacts { name: name.to_owned(), has_rowid, ..TableFacts::default() };
    let mut statement =
        connection.prepare("SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1)")?;
    let mut rows = statement.query([name])?;
    while let Some(row) = rows.next()? {
        // Generated columns are computed from others, and a pulled change cannot be written to them.
        if row.get::<_, i64>(4)? != 0 {
            facts.generated.push(row.get(0)?);
            continue;
        }
        facts.columns.push(ColumnFacts {
            name: row.get(0)?,
            declared: row.get::<_, String>(1)?.to_uppercase(),
            is_not_null: row.get(2)?,
            key_place: row.get(3)?,
            ..ColumnFacts::default()
        });
    }
    facts.foreign_keys = foreign_keys(connection, name)?;
    facts.unique = unique_indexes(connection, name)?;
    Ok(facts)
}

/// The foreign keys of a table, in the order in which they were declared.
fn foreign_keys(connection: &Connection, table: &str) -> rusqlite::Result<Vec<ForeignKey>> {
    let sql = "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([table])?;
    let (mut keys, mut last) = (Vec::<ForeignKey>::new(), None);
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if last != Some(id) {
            keys.push(ForeignKey { columns: Vec::new(), table: row.get(1)?, targets: Vec::new() });
            last = Some(id);
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(row.get(2)?);
            key.targets.extend(row.get::<_, Option<String>>(3)?);
        }
    }
    Ok(keys)
}

/// The columns of each unique index over all rows, in the order of the indexes' names. An index
/// over an expression is left out.
fn unique_indexes(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let sql = "SELECT i.name, c.name FROM pragma_index_list(?1) AS i JOIN pragma_index_info(i.name) AS c
               WHERE i.\"unique\" AND NOT i.partial AND i.origin <> 'pk' ORDER BY i.name, c.seqno";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([table])?;
    let mut indexes: Vec<(String, Option<Vec<String>>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, column): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        if indexes.last().is_none_or(|(last, _)| *last != name) {
            indexes.push((name, Some(Vec::new())));
        }
        if let Some((_, columns)) = indexes.last_mut() {
            *columns = columns.take().zip(column).map(|(mut columns, column)| {
                columns.push(column);
                columns
            });
        }
    }
    Ok(indexes.into_iter().filter_map(|(_, columns)| columns).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_of_a_virtual_table_is_read_from_its_sql() {
        for (sql, expected) in [
            ("CREATE VIRTUAL TABLE notes_fts USING fts5(body)", "fts5"),
            ("create virtual table \"using\" using  RTREE (id, a, b)", "rtree"),
            ("CREATE VIRTUAL TABLE a USING fts4", "fts4"),
        ] {
            assert_eq!(module(sql), expected, "{sql}");
        }
    }

    #[test]
    fn unique_indexes_have_all_rows_and_plain_columns() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (a, b, c, UNIQUE (b, a));
                 CREATE UNIQUE INDEX u ON t (c);
                 CREATE UNIQUE INDEX some ON t (a) WHERE a > 1;
                 CREATE UNIQUE INDEX lower ON t (lower(a), b);
                 CREATE INDEX plain ON t (a)",
            )
            .unwrap();
        assert_eq!(unique_indexes(&connection, "t").unwrap(), [vec!["b", "a"], vec!["c"]]);
    }
}
