//! The depth of each record in a resource that refers to itself (contract 3.1, stage A): a record
//! goes after every record that it refers to.
//!
//! SQLite computes the depths in temporary tables, so memory does not grow with the records.
//! Reading by depth is the job of [`super::records`].

use rusqlite::{Connection, params};

use crate::offline::sql::quoted;

/// The temporary table `(id, depth)`. A record on a cycle, or that refers to one on a cycle, has
/// no row in it.
const DEPTHS: &str = "temp.synctool_depth";

/// Fills [`DEPTHS`] for a table, and returns its name. `parents` are SQL expressions for the keys
/// of other rows of the same table that a row, with the alias `c`, refers to.
pub(super) fn compute(
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
        // A reference to a record that does not exist has no influence on the order.
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
    // One depth per statement: the children of the last depth whose parents all have a depth.
    let mut next_depth = connection.prepare(
        "INSERT OR IGNORE INTO temp.synctool_depth
         SELECT e.child, ?1 FROM temp.synctool_depth AS p JOIN temp.synctool_edge AS e ON e.parent = p.id
         WHERE p.depth = ?1 - 1 AND NOT EXISTS (
             SELECT 1 FROM temp.synctool_edge AS other WHERE other.child = e.child
             AND other.parent NOT IN (SELECT id FROM temp.synctool_depth))",
    )?;
    let mut depth: i64 = 1;
    while next_depth.execute(params![depth])? > 0 {
        depth += 1;
    }
    Ok(DEPTHS)
}
