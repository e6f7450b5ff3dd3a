//! A temporary table of the differences that a comparison has found. Several threads look up in it which
//! rows are to be sent.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Row, params};

use super::server_items::{Digest, ItemKey};
use super::temporary::{failed, open};
use crate::offline::error::OfflineError;

/// A record or join row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundItem {
    /// Its key.
    pub key: ItemKey,
    /// The digest of its content in the database; `None` where only the server has it.
    pub local: Option<Digest>,
    /// The digest of its content on the server; `None` where only the database has it.
    pub server: Option<Digest>,
}

/// The differences, by the name of the resource or join store.
#[derive(Debug)]
pub struct FoundItems {
    connection: Mutex<Connection>,
}

impl FoundItems {
    /// An empty table in a temporary file, which is removed when the table is dropped.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be created.
    pub fn new() -> Result<Self, OfflineError> {
        let table = "CREATE TABLE found (name TEXT, is_extra INTEGER, id TEXT, from_len INTEGER, local BLOB,
            server BLOB, PRIMARY KEY (name, is_extra, id, from_len)) WITHOUT ROWID";
        Ok(Self { connection: Mutex::new(open(table)?) })
    }

    /// Adds a difference.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn add(&self, name: &str, item: &FoundItem) -> Result<(), OfflineError> {
        let FoundItem { key, local, server } = item;
        let sql = "INSERT OR REPLACE INTO found VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![name, local.is_none(), key.id, key.stored_len(), local, server];
        self.execute(sql, values).map(|_| ())
    }

    /// Removes a difference that is not to be acted upon; returns whether there was one. `from:to` is the
    /// id of a join row.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn remove(&self, name: &str, id: &str, is_extra: bool) -> Result<bool, OfflineError> {
        let sql = "DELETE FROM found WHERE name = ?1 AND is_extra = ?2 AND id = ?3";
        self.execute(sql, params![name, is_extra, id]).map(|removed| removed > 0)
    }

    /// Whether the database has this item, and the server lacks it or has it otherwise.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn has_local(&self, name: &str, key: &ItemKey) -> Result<bool, OfflineError> {
        let sql = "SELECT 1 FROM found WHERE name = ?1 AND is_extra = 0 AND id = ?2 AND from_len = ?3";
        self.exists(sql, params![name, key.id, key.stored_len()])
    }

    /// Whether only the server has an item with this id.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn has_extra(&self, name: &str, id: &str) -> Result<bool, OfflineError> {
        self.exists("SELECT 1 FROM found WHERE name = ?1 AND is_extra = 1 AND id = ?2", params![name, id])
    }

    /// The number of differences of a resource or join store that the database has, and of those that
    /// only the server has.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn counts(&self, name: &str) -> Result<(u64, u64), OfflineError> {
        let sql = "SELECT count(*) FILTER (WHERE NOT is_extra), count(*) FILTER (WHERE is_extra)
            FROM found WHERE name = ?1";
        self.lock().query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)
    }

    /// Calls `consume` with the differences of a resource or join store, in byte order of their ids: what
    /// the database has first, then what only the server has, unless `extra` asks for one of them.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Storage`] when the file cannot be read.
    pub fn for_each<E: From<OfflineError>>(
        &self,
        name: &str,
        extra: Option<bool>,
        mut consume: impl FnMut(FoundItem) -> Result<(), E>,
    ) -> Result<(), E> {
        // A page at a time, so that the table is not locked while the items are consumed.
        let mut after = None;
        loop {
            let page = self.page(name, extra, after.as_ref())?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for item in page {
                consume(item)?;
            }
        }
    }

    /// The next items after one.
    fn page(
        &self,
        name: &str,
        extra: Option<bool>,
        after: Option<&FoundItem>,
    ) -> Result<Vec<FoundItem>, OfflineError> {
        /// Items of a page.
        const LIMIT: usize = 500;
        let sql = format!(
            "SELECT id, from_len, local, server FROM found WHERE name = ?1 AND (?2 IS NULL OR is_extra = ?2)
                 AND (is_extra, id, from_len) > (?3, ?4, ?5) ORDER BY is_extra, id, from_len LIMIT {LIMIT}"
        );
        let (is_extra, id, len) = match after {
            None => (-1, "", 0),
            Some(item) => (i64::from(item.local.is_none()), &*item.key.id, item.key.stored_len()),
        };
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
        let read = |row: &Row<'_>| {
            let key = ItemKey::stored(row.get(0)?, row.get(1)?);
            Ok(FoundItem { key, local: row.get(2)?, server: row.get(3)? })
        };
        let rows = statement.query_map(params![name, extra, is_extra, id, len], read).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }

    fn exists(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<bool, OfflineError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql).map_err(failed)?;
        statement.exists(values).map_err(failed)
    }

    fn execute(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize, OfflineError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql).map_err(failed)?;
        statement.execute(values).map_err(failed)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A thread that panicked has at most not finished a statement.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_come_back_in_order_page_by_page() {
        let found = FoundItems::new().unwrap();
        let item = |number: u32, is_extra: bool| FoundItem {
            key: ItemKey::record(format!("{number:05}")),
            local: (!is_extra).then_some([1; 16]),
            server: is_extra.then_some([2; 16]),
        };
        for number in (0..1200).rev() {
            found.add("a", &item(number, number % 3 == 0)).unwrap();
        }
        found.add("b", &item(7, false)).unwrap();
        assert_eq!((found.counts("a").unwrap(), found.counts("c").unwrap()), ((800, 400), (0, 0)));
        let ids = |extra| {
            let mut ids = Vec::new();
            let read = found.for_each("a", extra, |item| {
                ids.push((item.local.is_none(), item.key.id));
                Ok::<_, OfflineError>(())
            });
            read.unwrap();
            ids
        };
        let all = ids(None);
        assert!(all.len() == 1200 && all.is_sorted() && !all[799].0 && all[800].0);
        assert_eq!((ids(Some(true)), ids(Some(false))), (all[800..].to_vec(), all[..800].to_vec()));
        assert!(found.has_extra("a", "00003").unwrap() && !found.has_extra("a", "00004").unwrap());
        assert!(found.has_local("a", &ItemKey::record("00004")).unwrap());
        assert!(found.remove("a", "00004", false).unwrap() && !found.remove("a", "00004", false).unwrap());
        assert!(!found.has_local("a", &ItemKey::record("00004")).unwrap());
    }
}
