//! Pulled records whose row is marked as deleted (contract 1.1, `storage.deletedWhen`). The upload
//! has pushed the delete, so the server's record is newer: the row becomes a record again. Which
//! marks the upload has pushed is decided in [`crate::offline::write::finalizer`].

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::offline::error::OfflineError;
use crate::offline::map::marker::Marker;
use crate::offline::sql::{Table, literal, quoted};
use crate::offline::write::local_table::table::{LocalTable, failed};
use crate::schema::Storage;

/// The columns in which WatermelonDB keeps the sync state of a row, and the state of a row that is
/// as the server has it.
const WATERMELON: ([&str; 2], &str) = (["_status", "_changed"], "'synced'");

/// How a row that is marked as deleted becomes a record again.
pub(super) struct Revival {
    marker: Marker,
    /// The SQL expression for the marker column of a record; `None` when none is known that does
    /// not mark a row.
    live_value: Option<String>,
    /// Whether the marker column is a field too: then its pulled value decides.
    is_field: bool,
}

/// What a pulled record does to the marker column of its row.
pub(super) enum Revived {
    /// Nothing: the row is not marked, or there is none.
    Unmarked,
    /// This statement clears the mark; its parameters are the keys.
    By(String),
    /// No value is known that does not mark the row.
    Impossible,
}

impl LocalTable {
    /// The table, with what its marked rows need to become records again.
    pub(super) fn with_revival(
        mut self,
        connection: &Connection,
        storage: &Storage,
    ) -> Result<Self, OfflineError> {
        let found = Table::find(connection, &self.name).map_err(failed(&self.name))?;
        let Some(found) = found else { return Ok(self) };
        let Some(marker) = Marker::find(storage, &found)? else { return Ok(self) };
        let is_field =
            self.document.is_none() && self.fields.iter().any(|field| field.column == marker.column);
        let live_value = live_value(connection, &self.name, &found, &marker).map_err(failed(&self.name))?;
        self.revival = Some(Revival { marker, live_value, is_field });
        Ok(self)
    }

    /// Whether there are rows with these ids, and all of them are marked as deleted.
    pub(crate) fn is_marked(&self, connection: &Connection, ids: &[&str]) -> Result<bool, OfflineError> {
        match (&self.revival, self.local_keys(ids)) {
            (Some(revival), Some(keys)) => self.has_marked(connection, revival, &keys),
            _ => Ok(false),
        }
    }

    fn has_marked(
        &self,
        connection: &Connection,
        revival: &Revival,
        keys: &[SqlValue],
    ) -> Result<bool, OfflineError> {
        let connection = self.foreign_collations.as_ref().map_or(connection, |foreign| &foreign.reader);
        let (is_marked, name) = (revival.marker.is_marked("t"), quoted(&self.name));
        let sql =
            format!("SELECT min({is_marked} IS TRUE) FROM {name} AS t WHERE {}", self.key_conditions(0));
        connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(keys), |row| row.get(0)))
            .map(|is_marked: Option<bool>| is_marked == Some(true))
            .map_err(failed(&self.name))
    }

    /// How the row with these keys becomes a record again.
    pub(super) fn revived(
        &self,
        connection: &Connection,
        keys: &[SqlValue],
    ) -> Result<Revived, OfflineError> {
        let Some(revival) = self.revival.as_ref().filter(|revival| !revival.is_field) else {
            return Ok(Revived::Unmarked);
        };
        if !self.has_marked(connection, revival, keys)? {
            return Ok(Revived::Unmarked);
        }
        let Some(live_value) = &revival.live_value else { return Ok(Revived::Impossible) };
        let (name, column) = (quoted(&self.name), quoted(&revival.marker.column));
        Ok(Revived::By(format!("UPDATE {name} SET {column} = {live_value} WHERE {}", self.key_conditions(0))))
    }

    /// The quoted marker column and the SQL expression for it in a new row.
    pub(super) fn marker_of_new_row(&self) -> Option<(String, &str)> {
        let Revival { marker, live_value, is_field } = self.revival.as_ref()?;
        let live_value = live_value.as_deref().filter(|_| !is_field)?;
        Some((quoted(&marker.column), live_value))
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
    let ([status, changed], synced) = WATERMELON;
    let is_watermelon = marker.column.eq_ignore_ascii_case(status) && table.column(changed).is_some();
    let candidates = is_watermelon
        .then(|| synced.to_owned())
        .into_iter()
        .chain(default.map(|default| default_value(&default)))
        .chain(["NULL".to_owned(), "0".to_owned()]);
    for candidate in candidates {
        let sql = format!(
            "SELECT {} IS NOT TRUE AND ({candidate} IS NOT NULL OR NOT {is_not_null})",
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
