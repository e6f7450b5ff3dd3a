//! What the application changes while an upload runs: the subjects of the entries that it appends to the
//! change log, as the database has them now, not as a snapshot has.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::offline::changelog::table::ChangeLog;
use crate::offline::changelog::touched::subjects;
use crate::offline::database::Database;
use crate::offline::error::OfflineError;
use crate::schema::Schema;

/// How many look-ups have one answer: a look at the file for each would take long, and what is sent
/// meanwhile is in the same requests.
const LOOKUPS: u32 = 50;

/// The records and join rows that entries after a `seq` are about.
pub struct EditedSince<'s> {
    connection: Connection,
    schema: &'s Schema,
    seq: i64,
    /// Resource and id, or join store and `from:to`.
    subjects: HashSet<(String, String)>,
    /// The `data_version` as of which they were read.
    version: Option<i64>,
    /// Look-ups since then.
    lookups: u32,
}

impl<'s> EditedSince<'s> {
    /// Looks at the change log after an entry.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be opened.
    pub fn new(database: &Database, schema: &'s Schema, seq: i64) -> Result<Self, OfflineError> {
        let connection = database.connect()?;
        let subjects = HashSet::new();
        Ok(Self { connection, schema, seq, subjects, version: None, lookups: 0 })
    }

    /// Whether an entry is about this record or join row.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn has(&mut self, name: &str, id: &str) -> Result<bool, OfflineError> {
        if self.version.is_none() || self.lookups >= LOOKUPS {
            self.refresh()?;
        }
        self.lookups += 1;
        Ok(!self.subjects.is_empty() && self.subjects.contains(&(name.to_owned(), id.to_owned())))
    }

    fn refresh(&mut self) -> Result<(), OfflineError> {
        let version = self
            .connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(OfflineError::while_doing("cannot read the database"))?;
        if self.version != Some(version) {
            self.subjects = subjects(&ChangeLog::at(&self.connection), self.schema, self.seq, |_| true)?;
            self.version = Some(version);
        }
        self.lookups = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_appended_meanwhile_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let application = Connection::open(&path).unwrap();
        let table =
            "CREATE TABLE __datafn_changelog (seq INTEGER PRIMARY KEY AUTOINCREMENT, clientId TEXT NOT NULL,
            mutationId TEXT NOT NULL, mutation TEXT NOT NULL, timestampMs INTEGER NOT NULL)";
        application.execute_batch(table).unwrap();
        let append = |id: &str| {
            let mutation = format!(r#"{{"resource": "todos", "operation": "merge", "id": "{id}"}}"#);
            let sql = "INSERT INTO __datafn_changelog (clientId, mutationId, mutation, timestampMs) VALUES ('c', ?1, ?1, 0)";
            application.execute(sql, [mutation]).unwrap();
        };
        append("before");
        let schema =
            Schema::parse(r#"{"resources": [{"name": "todos", "fields": []}], "relations": []}"#).unwrap();
        let mut edited = EditedSince::new(&Database::open(&path).unwrap(), &schema, 1).unwrap();
        assert!(!edited.has("todos", "a").unwrap() && !edited.has("todos", "before").unwrap());
        append("a");
        assert!((0..=LOOKUPS).any(|_| edited.has("todos", "a").unwrap()));
    }
}
