//! Pulled records whose row is marked as deleted (contract 1.1, `storage.deletedWhen`). The upload
//! has pushed the delete, so the server's record is newer: the row becomes a record again. Which
//! marks the upload has pushed is decided in [`crate::offline::write::page_writer`].

use rusqlite::{Connection, OptionalExtension};

use crate::offline::error::OfflineError;
use crate::offline::map::marker::Marker;
use crate::offline::sql::{Table, literal};
use crate::offline::write::local_table::error::failed;
use crate::schema::Storage;

/// The columns in which WatermelonDB keeps the sync state of a row.
pub(in crate::offline::write) const WATERMELON_STATE: [&str; 2] = ["_status", "_changed"];

/// The state of a row that is as the server has it.
const WATERMELON_SYNCED: &str = "'synced'";

/// How a row that is marked as deleted becomes a record again.
pub(super) struct Revival {
    pub(super) marker: Marker,
    /// The SQL expression for the marker column of a record; `None` when none is known that does
    /// not mark a row.
    pub(super) live_value: Option<String>,
    /// Whether the marker column is a field too: then its pulled value decides.
    pub(super) is_field: bool,
}

impl Revival {
    /// Finds what the marked rows of a table need to become records again; `None` where rows cannot
    /// be marked. `is_field` says whether a column is a field too.
    pub(super) fn find(
        connection: &Connection,
        storage: &Storage,
        is_field: impl FnOnce(&str) -> bool,
    ) -> Result<Option<Self>, OfflineError> {
        let name = &storage.table;
        let found = Table::find(connection, name).map_err(failed(name))?;
        let Some(found) = found else { return Ok(None) };
        let Some(marker) = Marker::find(storage, &found)? else { return Ok(None) };
        let live_value = live_value(connection, name, &found, &marker).map_err(failed(name))?;
        let is_field = is_field(&marker.column);
        Ok(Some(Self { marker, live_value, is_field }))
    }
}

/// The SQL expression for the marker column of a record: WatermelonDB's own state, the column's
/// default, NULL or 0, whichever first does not mark the row and can be stored.
fn live_value(
    connection: &Connection,
    name: &str,
    table: &Table,
    marker: &Marker,
) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT dflt_value, \"notnull\" FROM pragma_table_xinfo(?1) WHERE name = ?2 AND hidden = 0";
    let declared: Option<(Option<String>, bool)> =
        connection.query_row(sql, [name, &marker.column], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    // A generated column cannot be written to.
    let Some((default, is_not_null)) = declared else { return Ok(None) };
    let [status, changed] = WATERMELON_STATE;
    let is_watermelon = marker.column.eq_ignore_ascii_case(status) && table.column(changed).is_some();
    let candidates = is_watermelon
        .then(|| WATERMELON_SYNCED.to_owned())
        .into_iter()
        .chain(default.map(|default| default_value(&default)))
        .chain(["NULL".to_owned(), "0".to_owned()]);
    for candidate in candidates {
        let sql = format!(
            "SELECT {} IS NOT 1 AND ({candidate} IS NOT NULL OR NOT {is_not_null})",
            marker.holds_for(&candidate)
        );
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// A declared default as an SQL expression. SQLite takes a name for its text there, with or without
/// double quotes, and only there.
fn default_value(declared: &str) -> String {
    let text = declared.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match text {
        Some(text) => literal(&text.replace("\"\"", "\"")),
        None if is_plain_name(declared) => literal(declared),
        None => format!("({declared})"),
    }
}

/// Whether it is a name that is no SQL keyword for a value.
fn is_plain_name(text: &str) -> bool {
    const VALUES: [&str; 6] = ["NULL", "TRUE", "FALSE", "CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"];
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
        && text.chars().all(is_name)
        && VALUES.iter().all(|value| !value.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn the_value_of_a_record_does_not_mark_its_row_and_can_be_stored() {
        for (column, rule, expected) in [
            ("m", r#""values": ["x"]"#, Some("NULL")),
            ("m NOT NULL", r#""values": ["x"]"#, Some("0")),
            ("m NOT NULL", r#""values": [0, "x"]"#, None),
            ("m DEFAULT 'active'", r#""values": ["x"]"#, Some("('active')")),
            ("m DEFAULT \"active\"", r#""values": ["x"]"#, Some("'active'")),
            ("m DEFAULT active", r#""values": ["x"]"#, Some("'active'")),
            ("m DEFAULT TRUE", r#""values": ["x"]"#, Some("(TRUE)")),
            ("m DEFAULT -1", r#""values": [1]"#, Some("(-1)")),
            ("m DEFAULT 1", r#""values": [1]"#, Some("NULL")),
            ("m INTEGER NOT NULL DEFAULT 1", r#""values": [1]"#, Some("0")),
            ("m DEFAULT CURRENT_TIMESTAMP", r#""notNull": true"#, Some("NULL")),
            ("m NOT NULL", r#""notNull": true"#, None),
            ("m AS (1)", r#""values": [1]"#, None),
            ("_status, _changed", r#""values": ["deleted"]"#, Some("'synced'")),
            ("_status, _changed", r#""values": ["deleted", "synced"]"#, Some("NULL")),
            ("_status", r#""values": ["deleted"]"#, Some("NULL")),
        ] {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(&format!("CREATE TABLE a (id TEXT, {column})")).unwrap();
            let name = column.split([' ', ',']).next().unwrap();
            let schema = Schema::parse(&format!(
                r#"{{"resources": [{{"name": "a", "storage": {{"deletedWhen": {{"column": "{name}", {rule}}}}}}}]}}"#
            ));
            let table = Table::find(&connection, "a").unwrap().unwrap();
            let marker = Marker::find(&schema.unwrap().resources[0].storage, &table).unwrap().unwrap();
            let found = live_value(&connection, "a", &table, &marker).unwrap();
            assert_eq!(found.as_deref(), expected, "{column} {rule}");
        }
    }
}
