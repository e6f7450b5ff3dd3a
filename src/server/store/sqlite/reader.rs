//! The SQL of the reading half: the change feed and the current documents in one snapshot. Writing is in
//! [`super::writer`].

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use super::layout::{document, last_sequence};
use crate::server::store::{
    ChangePage, Document, OwnChanges, PageLimit, Reader, Result, StoredChange, Subject,
};

/// A `client.number` that no client has.
const NO_CLIENT: i64 = -1;

/// Reads one snapshot of the store, in an open read transaction.
pub(super) struct SqliteReader {
    pub(super) connection: Connection,
    /// The last durable step. Later ones are not shown, because a power failure could undo them.
    pub(super) durable: u64,
}

impl Reader for SqliteReader {
    fn sequence(&mut self) -> Result<u64> {
        Ok(last_sequence(&self.connection)?.min(self.durable))
    }

    fn changes(
        &mut self,
        after: u64,
        until: u64,
        own: Option<&OwnChanges>,
        limit: PageLimit,
    ) -> Result<ChangePage> {
        // SQLite has no step after `i64::MAX`, so a greater bound means the same.
        let step = |sequence: u64| i64::try_from(sequence).unwrap_or(i64::MAX);
        let client: Option<i64> = match own {
            None => None,
            Some(own) => self
                .connection
                .query_row("SELECT number FROM client WHERE id = ?1", [&own.client_id], |row| row.get(0))
                .optional()?,
        };
        let known_after = step(own.map_or(u64::MAX, |own| own.after));
        let mut statement = self.connection.prepare(
            "SELECT c.sequence, c.name, c.id, c.target, coalesce(r.document, j.document)
             FROM change AS c
             LEFT JOIN record AS r ON c.target IS NULL AND r.resource = c.name AND r.id = c.id
             LEFT JOIN join_row AS j ON j.store = c.name AND j.source = c.id AND j.target = c.target
             WHERE c.sequence > ?1 AND c.sequence <= ?2 AND NOT (c.sequence > ?3 AND c.client IS ?4)
             ORDER BY c.sequence, c.part",
        )?;
        let mut rows =
            statement.query([step(after), step(until), known_after, client.unwrap_or(NO_CLIENT)])?;
        let (mut changes, mut has_more) = (Vec::new(), false);
        // `whole` is the number of changes in complete steps, that is before the step being read.
        let (mut steps, mut bytes, mut whole, mut last) = (0, 0, 0, None);
        while let Some(row) = rows.next()? {
            let sequence: u64 = row.get(0)?;
            if last != Some(sequence) {
                (steps, whole, last) = (steps + 1, changes.len(), Some(sequence));
            }
            bytes += size(row)?;
            let is_full = steps > limit.steps || bytes > limit.bytes;
            if is_full && whole > 0 {
                changes.truncate(whole);
                has_more = true;
                break;
            }
            changes.push(stored_change(row)?);
        }
        Ok(ChangePage { changes, has_more })
    }

    fn last_change_of(&mut self, name: &str) -> Result<Option<u64>> {
        let sql = "SELECT max(sequence) FROM change WHERE name = ?1";
        let last: Option<u64> = self.connection.query_row(sql, [name], |row| row.get(0))?;
        Ok(last.map(|last| last.min(self.durable)))
    }

    fn records(&mut self, resource: &str, each: &mut dyn FnMut(String, Document)) -> Result<()> {
        let mut statement =
            self.connection.prepare("SELECT id, document FROM record WHERE resource = ?1 ORDER BY id")?;
        let mut rows = statement.query([resource])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, document(&row.get::<_, String>(1)?)?);
        }
        Ok(())
    }

    fn join_rows(&mut self, store: &str, each: &mut dyn FnMut(String, String, Document)) -> Result<()> {
        let mut statement = self.connection.prepare(
            "SELECT source, target, document FROM join_row WHERE store = ?1 ORDER BY source, target",
        )?;
        let mut rows = statement.query([store])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, row.get(1)?, document(&row.get::<_, String>(2)?)?);
        }
        Ok(())
    }
}

/// The approximate size of a change in an answer, in bytes, taken before its document is parsed.
fn size(row: &Row<'_>) -> rusqlite::Result<usize> {
    let length = |column| -> rusqlite::Result<usize> {
        Ok(match row.get_ref(column)? {
            ValueRef::Text(text) => text.len(),
            _ => 0,
        })
    };
    Ok(length(1)? + length(2)? + length(3)? + length(4)?)
}

fn stored_change(row: &Row<'_>) -> Result<StoredChange> {
    let (name, id): (String, String) = (row.get(1)?, row.get(2)?);
    let subject = match row.get::<_, Option<String>>(3)? {
        None => Subject::Record { resource: name.into(), id: id.into() },
        Some(to) => Subject::JoinRow { store: name.into(), from: id.into(), to: to.into() },
    };
    let text: Option<String> = row.get(4)?;
    let document = text.map(|text| document(&text)).transpose()?;
    Ok(StoredChange { sequence: row.get(0)?, subject, document })
}
