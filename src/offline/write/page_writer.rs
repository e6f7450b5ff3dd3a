//! Applies the changes of one page, within a transaction: in their order, or with those that a table
//! refuses after the others. A local change that the upload has not sent wins over a pulled one
//! (contract 3.1.6). How a row is written is in [`super::local_table`], the transactions are in
//! [`super::finalizer`].

use std::borrow::Cow;

use rusqlite::Connection;

use crate::offline::changelog::{Scope, Touched};
use crate::offline::error::OfflineError;
use crate::offline::write::local_table::{TableWriter, Upserted, is_refusal, with_subject};
use crate::offline::write::local_tables::LocalTables;
use crate::protocol::{JsonText, Op, PullAnswer, PulledChange};

/// The local changes that a pull must not overwrite.
#[derive(Clone, Copy)]
pub(super) struct Protected<'a> {
    /// What entries of the change log are about that the upload has not sent.
    pub(super) touched: &'a Touched,
    /// What the upload covers.
    pub(super) scope: &'a Scope,
}

/// How a page is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// In the order of the changes; ends at the first one that its table refuses.
    AsPulled,
    /// Changes that their tables refuse are tried again after the others: the feed has each record at
    /// its last change only, so the change that makes room for another record's value of a UNIQUE column
    /// may come later in the page.
    RefusedLast,
}

/// The result of applying changes.
#[derive(Debug, Default)]
pub(super) struct Written<'p> {
    /// The number of changes that have a table.
    pub(super) changes: u64,
    /// The changes of records and join rows whose ids no row of their table can have.
    pub(super) misfits: Vec<PulledChange<'p>>,
    /// Warnings for the user.
    pub(super) warnings: Vec<String>,
}

/// Writes the changes of one page.
pub(super) struct PageWriter<'c, 'p> {
    connection: &'c Connection,
    /// One for each name in the page that has a table.
    tables: Vec<Option<TableWriter<'c>>>,
    protected: Protected<'c>,
    /// The values of one record, kept for its allocation.
    values: Vec<JsonText<'p>>,
    written: Written<'p>,
}

impl<'c, 'p> PageWriter<'c, 'p> {
    /// A writer for a page of these tables.
    pub(super) fn new(
        connection: &'c Connection,
        page: &PullAnswer,
        tables: &'c LocalTables,
        protected: Protected<'c>,
    ) -> Self {
        let writer = |name: &String| tables.get(name).map(|table| TableWriter::new(table, connection));
        let tables = page.tables().iter().map(writer).collect();
        Self { connection, tables, protected, values: Vec::new(), written: Written::default() }
    }

    /// Applies changes of the page.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when a table refuses a change or cannot be written.
    pub(super) fn apply(
        mut self,
        changes: impl Iterator<Item = PulledChange<'p>>,
        order: Order,
    ) -> Result<Written<'p>, OfflineError> {
        let has_table: Vec<_> = self.tables.iter().map(Option::is_some).collect();
        let changes = changes.filter(|change| has_table[change.table_index]);
        match order {
            Order::AsPulled => {
                for change in changes {
                    self.written.changes += 1;
                    self.apply_one(&change)?;
                }
            }
            Order::RefusedLast => {
                let changes: Vec<_> = changes.collect();
                self.written.changes = changes.len() as u64;
                self.apply_refused_last(changes)?;
            }
        }
        Ok(self.written)
    }

    fn apply_refused_last(&mut self, mut changes: Vec<PulledChange<'p>>) -> Result<(), OfflineError> {
        loop {
            let (count, mut refused, mut first) = (changes.len(), Vec::new(), None);
            for change in changes {
                // A later change of the same record is its full state, so an earlier one is not needed.
                let id = change.id();
                refused.retain(|other: &PulledChange<'_>| {
                    id.is_none() || (other.table_index, other.id()) != (change.table_index, id.clone())
                });
                let connection = self.connection;
                let Err(error) = in_savepoint(connection, || self.apply_one(&change)) else { continue };
                // A trigger with RAISE(ROLLBACK) has ended the transaction.
                if !is_refusal(&error) || connection.is_autocommit() {
                    return Err(error);
                }
                first.get_or_insert(error);
                refused.push(change);
            }
            match first {
                Some(error) if refused.len() == count => return Err(error),
                _ if refused.is_empty() => return Ok(()),
                _ => changes = refused,
            }
        }
    }

    /// Applies a change, unless it is of a record or join row with a local change that the upload did
    /// not send.
    fn apply_one(&mut self, change: &PulledChange<'p>) -> Result<(), OfflineError> {
        let Some(table) = &mut self.tables[change.table_index] else { return Ok(()) };
        let ends = if table.is_join() { change.ends() } else { None };
        let id = match &ends {
            Some([from, to]) => Some(Cow::Owned(format!("{from}:{to}"))),
            None => change.id(),
        };
        let id = id.as_deref();
        let Protected { touched, scope } = self.protected;
        if id.is_some_and(|id| touched.contains(change.table, id)) {
            return Ok(());
        }
        // A mark that the upload has not pushed as a delete is a local change as well.
        let keeps_marks = !(scope.deletes && scope.resources.contains(change.table));
        let applied = match (change.op, &ends, id, change.record) {
            (Op::Upsert, Some([from, to]), _, Some(record)) => {
                table.read_values(record, &mut self.values);
                table.upsert(&[&**from, &**to], &self.values, keeps_marks)
            }
            (Op::Upsert, None, Some(id), Some(record)) if !table.is_join() => {
                table.read_values(record, &mut self.values);
                table.upsert(&[id], &self.values, keeps_marks)
            }
            (Op::Delete, Some([from, to]), ..) => table.delete(&[&**from, &**to]).map(|()| Upserted::Written),
            (Op::Delete, None, Some(id), _) if table.is_join() => {
                table.delete_joined(id).map(|()| Upserted::Written)
            }
            (Op::Delete, None, Some(id), _) => table.delete(&[id]).map(|()| Upserted::Written),
            _ => Ok(Upserted::DoesNotFit),
        };
        let applied = applied.map_err(|error| with_subject(error, change.table, id))?;
        match applied {
            Upserted::Written | Upserted::Kept => {}
            Upserted::NoSuchKey => self.written.misfits.push(*change),
            Upserted::DoesNotFit => self.written.warnings.push(skipped(change.table, id)),
        }
        Ok(())
    }
}

impl Written<'_> {
    /// All warnings, with those about changes that have no place.
    pub(super) fn all_warnings(self) -> impl Iterator<Item = String> {
        let misfits = self.misfits.into_iter().map(|change| skipped(change.table, change.id().as_deref()));
        self.warnings.into_iter().chain(misfits)
    }
}

/// The warning about a change that is not written.
fn skipped(table: &str, id: Option<&str>) -> String {
    let reason = match id {
        Some(id) => format!("{id:?} does not fit its table"),
        None => "it has no id".to_owned(),
    };
    format!("a change of `{table}` was skipped: {reason}")
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
