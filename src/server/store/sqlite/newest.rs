//! The SQL of the page: the last changes of the feed, in short.

use rusqlite::params;

use super::layout::Place;
use super::reader::SqliteReader;
use crate::server::store::{NewestItem, Result};

impl SqliteReader {
    /// The last `count` items of the feed, the latest first, with the first `characters` of their documents.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) fn newest(&self, count: usize, characters: usize) -> Result<Vec<NewestItem>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT place, name, id, target, substr(document, 1, ?2) FROM item
             ORDER BY place DESC LIMIT ?1",
        )?;
        let newest = statement.query_map(params![count, characters], |row| {
            Ok(NewestItem {
                step: Place(row.get(0)?).step(),
                name: row.get(1)?,
                id: row.get(2)?,
                target: row.get(3)?,
                document: row.get(4)?,
            })
        })?;
        Ok(newest.collect::<rusqlite::Result<_>>()?)
    }
}
