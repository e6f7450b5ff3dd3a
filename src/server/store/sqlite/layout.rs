//! The tables of the store, how a new file gets them, and how an existing file is recognized. Rows are
//! written in [`super::writer`] and read in [`super::reader`]; files of older versions are rewritten in
//! [`super::migrate`].

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{live, migrate};
use crate::server::store::{MAX_ITEMS_OF_A_STEP, Result, StoreError, TableFields};

/// SQLite's `application_id` of a store ("syTo"), which distinguishes it from other programs' databases.
const APPLICATION_ID: i32 = 0x7379_546f;

/// SQLite's `user_version` of a store: raised whenever [`TABLES`] changes in a way that older files
/// lack.
const FORMAT: i32 = 4;

/// Items in the order of the feed, and the ids of applied mutations.
///
/// `item` is the feed: its rowid is the [`Place`] of the item's last change, so that a pull reads the
/// table from front to back. A tombstone has no document. `client` is set where the state is exactly what
/// that client sent.
///
/// `moment` tells when the sequence was where: `step` is the last one that was taken by then.
///
/// `live`, which [`live`] makes, counts the items that are not deleted, by name.
///
/// `meta` has `storeId`, the [`Counters`](super::counters::Counters), and, once something was forgotten,
/// the steps up to which deletes and mutations were ([`super::forget`]).
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE item (place INTEGER PRIMARY KEY, name TEXT NOT NULL, id TEXT NOT NULL, target TEXT NOT NULL,
    client INTEGER, digest BLOB, document TEXT, UNIQUE (name, id, target));
CREATE INDEX tombstone ON item (place) WHERE document IS NULL;
CREATE TABLE applied (client INTEGER, mutation TEXT, step INTEGER NOT NULL,
    PRIMARY KEY (client, mutation)) WITHOUT ROWID;
CREATE TABLE moment (second INTEGER PRIMARY KEY, step INTEGER NOT NULL);
";

/// A place in the feed: a step of the sequence, and the number of the item among those that the step
/// changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(pub(super) i64);

impl Place {
    /// Bits of the number within a step; the steps have the other 43 of a positive integer.
    pub(super) const PART_BITS: u32 = MAX_ITEMS_OF_A_STEP.ilog2();

    /// The place of the first item of a step; of a step that no feed reaches, the last place there is.
    pub(super) fn first_of(step: u64) -> Self {
        let step = i64::try_from(step).unwrap_or(i64::MAX).min(i64::MAX >> Self::PART_BITS);
        Self(step << Self::PART_BITS)
    }

    /// The place of the last item of a step.
    pub(super) fn last_of(step: u64) -> Self {
        Self(Self::first_of(step).0 | ((1 << Self::PART_BITS) - 1))
    }

    /// The step.
    pub(super) fn step(self) -> u64 {
        u64::try_from(self.0 >> Self::PART_BITS).unwrap_or(0)
    }
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A store of this version.
    Store,
    /// A store of the version before.
    OldStore,
}

/// Recognizes what a file holds.
///
/// # Errors
/// [`StoreError::ForeignDatabase`] or [`StoreError::UnknownFormat`] for anything but [`Found`].
pub(super) fn recognize(transaction: &Transaction<'_>) -> Result<Found> {
    let pragma = |name| transaction.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (pragma("application_id")?, pragma("user_version")?) {
        (0, 0) if tables == 0 => Ok(Found::Nothing),
        (APPLICATION_ID, FORMAT) => Ok(Found::Store),
        (APPLICATION_ID, migrate::OLD_FORMAT) => Ok(Found::OldStore),
        (APPLICATION_ID, other) => Err(StoreError::UnknownFormat(other)),
        _ => Err(StoreError::ForeignDatabase),
    }
}

/// Makes a store of this version out of what was found.
///
/// # Errors
/// [`StoreError`] when SQLite fails, for example at a full disk.
pub(super) fn make(transaction: &Transaction<'_>, found: Found) -> Result<()> {
    match found {
        Found::Store => {}
        Found::OldStore => migrate::migrate(transaction, TABLES)?,
        Found::Nothing => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.execute(
                "INSERT INTO meta (key, value) VALUES ('storeId', ?1), ('sequence', 0), ('remembered', 0)",
                [new_store_id()],
            )?;
        }
    }
    // Counted once, in a file that does not count them yet.
    transaction.execute_batch(
        "INSERT INTO meta (key, value) SELECT 'items', (SELECT count(*) FROM item)
             WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'items')",
    )?;
    live::make(transaction)?;
    if found != Found::Store {
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    Ok(())
}

/// Adds the fields that a server accepts to those that the documents may have, and returns all of them.
///
/// # Errors
/// [`StoreError`] when SQLite fails.
pub(super) fn add_fields(transaction: &Transaction<'_>, accepted: &TableFields) -> Result<TableFields> {
    let sql = "SELECT value FROM meta WHERE key = 'fields'";
    let text: Option<String> = transaction.query_row(sql, [], |row| row.get(0)).optional()?;
    let known: TableFields = match text {
        Some(text) => serde_json::from_str(&text).map_err(StoreError::DamagedDocument)?,
        None => TableFields::new(),
    };
    let mut all = known.clone();
    for (name, fields) in accepted {
        all.entry(name.clone()).or_default().extend(fields.iter().cloned());
    }
    if all != known {
        let text = serde_json::to_string(&all).map_err(StoreError::DamagedDocument)?;
        transaction.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('fields', ?1)", [text])?;
    }
    Ok(all)
}

/// The store id.
pub(super) fn store_id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT value FROM meta WHERE key = 'storeId'", [], |row| row.get(0))
}

/// Replaces the store id by a new one, and returns that.
pub(super) fn renew_store_id(connection: &Connection) -> rusqlite::Result<String> {
    let id = new_store_id();
    connection.execute("UPDATE meta SET value = ?1 WHERE key = 'storeId'", [&id])?;
    Ok(id)
}

fn new_store_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The last committed step of the sequence.
pub(super) fn last_sequence(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = 'sequence'")?
        .query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_ordered_by_step_and_bounded() {
        for step in [0, 1, 7, (1 << 43) - 1] {
            let (first, last) = (Place::first_of(step), Place::last_of(step));
            assert_eq!((first.step(), last.step(), last.0 - first.0), (step, step, (1 << 20) - 1));
        }
        assert_eq!(Place::last_of(7).0 + 1, Place::first_of(8).0);
        assert_eq!(Place::last_of(u64::MAX).0, i64::MAX);
    }
}
