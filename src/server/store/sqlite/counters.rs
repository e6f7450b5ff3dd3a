//! The counters of a store, which `meta` keeps so that nothing has to be counted. They are raised in
//! [`super::writer`] and lowered in [`super::forget`].

use rusqlite::Connection;

/// What `meta` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    /// The last step of the sequence.
    pub(super) sequence: u64,
    /// Rows of `applied`.
    pub(super) remembered: u64,
    /// Rows of `item`, tombstones included.
    pub(super) items: u64,
}

impl Counters {
    /// Reads them.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        let mut counter = |key: &str| statement.query_row([key], |row| row.get(0));
        Ok(Self {
            sequence: counter("sequence")?,
            remembered: counter("remembered")?,
            items: counter("items")?,
        })
    }

    /// Those that are not what they were, with their keys in `meta`.
    pub(super) fn changed_since(&self, before: &Self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = [
            ("sequence", self.sequence, before.sequence),
            ("remembered", self.remembered, before.remembered),
            ("items", self.items, before.items),
        ];
        all.into_iter().filter(|(_, now, before)| now != before).map(|(key, now, _)| (key, now))
    }
}
