//! Pulled records whose row is marked as deleted: whether it is, and the statement that makes it a
//! record again. What such a row needs is found in [`super::revival`].

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};

use crate::offline::error::OfflineError;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::revival::Revival;
use crate::offline::write::local_table::table::LocalTable;

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
    /// Whether there are rows with these ids, and all of them are marked as deleted.
    pub(crate) fn is_marked(&self, connection: &Connection, ids: &[&str]) -> Result<bool, OfflineError> {
        match (&self.revival, self.key_parameters(ids)) {
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
        let sql = format!("SELECT min({is_marked} IS 1) FROM {name} AS t WHERE {}", self.key_conditions(0));
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
