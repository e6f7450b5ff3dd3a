//! Questions about rows that only come up while a schema is inferred, answered in SQL. Each reads whole
//! tables, and no index: one may have a collation that only the application knows. What follows from the
//! answers is decided in [`crate::schema`].

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;

use crate::offline::error::OfflineError;
use crate::offline::introspect::documents::documents;
use crate::offline::introspect::tables::facts;
use crate::offline::map::document::value_expression;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{Table, quoted};
use crate::offline::upload_queue;
use crate::schema::{DocumentFacts, Inferred, Lookup, ValuesOf};

/// Infers a schema for a database. It reads every value of every table.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read.
pub fn infer(snapshot: &Snapshot) -> Result<Inferred, OfflineError> {
    crate::schema::infer(&facts(snapshot)?, &Rows(snapshot))
}

/// The rows of a snapshot.
struct Rows<'s>(&'s Snapshot);

impl Lookup for Rows<'_> {
    type Error = OfflineError;

    fn documents(&self, table: &str, column: &str) -> Result<DocumentFacts, OfflineError> {
        documents(self.0, table, column)
    }

    fn has_equal_ids(&self, table: &str, columns: &[&str]) -> Result<bool, OfflineError> {
        let texts: Vec<_> = columns.iter().map(|column| id_text(&quoted(column))).collect();
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} NOT INDEXED GROUP BY {} HAVING count(*) > 1)",
            quoted(table),
            texts.join(", ")
        );
        let found = self.0.connection().query_row(&sql, [], |row| row.get(0));
        found.map_err(OfflineError::while_doing(format!("cannot read table {}", quoted(table))))
    }

    fn count_unmatched(&self, from: ValuesOf<'_>, to: (&str, &str)) -> Result<u64, OfflineError> {
        let (target, key) = to;
        let value = match from.document {
            None => quoted(from.column),
            Some(document) => value_expression(&quoted(document), from.column),
        };
        let sql = format!(
            "SELECT count(*) FROM {} NOT INDEXED WHERE {value} IS NOT NULL
             AND {} NOT IN (SELECT {} FROM {} NOT INDEXED WHERE {} IS NOT NULL)",
            quoted(from.table),
            id_text(&value),
            id_text(&quoted(key)),
            quoted(target),
            quoted(key)
        );
        let count = self.0.connection().query_row(&sql, [], |row| row.get(0));
        count.map_err(OfflineError::while_doing(format!("cannot read table {}", quoted(from.table))))
    }

    fn entity_tables(&self) -> Result<Vec<(i64, String)>, OfflineError> {
        entity_tables(self.0.connection()).map_err(OfflineError::while_doing("cannot read Z_PRIMARYKEY"))
    }

    fn queued(&self) -> Result<BTreeMap<String, u64>, OfflineError> {
        upload_queue::queued(self.0)
    }
}

/// The SQL expression for the text from which a template makes an id; `value` is an SQL expression.
fn id_text(value: &str) -> String {
    format!(
        "(CASE typeof({value}) WHEN 'blob' THEN lower(hex({value})) ELSE CAST({value} AS TEXT) END) COLLATE BINARY"
    )
}

/// The table of each entity of Core Data: that of its topmost parent, named `Z` and the name in
/// capitals.
fn entity_tables(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    let columns = ["Z_ENT", "Z_NAME", "Z_SUPER"];
    match Table::find(connection, "Z_PRIMARYKEY")? {
        Some(table) if columns.iter().all(|column| table.column(column).is_some()) => {}
        _ => return Ok(Vec::new()),
    }
    let mut statement = connection.prepare(
        "SELECT Z_ENT, Z_NAME, Z_SUPER FROM Z_PRIMARYKEY NOT INDEXED
         WHERE typeof(Z_ENT) = 'integer' AND typeof(Z_NAME) = 'text' ORDER BY Z_ENT COLLATE BINARY",
    )?;
    let mut rows = statement.query([])?;
    let mut entities = HashMap::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        entities.insert(number, (row.get::<_, String>(1)?, row.get::<_, Option<i64>>(2)?));
    }
    let root = |number: &i64| {
        let mut current = number;
        // As many steps as there are entities: a cycle of parents has no end.
        for _ in 0..entities.len() {
            match &entities[current].1 {
                Some(parent) if entities.contains_key(parent) => current = parent,
                _ => break,
            }
        }
        format!("Z{}", entities[current].0.to_uppercase())
    };
    let mut tables: Vec<_> = entities.keys().map(|number| (*number, root(number))).collect();
    tables.sort_unstable();
    Ok(tables)
}
