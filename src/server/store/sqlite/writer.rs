//! The SQL of the writing half. Durability is not here but in [`super::wal`].

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Statement, ToSql, params};

use super::counters::Counters;
use super::layout::Place;
use super::live::LiveChanges;
use crate::server::shared_text::SharedText;
use crate::server::store::{ClientNumber, Document, ItemKey, Result, StoreError, StoredContent, Writer};

/// Seconds between two rows of `moment`, unless [`SqliteWriter::keep_moments_every`] says less: ages are
/// given in days, and a year has half a million rows of some bytes.
pub(super) const MOMENT_SECONDS: u64 = 60;

/// Writes an item over the one with the same key.
const UPDATE: &str = "UPDATE item SET place = ?1, client = ?5, digest = ?6, document = ?7
     WHERE name = ?2 AND id = ?3 AND target = ?4";

/// The one writer of the store.
pub(in crate::server) struct SqliteWriter<'c> {
    connection: &'c Connection,
    statements: Statements<'c>,
    now: Counters,
    /// The counters of the last commit, which a rollback returns to.
    committed: Counters,
    /// What the open transaction has changed in the counts by name.
    live: LiveChanges,
    /// The number of the next written item within its step.
    part: i64,
    /// The last row of `moment` that this writer has written.
    moment: u64,
    /// Seconds between two rows of `moment`.
    moment_seconds: u64,
}

/// The statements that run for every mutation or transaction, prepared once.
struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    save_counter: Statement<'c>,
    remember: Statement<'c>,
    insert: Statement<'c>,
    update: Statement<'c>,
    /// The same, only where the item is not deleted.
    update_live: Statement<'c>,
    find: Statement<'c>,
    exists: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let prepare = |sql: &str| connection.prepare(sql);
        Ok(Self {
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            save_counter: prepare("UPDATE meta SET value = ?2 WHERE key = ?1")?,
            remember: prepare("INSERT OR IGNORE INTO applied (client, mutation, step) VALUES (?1, ?2, ?3)")?,
            insert: prepare(
                "INSERT OR IGNORE INTO item (place, name, id, target, client, digest, document)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            update: prepare(UPDATE)?,
            update_live: prepare(&format!("{UPDATE} AND document IS NOT NULL"))?,
            find: prepare("SELECT document FROM item WHERE name = ?1 AND id = ?2 AND target = ?3")?,
            exists: prepare(
                "SELECT document IS NOT NULL FROM item WHERE name = ?1 AND id = ?2 AND target = ?3",
            )?,
        })
    }
}

impl<'c> SqliteWriter<'c> {
    pub(super) fn new(connection: &'c Connection) -> Result<Self> {
        let now = Counters::read(connection)?;
        let statements = Statements::prepare(connection)?;
        let moment_seconds = MOMENT_SECONDS;
        let live = LiveChanges::default();
        Ok(Self { connection, statements, now, committed: now, live, part: 0, moment: 0, moment_seconds })
    }

    /// Lowers the number of seconds between two rows of `moment`, for ages that need a higher precision.
    pub(in crate::server) fn keep_moments_every(&mut self, seconds: u64) {
        self.moment_seconds = seconds.clamp(1, MOMENT_SECONDS);
    }

