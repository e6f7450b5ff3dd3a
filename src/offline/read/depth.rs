//! The depth of each record in a resource that refers to itself (contract 3.1, stage A): a record
//! goes after every record that it refers to.
//!
//! A topological sort (Kahn's algorithm), one depth at a time, in temporary tables of SQLite, so
//! memory does not grow with the records. Each statement touches only the records of one depth and
//! their references, through indexes: the time grows with the number of records, not with the
//! depth. Reading by depth is the job of [`super::records`].

use rusqlite::{Connection, params};

use crate::offline::sql::quoted;

/// The temporary table `(id, depth)`. A record on a cycle, or that refers to one on a cycle, has
/// no row in it.
const DEPTHS: &str = "temp.synctool_depth";

/// Fills [`DEPTHS`] for a table, and returns its name. `parents` are SQL expressions for the keys
/// of other rows of the same table that a row, with the alias `c`, refers to. `is_record` makes an SQL
/// condition that holds for the rows that count, in a query with an alias: a reference to another row
/// is one to a record that does not exist.
pub(super) fn compute(
    connection: &Connection,
    table: &str,
    id: &str,
    parents: &[String],
    is_record: impl Fn(&str) -> String,
) -> rusqlite::Result<&'static str> {
    let (table, id) = (format!("main.{}", quoted(table)), quoted(id));
    connection.execute_batch(
        "DROP TABLE IF EXISTS temp.synctool_depth;
         DROP TABLE IF EXISTS temp.synctool_edge;
         CREATE TEMP TABLE synctool_depth (id PRIMARY KEY, depth INTEGER NOT NULL) WITHOUT ROWID;
         CREATE INDEX temp.synctool_depth_depth ON synctool_depth (depth);
         CREATE TEMP TABLE synctool_edge (parent, child, PRIMARY KEY (parent, child)) WITHOUT ROWID;",
    )?;
    // Every statement inserts in the order of the key: in another order a large table is written
    // page by page at random.
    for parent in parents {
        // A reference to a record that does not exist has no influence on the order.
        connection.execute(
            &format!(
                "INSERT OR IGNORE INTO temp.synctool_edge
                 SELECT p.{id}, c.{id} FROM {table} AS c JOIN {table} AS p
                 ON p.{id} = {parent} COLLATE BINARY WHERE c.{id} IS NOT NULL AND {} AND {}
                 ORDER BY p.{id} COLLATE BINARY, c.{id} COLLATE BINARY",
                is_record("c"),
                is_record("p")
            ),
            [],
        )?;
    }
    connection.execute_batch("CREATE INDEX temp.synctool_edge_child ON synctool_edge (child)")?;
    // A unary plus takes the affinity from an id: SQLite looks up no number in an index whose column
    // has none (https://www.sqlite.org/datatype3.html#type_conversions_prior_to_comparison).
    connection.execute(
        &format!(
            "INSERT OR IGNORE INTO temp.synctool_depth SELECT t.{id}, 0 FROM {table} AS t
             WHERE t.{id} IS NOT NULL AND {} AND NOT EXISTS (
                 SELECT 1 FROM temp.synctool_edge WHERE child = +t.{id} COLLATE BINARY)
             ORDER BY t.{id} COLLATE BINARY",
            is_record("t")
        ),
        [],
    )?;
    // The children of the last depth whose parents all have a depth. CROSS JOIN fixes the order of
    // the loops, and the inner NOT EXISTS looks up one key where NOT IN would copy the whole table
    // for each depth.
    let mut next_depth = connection.prepare(
        "INSERT OR IGNORE INTO temp.synctool_depth
         SELECT e.child, ?1 FROM temp.synctool_depth AS p CROSS JOIN temp.synctool_edge AS e
         WHERE p.depth = ?1 - 1 AND e.parent = p.id AND NOT EXISTS (
             SELECT 1 FROM temp.synctool_edge AS other WHERE other.child = e.child
             AND NOT EXISTS (SELECT 1 FROM temp.synctool_depth AS known WHERE known.id = other.parent))
         ORDER BY e.child",
    )?;
    let mut depth: i64 = 1;
    while next_depth.execute(params![depth])? > 0 {
        depth += 1;
    }
    Ok(DEPTHS)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// The depth of each id, and the time that computing them takes.
    fn depths(sql: &str) -> (Vec<(String, i64)>, Duration) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        let begun = Instant::now();
        let name =
            compute(&connection, "nodes", "id", &["c.\"parent\"".to_owned()], |_| "1".to_owned()).unwrap();
        let elapsed = begun.elapsed();
        let mut statement =
            connection.prepare(&format!("SELECT id || '', depth FROM {name} ORDER BY id")).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        (rows.collect::<Result<_, _>>().unwrap(), elapsed)
    }

    /// The SQL for records of which each refers to the result of `parent`.
    fn nodes(rows: u64, parent: &str) -> String {
        nodes_with_ids(rows, "TEXT", "%08x", parent)
    }

    /// The same with ids of this declared type, in this format of `printf`.
    fn nodes_with_ids(rows: u64, declared: &str, format: &str, parent: &str) -> String {
        format!(
            "CREATE TABLE nodes (id {declared} PRIMARY KEY, parent {declared});
             WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
             INSERT INTO nodes SELECT printf('{format}', n), printf('{format}', {parent}) FROM numbers"
        )
    }

    #[test]
    fn a_depth_is_the_longest_path_and_a_record_at_or_below_a_cycle_has_none() {
        let sql = "CREATE TABLE nodes (id TEXT PRIMARY KEY, parent TEXT);
            INSERT INTO nodes VALUES ('a', 'z'), ('b', 'a'), ('z', NULL), ('y', 'nowhere'), ('c', 'z'),
                ('o', 'p'), ('p', 'o'), ('q', 'o'), ('s', 's')";
        let expected =
            [("a", 1), ("b", 2), ("c", 1), ("y", 0), ("z", 0)].map(|(id, depth)| (id.to_owned(), depth));
        assert_eq!(depths(sql).0, expected);
    }

    #[test]
    fn the_time_grows_with_the_number_of_records_and_not_with_the_depth() {
        // One record refers to the next, and all refer to one.
        let (chain, chain_time) = depths(&nodes(20_000, "n - 1"));
        let (star, star_time) = depths(&nodes(20_000, "iif(n = 1, 0, 1)"));
        assert_eq!((chain.len(), chain.iter().map(|row| row.1).max()), (20_000, Some(19_999)));
        assert_eq!((star.len(), star.iter().map(|row| row.1).max()), (20_000, Some(1)));
        // With one copy of a table for each depth a chain takes hundreds of times as long.
        assert!(chain_time < 30 * star_time + Duration::from_secs(1), "{chain_time:?} and {star_time:?}");
    }

    #[test]
    fn the_time_is_the_same_for_ids_of_every_affinity() {
        let (_, text_time) = depths(&nodes(10_000, "n - 1"));
        for declared in ["INTEGER", "INT", "NUMERIC", "REAL", "BLOB", ""] {
            let (found, time) = depths(&nodes_with_ids(10_000, declared, "%d", "n - 1"));
            assert_eq!(
                (found.len(), found.iter().map(|row| row.1).max()),
                (10_000, Some(9_999)),
                "{declared}"
            );
            // Without an index for one of the look-ups it takes thousands of times as long.
            assert!(time < 10 * text_time + Duration::from_secs(1), "{declared}: {time:?} and {text_time:?}");
        }
    }
}
