//! What a schema leaves out of a database: tables that it does not name, and generated columns of
//! those that it names. Other columns that a schema does not name are local on purpose.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::offline::error::OfflineError;
use crate::offline::introspect::tables::others;
use crate::offline::snapshot::Snapshot;
use crate::schema::{Schema, other_note, tool_of};

/// A table or column that an upload does not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// The table's name.
    pub table: String,
    /// The column's name, where it is a column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Why it is left out.
    pub why: String,
}

/// What a schema leaves out, in the order of the tables' names. SQLite's and synctool's own tables
/// are not listed.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read.
pub fn left_out(snapshot: &Snapshot, schema: &Schema) -> Result<Vec<LeftOut>, OfflineError> {
    let collect = || -> rusqlite::Result<Vec<LeftOut>> {
        let connection = snapshot.connection();
        let mut named: HashMap<String, HashSet<String>> = HashMap::new();
        for resource in &schema.resources {
            let columns = named.entry(resource.storage.table.to_lowercase()).or_default();
            columns.extend(resource.fields.iter().map(|field| field.column().to_lowercase()));
        }
        for store in schema.join_stores() {
            let columns = named.entry(store.storage().table.to_lowercase()).or_default();
            columns.extend(store.relation.metadata.iter().map(|field| field.column().to_lowercase()));
        }
        let why: HashMap<String, String> =
            others(connection)?.into_iter().map(|other| (other.name, other_note(&other.kind))).collect();
        let mut statement =
            connection.prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' ORDER BY name")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let table: String = row.get(0)?;
            if table.starts_with("sqlite_") || table.starts_with("__datafn_") {
                continue;
            }
            let Some(columns) = named.get(&table.to_lowercase()) else {
                let tool = tool_of(&table).map(|tool| format!("it is a table of {tool}"));
                let why = why.get(&table).cloned().or(tool);
                let why = why.unwrap_or_else(|| "the schema does not name it".to_owned());
                found.push(LeftOut { table, column: None, why });
                continue;
            };
            let mut generated = connection.prepare_cached(
                "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden IN (2, 3) ORDER BY cid",
            )?;
            let generated = generated.query_map([&table], |row| row.get::<_, String>(0))?;
            for column in generated {
                let column = column?;
                if !columns.contains(&column.to_lowercase()) {
                    let why = "it is a generated column".to_owned();
                    found.push(LeftOut { table: table.clone(), column: Some(column), why });
                }
            }
        }
        Ok(found)
    };
    collect().map_err(OfflineError::while_doing("cannot inspect the tables"))
}
