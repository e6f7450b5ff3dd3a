//! A temporary table of the records and join rows that a server has, with a digest of each.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::temporary::{failed, open};
use crate::offline::error::OfflineError;

/// The digest of one record's fields, or of one join row's metadata.
pub type Digest = [u8; 16];

/// What a table has for the length of an id at the `from` end that is not known.
const UNKNOWN: i64 = -1;

/// The key of a record or join row, as the feed names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemKey {
    /// The record's id, or `from:to` of a join row.
    pub id: String,
    /// The length of `from` in bytes; `None` for a record, and where it is not known.
    pub from_len: Option<usize>,
}

impl ItemKey {
    /// The key of a record.
    pub fn record(id: impl Into<String>) -> Self {
        Self { id: id.into(), from_len: None }
    }

    /// The key of a join row.
    #[must_use]
    pub fn join_row(from: &str, to: &str) -> Self {
        Self { id: format!("{from}:{to}"), from_len: Some(from.len()) }
    }

    /// The two ids of a join row, where it is known which part of the key each is.
    #[must_use]
    pub fn ends(&self) -> Option<(&str, &str)> {
        let from_len = self.from_len?;
        Some((self.id.get(..from_len)?, self.id.get(from_len + 1..)?))
    }

    /// The length of `from` as tables have it.
    pub(super) fn stored_len(&self) -> i64 {
        self.from_len.and_then(|len| i64::try_from(len).ok()).unwrap_or(UNKNOWN)
    }

    /// A key that was stored.
    pub(super) fn stored(id: String, from_len: i64) -> Self {
        Self { id, from_len: usize::try_from(from_len).ok() }
    }
}

/// The server's items, by the name of the resource or join store, and key.
#[derive(Debug)]
pub struct ServerItems {
    connection: Connection,
}

impl ServerItems {
    /// An empty table in a temporary file, which is removed when the table is dropped.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be created.
    pub fn new() -> Result<Self, OfflineError> {
        let table = "CREATE TABLE item (name TEXT, id TEXT, from_len INTEGER, digest BLOB,
            PRIMARY KEY (name, id, from_len)) WITHOUT ROWID";
        Ok(Self { connection: open(table)? })
    }

    /// Stores the digest of an item, in place of an earlier one. Returns whether there was none.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn put(&self, name: &str, key: &ItemKey, digest: &Digest) -> Result<bool, OfflineError> {
        let values = params![name, key.id, key.stored_len(), digest];
        if self.execute("INSERT OR IGNORE INTO item VALUES (?1, ?2, ?3, ?4)", values)? > 0 {
            return Ok(true);
        }
        self.execute("INSERT OR REPLACE INTO item VALUES (?1, ?2, ?3, ?4)", values)?;
        Ok(false)
    }

    /// Removes an item, if there is one with this id.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn remove(&self, name: &str, id: &str) -> Result<(), OfflineError> {
        self.execute("DELETE FROM item WHERE name = ?1 AND id = ?2", params![name, id]).map(|_| ())
    }

    /// Removes an item, and returns its digest; `None` when there is none. One whose ends are not known
    /// is any with this id.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read or written.
    pub fn take(&self, name: &str, key: &ItemKey) -> Result<Option<Digest>, OfflineError> {
        let sql = "DELETE FROM item WHERE name = ?1 AND id = ?2 AND from_len IN (?3, ?4) RETURNING digest";
        let values = params![name, key.id, key.stored_len(), UNKNOWN];
        let taken = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)).optional());
        taken.map_err(failed)
    }

    /// The number of items of a resource or join store.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn count(&self, name: &str) -> Result<u64, OfflineError> {
        let sql = "SELECT count(*) FROM item WHERE name = ?1";
        self.connection.query_row(sql, [name], |row| row.get(0)).map_err(failed)
    }

    /// Calls `consume` with every item of a resource or join store that has not been taken or removed,
    /// in byte order.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Storage`] when the file cannot be read.
    pub fn rest(
        &self,
        name: &str,
        mut consume: impl FnMut(ItemKey, Digest) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let sql = "SELECT id, from_len, digest FROM item WHERE name = ?1 ORDER BY id, from_len";
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query([name]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let key = ItemKey::stored(row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
            consume(key, row.get(2).map_err(failed)?)?;
        }
        Ok(())
    }

    fn execute(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize, OfflineError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_look_alike_are_different_join_rows() {
        let items = ServerItems::new().unwrap();
        let (one, other) = (ItemKey::join_row("a:b", "c"), ItemKey::join_row("a", "b:c"));
        assert_eq!((&*one.id, one.ends(), other.ends()), ("a:b:c", Some(("a:b", "c")), Some(("a", "b:c"))));
        assert!(items.put("j", &one, &[1; 16]).unwrap());
        assert!(items.put("j", &other, &[2; 16]).unwrap());
        assert!(!items.put("j", &one, &[3; 16]).unwrap());
        assert_eq!(items.take("j", &one).unwrap(), Some([3; 16]));
        assert_eq!((items.take("j", &one).unwrap(), items.count("j").unwrap()), (None, 1));
    }

    #[test]
    fn an_item_without_known_ends_is_any_with_its_id() {
        let items = ServerItems::new().unwrap();
        items.put("j", &ItemKey::record("a:b"), &[1; 16]).unwrap();
        assert_eq!(items.take("j", &ItemKey::join_row("a", "b")).unwrap(), Some([1; 16]));
    }
}
