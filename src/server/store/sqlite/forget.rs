//! The SQL that forgets: tombstones, ids of applied mutations and moments that are old enough, in chunks.
//! When a chunk is forgotten is decided in [`crate::server::group`].
//!
//! Deletes are forgotten in the order of the feed, through the index `tombstone`. `applied` has no index of
//! its steps, which would double its size; all of it is read in the order of its key instead, and what is
//! old enough is removed on the way.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::layout::Place;
use super::writer::{SqliteWriter, unix_seconds};
use crate::server::store::{Chunk, Result};

/// The key in `meta` of the last step whose delete may have been forgotten.
pub(super) const FORGOTTEN_DELETES: &str = "forgottenDeletes";

/// The key in `meta` of the step up to which all mutations were forgotten.
pub(super) const FORGOTTEN_MUTATIONS: &str = "forgottenMutations";

/// A step up to which something was forgotten; 0 if nothing was.
pub(super) fn forgotten(connection: &Connection, key: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    let step = connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?;
    Ok(step.unwrap_or(0))
}

/// A place in the order of `applied`: the key of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct AppliedKey {
    client: i64,
    mutation: String,
}

impl AppliedKey {
    /// The place before every row: no mutation id is empty.
    pub(in crate::server) fn first() -> Self {
        Self { client: i64::MIN, mutation: String::new() }
    }
}

impl SqliteWriter<'_> {
    /// Enters the current time for the last step, if no moment is known for it yet, so that the last steps
    /// of an idle server get older too.
    pub(in crate::server) fn mark_moment(&mut self) -> Result<()> {
        self.in_transaction(|writer| {
            let sql = "SELECT coalesce(max(step), 0) FROM moment";
            let known: u64 = writer.connection().query_row(sql, [], |row| row.get(0))?;
            if known < writer.counters().sequence {
                writer.save_moment(unix_seconds())?;
            }
            Ok(())
        })
    }

    /// The last step that is known to be at least so many seconds old; 0 if there is none.
    pub(in crate::server) fn step_of_age(&self, seconds: u64) -> Result<u64> {
        let sql = "SELECT step FROM moment WHERE second <= ?1 ORDER BY second DESC LIMIT 1";
        let before = unix_seconds().saturating_sub(seconds);
        let step = self.connection().prepare_cached(sql)?.query_row([before], |row| row.get(0)).optional()?;
        Ok(step.unwrap_or(0))
    }

    /// The step up to which all mutations were forgotten; 0 if none was.
    pub(in crate::server) fn forgotten_mutations(&self) -> Result<u64> {
        Ok(forgotten(self.connection(), FORGOTTEN_MUTATIONS)?)
    }

    /// Forgets the first deletes up to a step, `max` of them.
    ///
    /// The last delete up to the step is kept: a client that pulls from the start then passes it and has
    /// a cursor that is not before the forgotten ones.
    pub(in crate::server) fn forget_deletes(&mut self, until: u64, max: u64) -> Result<Chunk> {
        self.in_transaction(|writer| {
            let connection = writer.connection();
            let sql = "SELECT max(place), count(*) FROM (SELECT place FROM item INDEXED BY tombstone
                       WHERE document IS NULL AND place <= ?1 ORDER BY place LIMIT ?2)";
            let (kept, found): (Option<i64>, u64) = connection
                .prepare_cached(sql)?
                .query_row(params![Place::last_of(until).0, max + 1], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let Some(kept) = kept.filter(|_| found > 1) else {
                return Ok(Chunk { removed: 0, is_last: true });
            };
            let sql = "DELETE FROM item INDEXED BY tombstone WHERE document IS NULL AND place < ?1";
            let removed = connection.prepare_cached(sql)?.execute([kept])? as u64;
            writer.counters().items -= removed;
            writer.raise_forgotten(FORGOTTEN_DELETES, Place(kept).step())?;
            Ok(Chunk { removed, is_last: found <= max })
        })
    }

    /// Forgets the applied mutations up to a step among the next `max` rows of the table after a key, and
    /// moves the key past them.
    pub(in crate::server) fn forget_mutations(
        &mut self,
        until: u64,
        after: &mut AppliedKey,
        max: u64,
    ) -> Result<Chunk> {
        let (chunk, next) = self.in_transaction(|writer| {
            let connection = writer.connection();
            let AppliedKey { client, mutation } = &*after;
            let sql = "SELECT client, mutation FROM applied WHERE (client, mutation) > (?1, ?2)
                       ORDER BY client, mutation LIMIT 1 OFFSET ?3";
            let next = connection.prepare_cached(sql)?.query_row(params![client, mutation, max], |row| {
                Ok(AppliedKey { client: row.get(0)?, mutation: row.get(1)? })
            });
            let next = next.optional()?;
            let removed = match &next {
                Some(next) => {
                    let sql = "DELETE FROM applied WHERE (client, mutation) > (?1, ?2)
                               AND (client, mutation) <= (?3, ?4) AND step <= ?5";
                    let values = params![client, mutation, next.client, next.mutation, until];
                    connection.prepare_cached(sql)?.execute(values)?
                }
                None => {
                    let sql = "DELETE FROM applied WHERE (client, mutation) > (?1, ?2) AND step <= ?3";
                    connection.prepare_cached(sql)?.execute(params![client, mutation, until])?
                }
            } as u64;
            writer.counters().remembered -= removed;
            if next.is_none() {
                writer.raise_forgotten(FORGOTTEN_MUTATIONS, until)?;
            }
            Ok((Chunk { removed, is_last: next.is_none() }, next))
        })?;
        if let Some(next) = next {
            *after = next;
        }
        Ok(chunk)
    }

    /// Forgets the first `max` moments that say nothing about ages below so many seconds.
    pub(in crate::server) fn forget_moments(&mut self, seconds: u64, max: u64) -> Result<Chunk> {
        let before = unix_seconds().saturating_sub(seconds);
        self.in_transaction(|writer| {
            // The last moment before is that of the steps which are just old enough.
            let sql = "DELETE FROM moment WHERE second IN (SELECT second FROM moment
                       WHERE second < (SELECT max(second) FROM moment WHERE second <= ?1)
                       ORDER BY second LIMIT ?2)";
            let removed = writer.connection().prepare_cached(sql)?.execute([before, max])? as u64;
            Ok(Chunk { removed, is_last: removed < max })
        })
    }

    fn raise_forgotten(&self, key: &str, step: u64) -> Result<()> {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)
                   ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)";
        self.connection().prepare_cached(sql)?.execute(params![key, step])?;
        Ok(())
    }
}
