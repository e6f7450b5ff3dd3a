//! The transactions of finalization (contract 3.1.6): pulled changes page by page with their
//! cursors, then the global cursor together with the removal of change log entries. How a row is
//! written is in [`super::local_table`].

use std::collections::HashMap;

use rusqlite::{Connection, TransactionBehavior};
use serde_json::{Map, Value};

use crate::offline::changelog::{ChangeLog, Scope, Touched};
use crate::offline::database::Database;
use crate::offline::error::OfflineError;
use crate::offline::write::cursors::{self, Cursors};
use crate::offline::write::local_table::{LocalTable, is_refusal, with_subject};
use crate::protocol::{Cursor, GLOBAL_CURSOR, Op, PullAnswer};
use crate::schema::Schema;

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
    /// The tables that are written to, by their name in the feed; `None` for a name that has no
    /// table.
    tables: HashMap<String, Option<LocalTable>>,
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

/// How the changes of a page are applied.
type ApplyAll = fn(
    &Connection,
    Vec<(&LocalTable, Pulled<'_>)>,
    &Protected<'_>,
    &mut Vec<String>,
) -> Result<(), OfflineError>;

/// The local changes that a pull must not overwrite.
struct Protected<'a> {
    /// What entries of the change log are about that the upload has not sent.
    touched: Touched,
    /// What the upload covers.
    scope: &'a Scope,
}

/// A pulled change of either dialect.
#[derive(Clone, Copy)]
struct Pulled<'a> {
    table: &'a str,
    id: Option<&'a str>,
    op: Op,
    record: Option<&'a Map<String, Value>>,
}

impl Finalizer {
    /// Opens the database. `seq` is the highest one in the snapshot's change log, and `scope` is
    /// what the upload has covered: a record that other entries touch is not overwritten.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be opened.
    pub fn open(database: &Database, schema: Schema, seq: i64, scope: Scope) -> Result<Self, OfflineError> {
        let (connection, database) = (database.connect_to_write()?, database.clone());
        Ok(Self { connection, database, schema, seq, scope, store_id: None, tables: HashMap::new() })
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
        match self.apply_page(page, apply_in_order) {
            Err(error) if is_refusal(&error) => self.apply_page(page, apply_with_retries),
            applied => applied,
        }
    }

    fn apply_page(&mut self, page: &PullAnswer, apply: ApplyAll) -> Result<Applied, OfflineError> {
        let mut tables = std::mem::take(&mut self.tables);
        let (scope, store_id, database) = (self.scope.clone(), self.store_id.clone(), self.database.clone());
        let applied = self.transaction(|connection, schema, seq| {
            let touched = Touched::outside(connection, schema, seq, &scope)?;
            let mut applied = Applied::default();
            if let Some(store) = &store_id {
                cursors::drop_other_stores(connection, store)?;
            }
            let all = changes(page);
            for change in &all {
                if !tables.contains_key(change.table) {
                    let warnings = &mut applied.warnings;
                    let table = local_table(connection, &database, schema, change.table, warnings)?;
                    tables.insert(change.table.to_owned(), table);
                }
            }
            let writes: Vec<_> = all
                .into_iter()
                .filter_map(|change| Some((tables.get(change.table)?.as_ref()?, change)))
                .collect();
            applied.changes = writes.len() as u64;
            apply(connection, writes, &Protected { touched, scope: &scope }, &mut applied.warnings)?;
            advance_cursors(connection, page, store_id.as_deref())?;
            Ok(applied)
        })?;
        self.tables = tables;
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

    /// The cursors as the database has them now.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn cursors(&self) -> Result<Cursors, OfflineError> {
        cursors::read(&self.connection)
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection, &Schema, i64) -> Result<T, OfflineError>,
    ) -> Result<T, OfflineError> {
        let failed = || OfflineError::while_doing("cannot finalize the upload in the database");
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
        let result = work(&transaction, &self.schema, self.seq)?;
        transaction.commit().map_err(failed())?;
        Ok(result)
    }
}

/// Finds the table for a name in the feed; a name that the schema lacks has none.
fn local_table(
    connection: &Connection,
    database: &Database,
    schema: &Schema,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<LocalTable>, OfflineError> {
    let table = if let Some(resource) = schema.resource(name) {
        if resource.is_remote_only {
            return Ok(None);
        }
        LocalTable::of_resource(connection, database, schema, resource)?
    } else {
        match schema.join_store(name) {
            Some(store) => LocalTable::of_join_store(connection, database, &store)?,
            None => return Ok(None),
        }
    };
    if table.is_none() {
        warnings.push(format!("changes of `{name}` were skipped: there is no table to write them to"));
    }
    Ok(table)
}

/// The changes of a page, in the order in which they are applied.
fn changes(page: &PullAnswer) -> Vec<Pulled<'_>> {
    match page {
        PullAnswer::Feed { changes, .. } => changes
            .iter()
            .map(|change| Pulled {
                table: &change.resource,
                id: Some(&change.id),
                op: change.op,
                record: change.record.as_ref(),
            })
            .collect(),
        PullAnswer::Tables { tables, .. } => {
            let mut all = Vec::new();
            for (table, changes) in tables {
                // Deletes first: a record that is also among the upserts exists now.
                all.extend(changes.deleted.iter().map(|id| Pulled {
                    table,
                    id: Some(id),
                    op: Op::Delete,
                    record: None,
                }));
                all.extend(changes.records.iter().map(|record| Pulled {
                    table,
                    id: record.get("id").and_then(Value::as_str),
                    op: Op::Upsert,
                    record: Some(record),
                }));
            }
            all
        }
    }
}

