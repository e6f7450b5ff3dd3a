//! The SQL of the reading half: the feed and the tables of one snapshot. Writing is in
//! [`super::writer`].

use std::ops::ControlFlow;

use rusqlite::{Connection, Row, params};

use super::forget::{FORGOTTEN_DELETES, forgotten};
use super::layout::{Place, last_sequence};
use super::pool::PooledConnection;
use crate::mutation::ContentHash;
use crate::server::store::{FeedItem, FeedQuery, Result, StoredItem};

/// Reads one durable snapshot of the store, in an open read transaction.
pub(in crate::server) struct SqliteReader {
    connection: PooledConnection,
    /// The last step of the sequence.
    sequence: u64,
}

impl SqliteReader {
    /// Takes a snapshot.
    pub(super) fn begin(connection: PooledConnection) -> Result<Self> {
        // A deferred transaction takes its snapshot with the first read and keeps it.
        connection.prepare_cached("BEGIN")?.execute([])?;
        let sequence = last_sequence(&connection)?;
        Ok(Self { connection, sequence })
    }

    /// The last step of the sequence in this snapshot.
    pub(in crate::server) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The horizon of forgotten deletes: a cursor before this step may miss one; 0 if none is forgotten.
    pub(in crate::server) fn horizon(&self) -> Result<u64> {
        Ok(forgotten(&self.connection, FORGOTTEN_DELETES)?)
    }

    /// The connection, for SQL beside that of pulls and clones.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Calls `each` with the items of the feed after a step, in the order of the feed, until it breaks
    /// (keyset pagination by step).
    pub(in crate::server) fn changes(
        &self,
        query: &FeedQuery,
        mut each: impl FnMut(FeedItem<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let last_of = |step| Place::last_of(step).0;
        let (client, known) =
            query.own.map_or((None, i64::MAX), |own| (Some(own.client), last_of(own.after)));
        let mut statement = self.connection.prepare_cached(
            "SELECT place, name, id, target, document FROM item
             WHERE place > ?1 AND NOT (place > ?2 AND client IS ?3) ORDER BY place",
        )?;
        let mut rows = statement.query(params![last_of(query.after), known, client])?;
        while let Some(row) = rows.next()? {
            if each(item(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Calls `each` with all items of a resource or join store, tombstones included, in the order of
    /// their keys, until it breaks.
    pub(in crate::server) fn items(
        &self,
        name: &str,
        mut each: impl FnMut(FeedItem<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT place, name, id, target, document FROM item WHERE name = ?1 ORDER BY id, target",
        )?;
        let mut rows = statement.query([name])?;
        while let Some(row) = rows.next()? {
            if each(item(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Calls `each` with every item that is not deleted, in any order.
    pub(in crate::server) fn stored_items(
        &self,
        with_documents: bool,
        mut each: impl FnMut(&StoredItem<'_>) -> Result<()>,
    ) -> Result<()> {
        // By the rowid: one pass over the table, where an index would look up each row.
        let document = if with_documents { "document" } else { "''" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT name, id, target, digest, {document} FROM item NOT INDEXED WHERE digest IS NOT NULL",
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(&StoredItem {
                name: text(row, 0)?,
                id: text(row, 1)?,
                target: text(row, 2)?,
                digest: ContentHash::from_bytes(row.get(3)?),
                document: text(row, 4)?,
            })?;
        }
        Ok(())
    }
}

impl Drop for SqliteReader {
    fn drop(&mut self) {
        // Ends the snapshot, so that the connection can be used again; an error closes the connection,
        // which ends it too.
        if self.connection.execute_batch("COMMIT").is_err() {
            self.connection.close();
        }
    }
}

fn item<'r>(row: &'r Row<'_>) -> Result<FeedItem<'r>> {
    Ok(FeedItem {
        step: Place(row.get(0)?).step(),
        name: text(row, 1)?,
        id: text(row, 2)?,
        target: text(row, 3)?,
        document: row.get_ref(4)?.as_str_or_null().map_err(rusqlite::Error::from)?,
    })
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}
