//! Pulled records whose row is marked as deleted: whether it is, and the statement that makes it a
//! record again. What such a row needs is found in [`super::revival`].

use crate::offline::error::OfflineError;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::foreign_collations::ForeignCollations;
use crate::offline::write::local_table::revival::Revival;
use crate::offline::write::local_table::table::LocalTable;
use crate::offline::write::local_table::writer::{RowKey, TableWriter};

/// What a pulled record does to the marker column of its row.
pub(super) enum Revived {
    /// Nothing: the row is not marked, or there is none.
    Unmarked,
    /// This statement clears the mark; its parameters are the key.
    By(String),
    /// No value is known that does not mark the row.
    Impossible,
}

impl TableWriter<'_> {
    /// Whether there are rows with this key, and all of them are marked as deleted.
    pub(super) fn is_marked(&self, key: &RowKey<'_>) -> Result<bool, OfflineError> {
        let table = self.table;
        let Some(revival) = &table.revival else { return Ok(false) };
        let reader = ForeignCollations::reader_of(table.foreign_collations.as_ref(), self.connection);
        let (is_marked, name) = (revival.marker.is_marked("t"), quoted(&table.name));
        let sql = format!("SELECT min({is_marked} IS 1) FROM {name} AS t WHERE {}", table.key_conditions(0));
        let selected = reader.prepare_cached(&sql).and_then(|mut statement| {
            key.bind(&mut statement, 1)?;
            let mut rows = statement.raw_query();
            let is_marked: Option<bool> = rows.next()?.map(|row| row.get(0)).transpose()?.flatten();
            Ok(is_marked == Some(true))
        });
        selected.map_err(failed(&table.name))
    }
}

impl LocalTable {
    /// How a row becomes a record again.
    pub(super) fn revived(&self, is_marked: bool) -> Revived {
        let revival = self.revival.as_ref().filter(|revival| is_marked && !revival.is_field);
        let Some(revival) = revival else { return Revived::Unmarked };
        let Some(live_value) = &revival.live_value else { return Revived::Impossible };
        let (name, column) = (quoted(&self.name), quoted(&revival.marker.column));
        Revived::By(format!("UPDATE {name} SET {column} = {live_value} WHERE {}", self.key_conditions(0)))
    }

    /// The quoted marker column and the SQL expression for it in a new row.
    pub(super) fn marker_of_new_row(&self) -> Option<(String, &str)> {
        let Revival { marker, live_value, is_field } = self.revival.as_ref()?;
        let live_value = live_value.as_deref().filter(|_| !is_field)?;
        Some((quoted(&marker.column), live_value))
    }
}
