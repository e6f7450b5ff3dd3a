//! How many items of each resource and join store are not deleted: the table `live`, which every transaction
//! keeps, so that nothing has to be counted to show it.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};

use super::reader::SqliteReader;
use crate::server::shared_text::SharedText;
use crate::server::store::{Live, Result};

/// What a transaction has changed in the counts.
#[derive(Debug, Default)]
pub(super) struct LiveChanges(BTreeMap<SharedText, i64>);

impl LiveChanges {
    /// An item was written: it was deleted or not there before, or it is now, or neither.
    pub(super) fn add(&mut self, name: &SharedText, was_live: bool, is_live: bool) {
        let change = i64::from(is_live) - i64::from(was_live);
        if change == 0 {
            return;
        }
        match self.0.get_mut(name) {
            Some(sum) => *sum += change,
            None => {
                self.0.insert(name.clone(), change);
            }
        }
    }

    /// Writes the changes, and forgets them.
    pub(super) fn save(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (name, change) in std::mem::take(&mut self.0) {
            let sql = "INSERT INTO live (name, items) VALUES (?1, ?2)
                       ON CONFLICT (name) DO UPDATE SET items = items + excluded.items";
            connection.prepare_cached(sql)?.execute(params![name, change])?;
        }
        Ok(())
    }

    /// Forgets the changes of a transaction that was rolled back.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Makes the table, if it is not there, and counts all items if their sum is not that of `live`: in a file of
/// a version that does not keep it.
///
/// # Errors
/// When SQLite fails.
pub(super) fn make(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS live (name TEXT PRIMARY KEY, items INTEGER NOT NULL) WITHOUT ROWID",
    )?;
    let is_counted: bool = transaction.query_row(
        "SELECT (SELECT coalesce(sum(items), 0) FROM live) = (SELECT value FROM meta WHERE key = 'items')
             - (SELECT count(*) FROM item INDEXED BY tombstone WHERE document IS NULL)",
        [],
        |row| row.get(0),
    )?;
    if !is_counted {
        transaction.execute_batch(
            "DELETE FROM live;
             INSERT INTO live (name, items)
                 SELECT name, count(*) FROM item NOT INDEXED WHERE document IS NOT NULL GROUP BY name",
        )?;
    }
    Ok(())
}

impl SqliteReader {
    /// The counts.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) fn live(&self) -> Result<Vec<Live>> {
        let mut statement = self.connection().prepare_cached("SELECT name, items FROM live")?;
        let live = statement.query_map([], |row| Ok(Live { name: row.get(0)?, items: row.get(1)? }))?;
        Ok(live.collect::<rusqlite::Result<_>>()?)
    }
}
