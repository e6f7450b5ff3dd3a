//! Whether a table is read along an index or sorted, and the SQL for it. Sorting outside of
//! SQLite is the job of [`crate::offline::read::sorted_records`].

use crate::offline::read::depth;
use crate::offline::read::records::table::RecordTable;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{opens_sorter, quoted};

/// Number of rows that are sampled to find whether an index visits the pages of a table in random
/// order. A table with fewer rows is read along its index.
const SAMPLE: u32 = 1000;

/// Two rows whose row ids differ by no more than this are probably on one page, or on two
/// neighbouring ones.
const NEAR: u32 = 20;

/// How the records of a table are brought into upload order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOrder {
    /// SQLite gives the rows in order: along an index or, in a resource that refers to itself,
    /// by the depths that it has computed.
    Index,
    /// All rows are read in the order in which they are stored, and then sorted: no index has
    /// the order, or an index visits the pages of the table in random order, as with random ids.
    Sort,
}

impl ReadOrder {
    /// Decides how a table is read.
    pub(super) fn of(table: &RecordTable, snapshot: &Snapshot) -> rusqlite::Result<Self> {
        if table.has_parents() {
            return Ok(Self::Index);
        }
        let along_index = select_by_id(table, snapshot, Self::Index);
        let is_sorted = opens_sorter(snapshot.connection(), &along_index)? || is_scattered(table, snapshot)?;
        Ok(if is_sorted { Self::Sort } else { Self::Index })
    }
}

/// The query for the id columns, then each field or the document, then the depth where the resource
/// refers to itself, in upload order. Computes the depths first where they are needed.
pub(super) fn select_in_order(
    table: &RecordTable,
    snapshot: &Snapshot,
    order: ReadOrder,
) -> rusqlite::Result<String> {
    if !table.has_parents() {
        return Ok(select_by_id(table, snapshot, order));
    }
    // A resource that refers to itself has a key of one column (the schema says so).
    let id = table.key.first_column();
    let parents = table.parent_expressions("c");
    let is_record = |alias: &str| table.live_condition(alias);
    let depths = depth::compute(snapshot.connection(), &table.name, id, &parents, is_record)?;
    Ok(format!(
        "SELECT {}, coalesce(d.depth, -1) FROM main.{} AS t
         LEFT JOIN {depths} AS d ON d.id = +t.{} COLLATE BINARY WHERE {}
         ORDER BY d.depth IS NULL, d.depth, {}",
        table.columns(),
        quoted(&table.name),
        quoted(id),
        table.read_condition(),
        table.key.order("t.", snapshot.byte_order())
    ))
}

/// The query for the id columns, then each field or the document, of the rows that meet a condition, in
/// the order in which they are stored.
pub(super) fn select_stored(table: &RecordTable, condition: &str) -> String {
    let rows = table.read_condition();
    format!("SELECT {} FROM {} AS t WHERE {condition} AND {rows}", table.columns(), quoted(&table.name))
}

fn select_by_id(table: &RecordTable, snapshot: &Snapshot, order: ReadOrder) -> String {
    // A unary plus keeps SQLite from following an index (https://www.sqlite.org/optoverview.html).
    let plus = if order == ReadOrder::Sort { "+" } else { "" };
    let by_id = table.key.order("t.", snapshot.byte_order());
    let (columns, name, rows) = (table.columns(), quoted(&table.name), table.read_condition());
    format!("SELECT {columns} FROM {name} AS t WHERE {rows} ORDER BY {plus}{by_id}")
}

/// Whether neighbours by id are far from each other in the table. Then one sequential read and a
/// sort are faster than following the index from page to page.
///
/// It samples row ids along the index, so a table without row ids or without such an index is
/// not scattered.
fn is_scattered(table: &RecordTable, snapshot: &Snapshot) -> rusqlite::Result<bool> {
    let connection = snapshot.connection();
    let row_ids = format!(
        "SELECT rowid FROM {} ORDER BY {} COLLATE {}",
        quoted(&table.name),
        quoted(table.key.first_column()),
        snapshot.byte_order()
    );
    let sql = format!(
        "SELECT count(*), total(rowid - before NOT BETWEEN -{NEAR} AND {NEAR}) FROM (
             SELECT rowid, lag(rowid) OVER () AS before FROM ({row_ids} LIMIT {SAMPLE}))"
    );
    let Ok(mut statement) = connection.prepare(&sql) else { return Ok(false) };
    if opens_sorter(connection, &row_ids)? {
        return Ok(false);
    }
    let (rows, far): (u32, f64) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows == SAMPLE && far > f64::from(SAMPLE) / 2.0)
}