    /// Runs `work` in a transaction: commits if it succeeds, rolls back if it or the commit fails.
    ///
    /// The transaction is durable only after [`super::wal::WalSyncer::sync`].
    ///
    /// # Errors
    /// `work`'s, and [`StoreError`] when SQLite fails. Nothing has been written then.
    pub(in crate::server) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Writer) -> Result<T>,
    ) -> Result<T> {
        self.in_transaction(|writer| work(writer))
    }

    /// The same, for work that is not a mutation's.
    pub(super) fn in_transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.statements.begin.execute([])?;
        let result = work(self).and_then(|value| self.commit().map(|()| value));
        if result.is_err() {
            // An error may have ended the transaction already; then ROLLBACK fails and there is nothing
            // to undo.
            let _ = self.connection.execute_batch("ROLLBACK");
            (self.now, self.part) = (self.committed, 0);
            self.live.clear();
        }
        result
    }

    fn commit(&mut self) -> Result<()> {
        for (key, value) in self.now.changed_since(&self.committed) {
            self.statements.save_counter.execute(params![key, value])?;
        }
        if self.now.sequence > self.committed.sequence {
            self.save_moment_when_due()?;
        }
        self.live.save(self.connection)?;
        self.statements.commit.execute([])?;
        self.committed = self.now;
        Ok(())
    }

    /// Enters the time of the last step, unless the last entry is too recent.
    fn save_moment_when_due(&mut self) -> Result<()> {
        let now = unix_seconds();
        // In both directions, because a clock may be set back.
        if now.abs_diff(self.moment) < self.moment_seconds {
            return Ok(());
        }
        self.save_moment(now)
    }

    /// Enters that the sequence is where it is at this time.
    pub(super) fn save_moment(&mut self, now: u64) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO moment (second, step) VALUES (?1, ?2)";
        self.connection.prepare_cached(sql)?.execute([now, self.now.sequence])?;
        self.moment = now;
        Ok(())
    }

    /// The place of the item that is written next.
    fn next_place(&mut self) -> i64 {
        let place = Place::first_of(self.now.sequence + 1).0 + self.part;
        debug_assert!(self.part < 1 << Place::PART_BITS, "`apply` rejects a mutation of more items");
        self.part += 1;
        place
    }

    /// Writes the state of an item, whatever was there before.
    fn write(
        &mut self,
        key: &ItemKey,
        content: Option<&StoredContent>,
        client: Option<ClientNumber>,
    ) -> Result<()> {
        let place = self.next_place();
        let ItemKey { name, id, target } = key;
        let (digest, document) = columns(content);
        let values = params![place, name, id, target, client, digest, document];
        let was_live = self.statements.update_live.execute(values)? > 0;
        if !was_live && self.statements.update.execute(values)? == 0 {
            self.statements.insert.execute(values)?;
            self.now.items += 1;
        }
        self.live.add(name, was_live, content.is_some());
        Ok(())
    }

    /// The connection, for SQL beside that of mutations.
    pub(super) fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// The counters in the open transaction.
    pub(super) fn counters(&mut self) -> &mut Counters {
        &mut self.now
    }
}

/// The time in seconds since 1970; a clock before that counts as 1970.
pub(super) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The columns `digest` and `document` of an item; NULL of a tombstone.
fn columns(content: Option<&StoredContent>) -> (Option<&[u8]>, Option<&SharedText>) {
    (content.map(|content| content.digest.as_bytes()), content.map(|content| &content.document))
}

impl ToSql for SharedText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.as_bytes())))
    }
}

impl ToSql for ClientNumber {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl Writer for SqliteWriter<'_> {
    fn sequence(&self) -> u64 {
        self.now.sequence
    }

    fn remember(&mut self, client: ClientNumber, mutation_id: &SharedText) -> Result<bool> {
        let values = params![client, mutation_id, self.now.sequence + 1];
        let is_new = self.statements.remember.execute(values)? > 0;
        self.now.remembered += u64::from(is_new);
        Ok(is_new)
    }

    fn forget(&mut self, client: ClientNumber, mutation_id: &SharedText) -> Result<()> {
        let sql = "DELETE FROM applied WHERE client = ?1 AND mutation = ?2";
        self.connection.prepare_cached(sql)?.execute(params![client, mutation_id])?;
        self.now.remembered -= 1;
        Ok(())
    }

    fn find(&mut self, key: &ItemKey) -> Result<Option<Document>> {
        let ItemKey { name, id, target } = key;
        let mut rows = self.statements.find.query(params![name, id, target])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let text = row.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        text.map(|text| serde_json::from_str(text).map_err(StoreError::DamagedDocument)).transpose()
    }

    fn exists(&mut self, key: &ItemKey) -> Result<bool> {
        let ItemKey { name, id, target } = key;
        let found =
            self.statements.exists.query_row(params![name, id, target], |row| row.get(0)).optional()?;
        Ok(found.unwrap_or(false))
    }

    fn insert(&mut self, key: &ItemKey, content: &StoredContent, client: ClientNumber) -> Result<bool> {
        let place = self.next_place();
        let ItemKey { name, id, target } = key;
        let (digest, document) = columns(Some(content));
        let values = params![place, name, id, target, client, digest, document];
        let is_new = self.statements.insert.execute(values)? > 0;
        self.part -= i64::from(!is_new);
        self.now.items += u64::from(is_new);
        self.live.add(name, false, is_new);
        Ok(is_new)
    }

    fn put(&mut self, key: &ItemKey, content: &StoredContent, client: Option<ClientNumber>) -> Result<()> {
        self.write(key, Some(content), client)
    }

    fn remove(&mut self, key: &ItemKey) -> Result<()> {
        self.write(key, None, None)
    }

    fn take_step(&mut self) -> Result<()> {
        self.now.sequence += 1;
        self.part = 0;
        Ok(())
    }
}
