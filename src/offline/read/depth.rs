//! How deep each record lies in a resource that refers to itself (contract 3.1, stage A):
//! a record goes after every record that it refers to.
//!
//! The depths are computed by SQLite in temporary tables, so that memory stays flat.

use rusqlite::{Connection, params};

use crate::offline::sql::quoted;

/// Where the depths are: a temporary table `(id, depth)`. What lies on a cycle, or refers
/// into one, has no row in it.
const DEPTHS: &str = "temp.synctool_depth";

/// Fills [`DEPTHS`] for a table, and returns its name. `parents` are SQL expressions for keys
/// of the same table that a row, called `c`, holds.
pub(crate) fn compute(
    connection: &Connection,
    table: &str,
    id: &str,
    parents: &[String],
) -> rusqlite::Result<&'static str> {
    let (table, id) = (quoted(table), quoted(id));
    connection.execute_batch(
        "DROP TABLE IF EXISTS temp.synctool_depth;
         DROP TABLE IF EXISTS temp.synctool_edge;
         CREATE TEMP TABLE synctool_depth (id PRIMARY KEY, depth INTEGER NOT NULL) WITHOUT ROWID;
         CREATE INDEX temp.synctool_depth_depth ON synctool_depth (depth);
         CREATE TEMP TABLE synctool_edge (parent, child, PRIMARY KEY (parent, child)) WITHOUT ROWID;
         CREATE INDEX temp.synctool_edge_child ON synctool_edge (child);",
    )?;
    for parent in parents {
        // A parent that is not there cannot be waited for.
        connection.execute(
            &format!(
                "INSERT OR IGNORE INTO temp.synctool_edge
                 SELECT p.{id}, c.{id} FROM {table} AS c JOIN {table} AS p
                 ON p.{id} = {parent} COLLATE BINARY WHERE c.{id} IS NOT NULL"
            ),
            [],
        )?;
    }
    connection.execute(
        &format!(
            "INSERT OR IGNORE INTO temp.synctool_depth SELECT {id}, 0 FROM {table}
             WHERE {id} IS NOT NULL AND {id} NOT IN (SELECT child FROM temp.synctool_edge)"
        ),
        [],
    )?;
    // One level a round: the children of the last level whose parents all have a depth.
    let mut next_level = connection.prepare(
        "INSERT OR IGNORE INTO temp.synctool_depth
         SELECT e.child, ?1 FROM temp.synctool_depth AS p JOIN temp.synctool_edge AS e ON e.parent = p.id
         WHERE p.depth = ?1 - 1 AND NOT EXISTS (
             SELECT 1 FROM temp.synctool_edge AS other WHERE other.child = e.child
             AND other.parent NOT IN (SELECT id FROM temp.synctool_depth))",
    )?;
    let mut depth: i64 = 1;
    while next_level.execute(params![depth])? > 0 {
        depth += 1;
    }
    Ok(DEPTHS)
}
