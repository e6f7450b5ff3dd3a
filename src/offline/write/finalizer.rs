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
use crate::offline::write::local_table::LocalTable;
use crate::protocol::{Cursor, GLOBAL_CURSOR, Op, PullAnswer};
use crate::schema::Schema;

/// A connection to the offline database that writes what follows an upload.
pub struct Finalizer {
    connection: Connection,
    schema: Schema,
    /// The change log's highest `seq` in the snapshot.
    seq: i64,
    /// What the upload has covered.
    scope: Scope,
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

/// A pulled change of either dialect.
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
        Ok(Self { connection: database.connect()?, schema, seq, scope, tables: HashMap::new() })
    }

    /// Applies a page in one transaction together with its cursors.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be written; then nothing of the page is
    /// written.
    pub fn apply(&mut self, page: &PullAnswer) -> Result<Applied, OfflineError> {
        let mut tables = std::mem::take(&mut self.tables);
        let scope = self.scope.clone();
        let applied = self.transaction(|connection, schema, seq| {
            let touched = Touched::outside(connection, schema, seq, &scope)?;
            let mut applied = Applied::default();
            for change in changes(page) {
                if !tables.contains_key(change.table) {
                    let table = local_table(connection, schema, change.table, &mut applied.warnings)?;
                    tables.insert(change.table.to_owned(), table);
                }
                if let Some(Some(table)) = tables.get(change.table) {
                    applied.changes += 1;
                    apply_one(connection, table, &change, &touched, &mut applied.warnings)?;
                }
            }
            advance_cursors(connection, page)?;
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
        let scope = self.scope.clone();
        self.transaction(|connection, schema, seq| {
            if let Some(cursor) = cursor {
                cursors::advance(connection, GLOBAL_CURSOR, cursor)?;
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
    schema: &Schema,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<LocalTable>, OfflineError> {
    let table = if let Some(resource) = schema.resource(name) {
        if resource.is_remote_only {
            return Ok(None);
        }
        LocalTable::of_resource(connection, schema, resource)?
    } else {
        match schema.join_store(name) {
            Some(store) => LocalTable::of_join_store(connection, &store)?,
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

/// Applies a change, unless it is of a record or join row with a local change that the upload did
/// not send.
fn apply_one(
    connection: &Connection,
    table: &LocalTable,
    change: &Pulled<'_>,
    touched: &Touched,
    warnings: &mut Vec<String>,
) -> Result<(), OfflineError> {
    let end = |key: &str| change.record.and_then(|record| record.get(key)).and_then(Value::as_str);
    let joined = match (table.is_join(), end("from"), end("to")) {
        (true, Some(from), Some(to)) => Some((format!("{from}:{to}"), [from, to])),
        _ => None,
    };
    let id = joined.as_ref().map(|(id, _)| id.as_str()).or(change.id);
    if id.is_some_and(|id| touched.contains(change.table, id)) {
        return Ok(());
    }
    let fits = match (change.op, &joined, id, change.record) {
        (Op::Upsert, Some((_, ends)), _, Some(record)) => table.upsert(connection, ends, record)?,
        (Op::Upsert, None, Some(id), Some(record)) if !table.is_join() => {
            table.upsert(connection, &[id], record)?
        }
        (Op::Delete, Some((_, ends)), ..) => return table.delete(connection, ends),
        (Op::Delete, None, Some(id), _) if table.is_join() => return table.delete_joined(connection, id),
        (Op::Delete, None, Some(id), _) => return table.delete(connection, &[id]),
        _ => false,
    };
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
fn advance_cursors(connection: &Connection, page: &PullAnswer) -> Result<(), OfflineError> {
    match page {
        PullAnswer::Feed { changes, next, reached } => {
            let last = changes.iter().map(|change| &change.server_seq).max();
            match next.as_ref().or(reached.as_ref()).or(last) {
                Some(cursor) => cursors::advance(connection, GLOBAL_CURSOR, cursor),
                None => Ok(()),
            }
        }
        PullAnswer::Tables { tables, .. } => tables.iter().try_for_each(|(name, changes)| {
            changes.cursor.as_ref().map_or(Ok(()), |cursor| cursors::advance(connection, name, cursor))
        }),
    }
}
