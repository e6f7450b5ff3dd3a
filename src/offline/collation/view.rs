//! Views whose rows depend on a collation of the application: the comparisons in a view do not name
//! another one, so they would use a stand-in, and perhaps an index in another order.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _};

use crate::offline::collation::names::of_database;
use crate::offline::error::OfflineError;
use crate::offline::sql::quoted;

/// Checks that the rows of a view do not depend on how a collation of the application compares. A
/// table passes.
///
/// # Errors
/// [`OfflineError::Storage`] for a view whose rows depend on it, or when the schema cannot be read.
pub(in crate::offline) fn check_view(connection: &Connection, name: &str) -> Result<(), OfflineError> {
    let failed = || OfflineError::while_doing(format!("cannot inspect view {}", quoted(name)));
    // SQLite looks it up in memory: a search of `sqlite_schema` would read all of it.
    let sql = "SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'view'";
    let is_view = connection.query_row(sql, [name], |_| Ok(())).optional().map_err(failed())?.is_some();
    if !is_view {
        return Ok(());
    }
    let names = of_database(connection).map_err(failed())?;
    // SQLite ignores the order of the rows in a view when the query has another one.
    let rows = format!("SELECT * FROM {} ORDER BY 1 COLLATE BINARY", quoted(name));
    match compares_by(connection, &rows, &names).map_err(failed())? {
        Some(collation) => Err(OfflineError::storage(format!(
            "the rows of view {} depend on the collation {collation}, which only the application has",
            quoted(name)
        ))),
        None => Ok(()),
    }
}

/// The collation by which a query compares or sorts text, or searches an index, if it is one of the
/// `names`: found in SQLite's program for the query (<https://www.sqlite.org/opcode.html>).
fn compares_by<'n>(
    connection: &Connection,
    query: &str,
    names: &'n BTreeSet<String>,
) -> rusqlite::Result<Option<&'n str>> {
    let mut indexes = HashMap::new();
    let mut statement = connection.prepare(&format!("EXPLAIN {query}"))?;
    let mut instructions = statement.query([])?;
    while let Some(instruction) = instructions.next()? {
        let (opcode, cursor): (String, i64) = (instruction.get("opcode")?, instruction.get("p1")?);
        // A constant may be the name by chance.
        let operand: Option<String> = if opcode == "String8" { None } else { instruction.get("p4")? };
        let operand = operand.unwrap_or_default().to_ascii_lowercase();
        let collation = names.iter().find(|name| is_operand(&operand, name));
        if opcode == "OpenRead" || opcode == "ReopenIdx" {
            // Reading an index from end to end does not compare.
            indexes.extend(collation.map(|name| (cursor, name.as_str())));
            continue;
        }
        let is_search = opcode.starts_with("Seek") || opcode == "Found" || opcode == "NotFound";
        let searched = if is_search { indexes.get(&cursor).copied() } else { None };
        if let Some(name) = collation.map(String::as_str).or(searched) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Whether an operand is a key with this collation, `k(2,name,B)`, or the collation itself,
/// `name-8`, which SQLite cuts off after 18 characters of the name.
fn is_operand(operand: &str, name: &str) -> bool {
    let start: String = name.chars().take(18).collect();
    match operand.strip_prefix("k(") {
        Some(key) => {
            key.split([',', ')']).any(|part| part.trim_start_matches(['-', 'n', '.']) == name || part == name)
        }
        None => operand.rsplit_once('-').is_some_and(|(before, _)| before == start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_whose_rows_depend_on_a_collation_is_refused() {
        let long = "a_collation_with_a_long_name";
        let connection = Connection::open_in_memory().unwrap();
        for name in ["localized", "two words", long] {
            connection.create_collation(name, |a: &str, b: &str| a.cmp(b)).unwrap();
        }
        connection
            .execute_batch(&format!(
                "CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT COLLATE localized, other TEXT COLLATE \"two words\",
                     long TEXT COLLATE {long});
                 CREATE INDEX t_name ON t (name DESC, id)"
            ))
            .unwrap();
        for (select, is_refused) in [
            ("SELECT * FROM t", false),
            ("SELECT id, name FROM t ORDER BY name", false),
            ("SELECT name, id FROM t WHERE id > 'a'", false),
            ("SELECT id, 'localized' AS name FROM t WHERE name IS NOT NULL", false),
            ("SELECT id, name FROM t WHERE name = 'x' COLLATE BINARY", false),
            ("SELECT id, name FROM t WHERE name = 'x'", true),
            ("SELECT id, name FROM t WHERE name > 'x'", true),
            ("SELECT id, other FROM t WHERE other IN ('x', 'y')", true),
            ("SELECT id FROM t WHERE long < 'x'", true),
            ("SELECT id, name = 'x' AS is_x FROM t", true),
            ("SELECT DISTINCT name FROM t", true),
            ("SELECT min(id), other FROM t GROUP BY other", true),
            ("SELECT a.id FROM t AS a JOIN t AS b ON a.name = b.name", true),
            ("SELECT id, other FROM t ORDER BY other LIMIT 3", true),
            // The index is in the application's own order.
            ("SELECT id, name FROM t ORDER BY name LIMIT 3", false),
            ("SELECT id FROM t WHERE id = 'x' COLLATE localized", true),
        ] {
            connection.execute_batch(&format!("DROP VIEW IF EXISTS v; CREATE VIEW v AS {select}")).unwrap();
            let checked = check_view(&connection, "V");
            assert_eq!(checked.is_err(), is_refused, "{select}: {checked:?}");
        }
        check_view(&connection, "t").unwrap();
    }
}
