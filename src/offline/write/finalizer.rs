//! The transactions of finalization (contract 3.1.6): pulled changes page by page with their
//! cursors, then the global cursor together with the removal of change log entries. How a page is
//! applied is in [`super::page_writer`].

use rusqlite::{Connection, TransactionBehavior};

use crate::offline::changelog::{ChangeLog, LocalChanges, Scope};
use crate::offline::database::Database;
use crate::offline::error::OfflineError;
use crate::offline::write::cursors;
use crate::offline::write::local_table::is_refusal;
use crate::offline::write::local_tables::LocalTables;
use crate::offline::write::new_tables::MadeTables;
use crate::offline::write::page_writer::{Order, PageWriter, Protected};
use crate::protocol::{Cursor, GLOBAL_CURSOR, PageEnd, PullAnswer};
use crate::schema::Schema;

/// Number of prepared statements that are kept between pages: a few for each of many tables.
const STATEMENTS: usize = 256;

/// A connection to the offline database that writes what follows an upload.
pub struct Finalizer {
    connection: Connection,
    database: Database,
    schema: Schema,
    /// The change log's highest `seq` in the snapshot.
    seq: i64,
    /// What the upload has covered.
    scope: Scope,
    /// The id of the server's store, where it has one: the cursors that are written belong to it.
    store_id: Option<String>,
    tables: LocalTables,
    /// The local changes that the upload has not sent, as of the last page.
    local_changes: LocalChanges,
}

/// The result of applying a page of pulled changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The number of changes of resources and join stores that have a table, among them changes
    /// that were not written because a local change or the table's columns prevent it.
    pub changes: u64,
    /// Warnings for the user: names without a table, and changes that do not fit theirs.
    pub warnings: Vec<String>,
}

impl Finalizer {
    /// Opens the database. `seq` is the highest one in the snapshot's change log, and `scope` is
    /// what the upload has covered: a record that other entries touch is not overwritten.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be opened.
    pub fn open(database: &Database, schema: Schema, seq: i64, scope: Scope) -> Result<Self, OfflineError> {
        let (connection, database) = (database.connect_to_write()?, database.clone());
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let (tables, local_changes) = (LocalTables::default(), LocalChanges::default());
        Ok(Self { connection, database, schema, seq, scope, store_id: None, tables, local_changes })
    }

    /// The finalizer of a clone, which has made some of the tables. The whole change log is of later
    /// changes than the clone.
    pub(super) fn of_clone(
        connection: Connection,
        database: Database,
        schema: Schema,
        made: MadeTables,
    ) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let resources = schema.resources.iter().map(|resource| resource.name.clone()).collect();
        let scope = Scope { resources, all_resources: true, join_rows: true, deletes: true };
        let (tables, local_changes) = (LocalTables::of_clone(made), LocalChanges::default());
        Self { connection, database, schema, seq: 0, scope, store_id: None, tables, local_changes }
    }

    /// Writes cursors as those of the server whose store has this id (contract 1.3). The cursors of
    /// another server are removed first, together with what is written.
    #[must_use]
    pub fn store_id(mut self, store_id: Option<String>) -> Self {
        self.store_id = store_id;
        self
    }

    /// Applies a page in one transaction together with its cursors. Where a table refuses a change,
    /// the transaction begins again and tries that change after the others.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be written, or a table refuses a change;
    /// then nothing of the page is written.
    pub fn apply(&mut self, page: &PullAnswer) -> Result<Applied, OfflineError> {
        match self.apply_page(page, Order::AsPulled) {
            Err(error) if is_refusal(&error) => self.apply_page(page, Order::RefusedLast),
            applied => applied,
        }
    }

    fn apply_page(&mut self, page: &PullAnswer, order: Order) -> Result<Applied, OfflineError> {
        let mut tables = self.tables.take();
        let mut local_changes = std::mem::take(&mut self.local_changes);
        let (scope, store_id, database) = (self.scope.clone(), self.store_id.clone(), self.database.clone());
        let applied = self.transaction(|connection, schema, seq| {
            let mut warnings = Vec::new();
            if let Some(store) = &store_id {
                cursors::drop_other_stores(connection, store)?;
            }
            let place = (&database, schema);
            tables.find_all(connection, place, page, &mut warnings)?;
            let touched = local_changes.outside(connection, schema, seq, &scope)?;
            let protected = Protected { touched, scope: &scope };
            let writer = PageWriter::new(connection, page, &tables, protected);
            let mut written = writer.apply(page.changes(), order)?;
            if tables.make_room_for(connection, &written.misfits)? {
                tables.find_all(connection, place, page, &mut warnings)?;
                let misfits = std::mem::take(&mut written.misfits);
                let writer = PageWriter::new(connection, page, &tables, protected);
                let fitting = writer.apply(misfits.into_iter(), order)?;
                written.misfits = fitting.misfits;
                written.warnings.extend(fitting.warnings);
            }
            advance_cursors(connection, &page.end, store_id.as_deref())?;
            let changes = written.changes;
            warnings.extend(written.all_warnings());
            Ok(Applied { changes, warnings })
        })?;
        (self.tables, self.local_changes) = (tables, local_changes);
        Ok(applied)
    }

    /// Moves the global cursor forward to `cursor`, unless it is already higher, and with `drain`
    /// removes the entries that the upload has covered from the change log, in one transaction.
    ///
    /// Returns the number of entries that stay because they cannot be parsed.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be written; then nothing has changed.
    pub fn finish(&mut self, cursor: Option<&Cursor>, drain: bool) -> Result<u64, OfflineError> {
        if cursor.is_none() && !drain {
            // Nothing is written, so the file may be read-only.
            return Ok(0);
        }
        let (scope, store_id) = (self.scope.clone(), self.store_id.clone());
        self.transaction(|connection, schema, seq| {
            if let Some(cursor) = cursor {
                cursors::advance(connection, GLOBAL_CURSOR, cursor, store_id.as_deref())?;
            }
            if drain { ChangeLog::at(connection).drain(schema, &scope, seq) } else { Ok(0) }
        })
    }

    /// The connection, which nothing is written to any more.
    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection, &Schema, i64) -> Result<T, OfflineError>,
    ) -> Result<T, OfflineError> {
        let failed = || OfflineError::while_doing("cannot write to the database");
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
        let result = work(&transaction, &self.schema, self.seq)?;
        transaction.commit().map_err(failed())?;
        Ok(result)
    }
}

/// Writes the page's cursors: a feed has the global one, tables have their own.
fn advance_cursors(
    connection: &Connection,
    end: &PageEnd,
    store_id: Option<&str>,
) -> Result<(), OfflineError> {
    if let Some(cursor) = end.cursor() {
        cursors::advance(connection, GLOBAL_CURSOR, cursor, store_id)?;
    }
    let PageEnd::Tables { cursors, .. } = end else { return Ok(()) };
    cursors.iter().try_for_each(|(name, cursor)| cursors::advance(connection, name, cursor, store_id))
}
