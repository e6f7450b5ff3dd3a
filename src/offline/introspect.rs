//! Introspection: facts about the tables of any SQLite database, from which a schema is inferred.
//! They are the declared columns and keys, and the kinds of values that the columns hold.
//! Inferring is the job of [`crate::schema::infer`].
//!
//! ```
//! use synctool::offline::{Database, Snapshot, introspect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("app.db");
//! rusqlite::Connection::open(&path)?.execute_batch(
//!     "CREATE TABLE todos (id TEXT PRIMARY KEY, done INTEGER);
//!      INSERT INTO todos VALUES ('t1', 0), ('t2', 1)",
//! )?;
//!
//! let snapshot = Snapshot::take(&Database::open(&path)?)?;
//! let tables = introspect::tables(&snapshot)?;
//! assert_eq!((tables[0].name.as_str(), tables[0].rows), ("todos", 2));
//! let done = &tables[0].columns[1];
//! // Only 0 and 1: the column can be a boolean.
//! assert!(done.has_integer && !done.has_large_integer);
//! # Ok(())
//! # }
//! ```

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use serde_json::Value;

use crate::offline::error::OfflineError;
use crate::offline::map::document;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::quoted;
use crate::schema::{ColumnFacts, ForeignKey, TableFacts};

/// The SQL function that says whether text is a JSON object or array.
const IS_CONTAINER: &str = "synctool_is_container";

/// How many documents of a table are read to find their keys.
const DOCUMENTS: u64 = 1000;

/// The facts about every table, in the order of their names. Views, virtual tables and their
/// shadow tables are left out. It reads every value of every table.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read.
pub fn tables(snapshot: &Snapshot) -> Result<Vec<TableFacts>, OfflineError> {
    let failed = || OfflineError::while_doing("cannot inspect the tables");
    let connection = snapshot.connection();
    register(connection).map_err(failed())?;
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
             AND name <> 'sqlite_schema' ORDER BY name",
        )
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(failed())?;
    names.iter().map(|name| table(connection, name).map_err(failed())).collect()
}

/// The facts about the keys of the JSON objects in a table's column `data`, in the order of their
/// names, from its first 1000 rows.
///
/// # Errors
/// [`OfflineError::Storage`] when the database cannot be read.
pub fn document_keys(snapshot: &Snapshot, table: &str) -> Result<Vec<ColumnFacts>, OfflineError> {
    let sql = format!("SELECT data FROM {} ORDER BY rowid LIMIT {DOCUMENTS}", quoted(table));
    let collect = || -> rusqlite::Result<Vec<ColumnFacts>> {
        let mut keys: Vec<ColumnFacts> = Vec::new();
        let mut statement = snapshot.connection().prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Ok(document) = document::parse(row.get_ref(0)?) else { continue };
            for (name, value) in &document {
                let place = keys.iter().position(|key| key.name == *name).unwrap_or_else(|| {
                    keys.push(ColumnFacts { name: name.clone(), ..ColumnFacts::default() });
                    keys.len() - 1
                });
                note_value(&mut keys[place], value);
            }
        }
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(keys)
    };
    collect().map_err(OfflineError::while_doing(format!("cannot read table {}", quoted(table))))
}

/// Adds a value of a document to the facts about its key.
fn note_value(facts: &mut ColumnFacts, value: &Value) {
    match value {
        Value::Null => facts.has_null = true,
        // Only documents can hold booleans of JSON, so one of them declares the type.
        Value::Bool(_) => {
            facts.has_integer = true;
            "BOOL".clone_into(&mut facts.declared);
        }
        Value::Number(number) if number.is_f64() => facts.has_real = true,
        Value::Number(number) => {
            facts.has_integer = true;
            facts.has_large_integer |= !matches!(number.as_u64(), Some(0 | 1));
        }
        Value::String(text) => {
            facts.has_text = true;
            facts.has_plain_text |= !is_container(text.as_bytes());
        }
        Value::Array(_) | Value::Object(_) => facts.has_text = true,
    }
}

/// The facts about one table.
fn table(connection: &Connection, name: &str) -> rusqlite::Result<TableFacts> {
    let mut facts = TableFacts { name: name.to_owned(), ..TableFacts::default() };
    // Generated columns are computed from others, and a pulled change cannot be written to them.
    let mut statement = connection
        .prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1) WHERE hidden = 0")?;
    facts.columns = statement
        .query_map([name], |row| {
            Ok(ColumnFacts {
                name: row.get(0)?,
                declared: row.get::<_, String>(1)?.to_uppercase(),
                is_not_null: row.get(2)?,
                key_place: row.get(3)?,
                ..ColumnFacts::default()
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    facts.foreign_keys = foreign_keys(connection, name)?;
    note_values(connection, &mut facts)?;
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

/// Finds the kinds of values in all columns, in one scan of the table.
fn note_values(connection: &Connection, facts: &mut TableFacts) -> rusqlite::Result<()> {
    let mut sums = vec!["count(*)".to_owned()];
    for column in &facts.columns {
        let name = quoted(&column.name);
        sums.extend([
            format!("total({name} IS NULL)"),
            format!("total(typeof({name}) = 'integer')"),
            format!("total(typeof({name}) = 'integer' AND {name} NOT IN (0, 1))"),
            format!("total(typeof({name}) = 'real')"),
            format!("total(typeof({name}) = 'text')"),
            format!("total(typeof({name}) = 'text' AND NOT {IS_CONTAINER}({name}))"),
            format!("total(typeof({name}) = 'blob')"),
        ]);
    }
    let sql = format!("SELECT {} FROM {}", sums.join(", "), quoted(&facts.name));
    connection.query_row(&sql, [], |row| {
        facts.rows = row.get(0)?;
        let mut index = 1;
        let mut next = || -> rusqlite::Result<bool> {
            let sum: f64 = row.get(index)?;
            index += 1;
            Ok(sum > 0.0)
        };
        for column in &mut facts.columns {
            column.has_null = next()?;
            column.has_integer = next()?;
            column.has_large_integer = next()?;
            column.has_real = next()?;
            column.has_text = next()?;
            column.has_plain_text = next()?;
            column.has_blob = next()?;
        }
        Ok(())
    })
}

/// Registers [`IS_CONTAINER`].
fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(IS_CONTAINER, 1, flags, |context| {
        Ok(matches!(context.get_raw(0), ValueRef::Text(text) if is_container(text)))
    })
}

/// Whether text is a JSON object or array.
fn is_container(text: &[u8]) -> bool {
    // The first byte decides for most text.
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
        && serde_json::from_slice::<Value>(text).is_ok()
}
