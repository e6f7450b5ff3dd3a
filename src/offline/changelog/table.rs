//! Access to the table `__datafn_changelog`: its highest `seq`, its rows, and removing the
//! entries that an upload has covered. What an entry means is in [`super::entry`].

use std::collections::BTreeMap;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Params, Row, params};

use crate::offline::changelog::entry::{Entry, Scope};
use crate::offline::error::OfflineError;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::Table;
use crate::schema::Schema;

const TABLE: &str = "__datafn_changelog";

/// The SQL function that says whether the upload has covered an entry; NULL for an entry that
/// cannot be parsed.
const IS_COVERED: &str = "synctool_is_covered";

/// The change log as one connection sees it. A missing table is an empty change log.
#[derive(Debug)]
pub struct ChangeLog<'c> {
    connection: &'c Connection,
}

impl<'c> ChangeLog<'c> {
    /// The change log in a snapshot.
    #[must_use]
    pub fn of(snapshot: &'c Snapshot) -> Self {
        Self::at(snapshot.connection())
    }

    /// The change log that a connection sees now.
    pub(crate) fn at(connection: &'c Connection) -> Self {
        Self { connection }
    }

    /// The highest `seq` of all entries; zero for an empty change log.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn highest_seq(&self) -> Result<i64, OfflineError> {
        if !self.exists()? {
            return Ok(0);
        }
        self.connection
            .query_row(&format!("SELECT coalesce(max(seq), 0) FROM {TABLE}"), [], |row| row.get(0))
            .map_err(failed("read"))
    }

    /// The number of entries by operation; those that cannot be parsed are under `unreadable`.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn pending(&self) -> Result<BTreeMap<String, u64>, OfflineError> {
        let mut pending = BTreeMap::new();
        self.for_each_row("mutation", "", [], |row| {
            let entry = Entry::in_column(row, 0);
            let operation = entry.map_or_else(|| "unreadable".to_owned(), |entry| entry.operation);
            *pending.entry(operation).or_default() += 1;
            Ok(())
        })?;
        Ok(pending)
    }

    /// Removes the entries up to `seq` that the upload has covered (contract 3.1.6), and returns
    /// the number of entries up to `seq` that stay because they cannot be parsed.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be written.
    pub(crate) fn drain(&self, schema: &Schema, scope: &Scope, seq: i64) -> Result<u64, OfflineError> {
        if !self.exists()? {
            return Ok(0);
        }
        let (schema, scope) = (schema.clone(), scope.clone());
        self.connection
            .create_scalar_function(IS_COVERED, 1, FunctionFlags::SQLITE_UTF8, move |context| {
                let entry = context.get::<String>(0).ok().and_then(|text| Entry::parse(&text));
                Ok(entry.map(|entry| entry.is_covered(&scope, &schema)))
            })
            .map_err(failed("drain"))?;
        let sql = format!("DELETE FROM {TABLE} WHERE seq <= ?1 AND {IS_COVERED}(mutation)");
        self.connection.execute(&sql, params![seq]).map_err(failed("drain"))?;
        let sql = format!("SELECT count(*) FROM {TABLE} WHERE seq <= ?1 AND {IS_COVERED}(mutation) IS NULL");
        self.connection.query_row(&sql, params![seq], |row| row.get(0)).map_err(failed("drain"))
    }

    /// Calls `consume` for each row of `SELECT <columns> FROM __datafn_changelog <clauses>`.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Storage`] when the database cannot be read.
    pub(super) fn for_each_row(
        &self,
        columns: &str,
        clauses: &str,
        values: impl Params,
        mut consume: impl FnMut(&Row<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        if !self.exists()? {
            return Ok(());
        }
        let sql = format!("SELECT {columns} FROM {TABLE} {clauses}");
        let mut statement = self.connection.prepare(&sql).map_err(failed("read"))?;
        let mut rows = statement.query(values).map_err(failed("read"))?;
        while let Some(row) = rows.next().map_err(failed("read"))? {
            consume(row)?;
        }
        Ok(())
    }

    fn exists(&self) -> Result<bool, OfflineError> {
        Table::find(self.connection, TABLE).map(|table| table.is_some()).map_err(failed("read"))
    }
}

/// For `map_err`: SQLite failed to `verb` the change log.
pub(super) fn failed(verb: &str) -> impl FnOnce(rusqlite::Error) -> OfflineError {
    OfflineError::while_doing(format!("cannot {verb} {TABLE}"))
}