/// Applies changes in their order; ends at the first one that its table refuses.
fn apply_in_order(
    connection: &Connection,
    changes: Vec<(&LocalTable, Pulled<'_>)>,
    protected: &Protected<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), OfflineError> {
    changes
        .into_iter()
        .try_for_each(|(table, change)| apply_one(connection, table, &change, protected, warnings))
}

/// Applies changes, and tries those that their tables refuse again after the others: the feed has
/// each record at its last change only, so the change that makes room for another record's value
/// of a UNIQUE column may come later in the page.
fn apply_with_retries(
    connection: &Connection,
    mut changes: Vec<(&LocalTable, Pulled<'_>)>,
    protected: &Protected<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), OfflineError> {
    loop {
        let (count, mut refused, mut first) = (changes.len(), Vec::new(), None);
        for (table, change) in changes {
            // A later change of the same record is its full state, so an earlier one is not needed.
            refused.retain(|(_, other): &(_, Pulled<'_>)| {
                change.id.is_none() || (other.table, other.id) != (change.table, change.id)
            });
            let applied =
                in_savepoint(connection, || apply_one(connection, table, &change, protected, warnings));
            let Err(error) = applied else { continue };
            // A trigger with RAISE(ROLLBACK) has ended the transaction.
            if !is_refusal(&error) || connection.is_autocommit() {
                return Err(error);
            }
            first.get_or_insert(error);
            refused.push((table, change));
        }
        match first {
            Some(error) if refused.len() == count => return Err(error),
            _ if refused.is_empty() => return Ok(()),
            _ => changes = refused,
        }
    }
}

/// Does work, and undoes all of it when it fails: SQLite keeps what a statement has written until
/// a trigger ends it with RAISE(FAIL).
fn in_savepoint(
    connection: &Connection,
    work: impl FnOnce() -> Result<(), OfflineError>,
) -> Result<(), OfflineError> {
    let run = |sql| {
        connection.execute_batch(sql).map_err(OfflineError::while_doing("cannot apply a pulled change"))
    };
    run("SAVEPOINT synctool_change")?;
    let done = work();
    if done.is_err() && !connection.is_autocommit() {
        run("ROLLBACK TO synctool_change")?;
    }
    if !connection.is_autocommit() {
        run("RELEASE synctool_change")?;
    }
    done
}

/// Applies a change, unless it is of a record or join row with a local change that the upload did
/// not send.
fn apply_one(
    connection: &Connection,
    table: &LocalTable,
    change: &Pulled<'_>,
    protected: &Protected<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), OfflineError> {
    let end = |key: &str| change.record.and_then(|record| record.get(key)).and_then(Value::as_str);
    let joined = match (table.is_join(), end("from"), end("to")) {
        (true, Some(from), Some(to)) => Some((format!("{from}:{to}"), [from, to])),
        _ => None,
    };
    let id = joined.as_ref().map(|(id, _)| id.as_str()).or(change.id);
    let Protected { touched, scope } = protected;
    if id.is_some_and(|id| touched.contains(change.table, id)) {
        return Ok(());
    }
    // A mark that the upload has not pushed as a delete is a local change as well.
    let pushes_marked = scope.deletes && scope.resources.contains(change.table);
    if let (Op::Upsert, Some(id), false) = (change.op, id, pushes_marked)
        && !table.is_join()
        && table.is_marked(connection, &[id])?
    {
        return Ok(());
    }
    let written = match (change.op, &joined, id, change.record) {
        (Op::Upsert, Some((_, ends)), _, Some(record)) => table.upsert(connection, ends, record),
        (Op::Upsert, None, Some(id), Some(record)) if !table.is_join() => {
            table.upsert(connection, &[id], record)
        }
        (Op::Delete, Some((_, ends)), ..) => table.delete(connection, ends).map(|()| true),
        (Op::Delete, None, Some(id), _) if table.is_join() => {
            table.delete_joined(connection, id).map(|()| true)
        }
        (Op::Delete, None, Some(id), _) => table.delete(connection, &[id]).map(|()| true),
        _ => Ok(false),
    };
    let fits = written.map_err(|error| with_subject(error, change.table, id))?;
    if !fits {
        let reason = match id {
            Some(id) => format!("{id:?} does not fit its table"),
            None => "it has no id".to_owned(),
        };
        warnings.push(format!("a change of `{}` was skipped: {reason}", change.table));
    }
    Ok(())
}

/// Writes the page's cursors: a feed has the global one, tables have their own.
fn advance_cursors(
    connection: &Connection,
    page: &PullAnswer,
    store_id: Option<&str>,
) -> Result<(), OfflineError> {
    match page {
        PullAnswer::Feed { changes, next, reached, .. } => {
            let last = changes.iter().map(|change| &change.server_seq).max();
            match next.as_ref().or(reached.as_ref()).or(last) {
                Some(cursor) => cursors::advance(connection, GLOBAL_CURSOR, cursor, store_id),
                None => Ok(()),
            }
        }
        PullAnswer::Tables { tables, .. } => tables.iter().try_for_each(|(name, changes)| {
            let advance = |cursor| cursors::advance(connection, name, cursor, store_id);
            changes.cursor.as_ref().map_or(Ok(()), advance)
        }),
    }
}
