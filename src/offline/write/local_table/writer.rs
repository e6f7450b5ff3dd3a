//! Writes the changes of one page into one table, with statements that are prepared once. What a change
//! does to its row is decided in [`super::upsert`] and [`super::delete`]; which changes are written at all,
//! in [`crate::offline::write::page_writer`].

use rusqlite::types::Value as SqlValue;
use rusqlite::{CachedStatement, Connection, Statement, ToSql, params_from_iter};

use crate::offline::error::OfflineError;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::foreign_collations::ForeignCollations;
use crate::offline::write::local_table::refusal::ignored;
use crate::offline::write::local_table::table::LocalTable;
use crate::protocol::{JsonText, PulledRecord};

/// Writes changes into a table.
pub(crate) struct TableWriter<'c> {
    pub(super) table: &'c LocalTable,
    /// The connection that writes.
    pub(super) connection: &'c Connection,
    select: Option<CachedStatement<'c>>,
    insert: Option<CachedStatement<'c>>,
    insert_if_new: Option<CachedStatement<'c>>,
}

/// The parameters that find a row.
pub(super) enum RowKey<'i> {
    /// The ids themselves, where no key has a template.
    Ids(&'i [&'i str]),
    /// The values of [`LocalTable::key_parameters`].
    Values(Vec<SqlValue>),
}

impl RowKey<'_> {
    /// Binds the parameters, which begin with this one.
    pub(super) fn bind(&self, statement: &mut Statement<'_>, first: usize) -> rusqlite::Result<()> {
        match self {
            Self::Ids(ids) => bind(statement, first, ids.iter()),
            Self::Values(values) => bind(statement, first, values.iter()),
        }
    }
}

impl<'c> TableWriter<'c> {
    /// A writer for a table that `connection` writes.
    pub(crate) fn new(table: &'c LocalTable, connection: &'c Connection) -> Self {
        Self { table, connection, select: None, insert: None, insert_if_new: None }
    }

    /// Whether the rows are join rows, with two ids each.
    pub(crate) fn is_join(&self) -> bool {
        self.table.keys.len() > 1
    }

    /// Reads the values of the table's fields in a record.
    pub(crate) fn read_values<'p>(&self, record: PulledRecord<'p>, values: &mut Vec<JsonText<'p>>) {
        self.table.places.read(&self.table.fields, record, values);
    }

    /// The parameters that find the row with these ids; `None` when an id does not match its template.
    pub(super) fn row_key<'i>(&self, ids: &'i [&'i str]) -> Option<RowKey<'i>> {
        if self.table.keys.iter().all(|local| local.key.text_column().is_some()) {
            return Some(RowKey::Ids(ids));
        }
        self.table.key_parameters(ids).map(RowKey::Values)
    }

    /// The statement that selects a row, on a connection that can read the table.
    pub(super) fn select(&mut self) -> rusqlite::Result<&mut CachedStatement<'c>> {
        let reader = ForeignCollations::reader_of(self.table.foreign_collations.as_ref(), self.connection);
        prepared(&mut self.select, reader, &self.table.statements.select)
    }

    /// The statement that inserts a row; with `only_new`, unless a unique index has one like it.
    pub(super) fn insert(&mut self, only_new: bool) -> rusqlite::Result<&mut CachedStatement<'c>> {
        let statements = &self.table.statements;
        if only_new {
            prepared(&mut self.insert_if_new, self.connection, &statements.insert_if_new)
        } else {
            prepared(&mut self.insert, self.connection, &statements.insert)
        }
    }

    /// Whether the table has a row that meets an SQL condition with these parameters.
    pub(super) fn exists(&self, condition: &str, values: &[SqlValue]) -> Result<bool, OfflineError> {
        let sql = format!("SELECT 1 FROM {} WHERE {condition}", quoted(&self.table.name));
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.exists(params_from_iter(values)))
            .map_err(failed(&self.table.name))
    }

    /// Runs a statement on the row with this key, whose parameters come after the `values`. It must
    /// change a row.
    pub(super) fn change(
        &self,
        sql: &str,
        values: &[impl ToSql],
        key: &RowKey<'_>,
    ) -> Result<(), OfflineError> {
        let changed = self.connection.prepare_cached(sql).and_then(|mut statement| {
            bind(&mut statement, 1, values.iter())?;
            key.bind(&mut statement, values.len() + 1)?;
            statement.raw_execute()
        });
        match changed.map_err(failed(&self.table.name))? {
            0 => Err(ignored(&self.table.name)),
            _ => Ok(()),
        }
    }
}

/// The statement, which is prepared when it is first needed.
fn prepared<'s, 'c>(
    statement: &'s mut Option<CachedStatement<'c>>,
    connection: &'c Connection,
    sql: &str,
) -> rusqlite::Result<&'s mut CachedStatement<'c>> {
    match statement {
        Some(statement) => Ok(statement),
        None => Ok(statement.insert(connection.prepare_cached(sql)?)),
    }
}

/// Binds values to the parameters from this one on.
pub(super) fn bind(
    statement: &mut Statement<'_>,
    first: usize,
    values: impl Iterator<Item = impl ToSql>,
) -> rusqlite::Result<()> {
    for (index, value) in (first..).zip(values) {
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}
