//! Checking and reading the records of a resource. In which order they are read is decided in
//! [`super::read_order`]; a large table that is sorted is read by
//! [`crate::offline::read::sorted_records`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::offline::error::OfflineError;
use crate::offline::map::document::{self, UnnamedKeys};
use crate::offline::map::fields::{MappedField, write_object};
use crate::offline::map::value::{key_text, utf8};
use crate::offline::read::check::check_rows;
use crate::offline::read::records::read_order::{select_in_order, select_stored};
use crate::offline::read::records::source::RecordSource;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::quoted;
use crate::protocol::code;

/// The SQL function that says whether a document can be uploaded.
const IS_DOCUMENT: &str = "synctool_is_document";

/// A record in its row of the database.
#[derive(Debug)]
pub struct Record<'a> {
    /// The record's id.
    pub id: &'a str,
    /// Number of the group of records that may be sent at the same time, from 0: all records of
    /// one group must be answered before the next group is sent. A group is a depth in a resource
    /// that refers to itself; other resources have one group.
    pub group: u64,
    source: &'a RecordSource,
    row: &'a Row<'a>,
    /// The place in upload order, from 0.
    index: u64,
}

impl Record<'_> {
    /// Appends the canonical JSON object of the record's fields.
    ///
    /// # Errors
    /// [`OfflineError::Data`] when a field cannot be uploaded.
    pub fn write_fields(&self, out: &mut Vec<u8>) -> Result<(), OfflineError> {
        let Self { source: RecordSource { resource, table, .. }, row, .. } = self;
        let written = match &table.document {
            None => write_object(out, &table.fields, row, 1).map_err(|(field, error)| (&field.name, error)),
            Some(column) => {
                let document = row.get_ref(1).map_err(|error| table.failed()(error))?;
                document::write_object(out, &table.fields, document)
                    .map_err(|(field, error)| (field.map_or(column, |field| &field.name), error))
            }
        };
        written.map_err(|(name, error)| {
            invalid(self.index, name, &format!("{name} of {resource} {:?} {error}", self.id))
        })
    }
}

impl RecordSource {
    /// Counts the records and checks every one of them in SQL, which reads only the columns that
    /// it must. Returns the number of records.
    ///
    /// # Errors
    /// [`OfflineError::Data`] for the first record in upload order that cannot be uploaded;
    /// [`OfflineError::Storage`] when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn check(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        self.check_and_warn(snapshot, &mut Vec::new())
    }

    /// As [`Self::check`], with a warning for a person about keys of documents that the schema does
    /// not name.
    ///
    /// # Errors
    /// Those of [`Self::check`].
    pub fn check_and_warn(
        &self,
        snapshot: &Snapshot,
        warnings: &mut Vec<String>,
    ) -> Result<u64, OfflineError> {
        let table = &self.table;
        let unnamed = Arc::new(Mutex::new(UnnamedKeys::new(&table.fields)));
        let key = (&*table.id_column, table.id_format.as_ref());
        let invalid_values = match &table.document {
            None => table.fields.iter().filter_map(MappedField::invalid_value_condition).collect(),
            Some(column) => {
                self.register_is_document(snapshot, &unnamed)?;
                vec![format!("NOT {IS_DOCUMENT}({})", quoted(column))]
            }
        };
        let checked = check_rows(snapshot, &table.name, &[key], &invalid_values)?;
        if checked.has_invalid_row {
            // Reading finds the first one in upload order, and what is wrong with it.
            let mut json = Vec::new();
            self.for_each(snapshot, |record| {
                json.clear();
                record.write_fields(&mut json)
            })?;
        }
        warnings.extend(lock(&unnamed).warning(&self.resource));
        Ok(checked.rows)
    }

    /// Reads every record in upload order: by depth where the resource refers to itself, then by
    /// id in byte order.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Data`] for a key that cannot be an id, or an id
    /// that occurs twice; [`OfflineError::Storage`] when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn for_each(
        &self,
        snapshot: &Snapshot,
        consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let sql = select_in_order(&self.table, snapshot, self.read_order()).map_err(self.table.failed())?;
        self.read(snapshot.connection(), &sql, consume)
    }

    /// Reads the records that meet an SQL condition in the order in which they are stored.
    pub(crate) fn for_each_stored(
        &self,
        connection: &Connection,
        condition: &str,
        consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        self.read(connection, &select_stored(&self.table, condition), consume)
    }

    fn read(
        &self,
        connection: &Connection,
        sql: &str,
        mut consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let failed = |error| self.table.failed()(error);
        let mut statement = connection.prepare(sql).map_err(failed)?;
        // The depth is the last column.
        let depth_column = self.table.has_parents().then(|| statement.column_count() - 1);
        let mut rows = statement.query([]).map_err(failed)?;
        let (mut id, mut previous) = (String::new(), None::<String>);
        let (mut index, mut group, mut last_depth) = (0, 0_u64, None::<i64>);
        while let Some(row) = rows.next().map_err(failed)? {
            if let Some(column) = depth_column {
                let depth = row.get(column).map_err(failed)?;
                if last_depth.replace(depth).is_some_and(|last| last != depth) {
                    group += 1;
                }
            }
            self.read_id(row.get_ref(0).map_err(failed)?, index, &mut id)?;
            if previous.as_ref() == Some(&id) {
                return Err(not_unique(index));
            }
            consume(Record { id: &id, group, source: self, row, index })?;
            std::mem::swap(&mut id, previous.get_or_insert_default());
            index += 1;
        }
        Ok(())
    }

    fn read_id(&self, value: ValueRef<'_>, index: u64, id: &mut String) -> Result<(), OfflineError> {
        id.clear();
        match (&self.table.id_format, value) {
            (None, ValueRef::Text(text)) => {
                let text = utf8(text).map_err(|error| invalid(index, "id", &format!("record id {error}")))?;
                id.push_str(text);
            }
            (None, _) => return Err(invalid(index, "id", "record id must be a string")),
            (Some(format), value) => {
                let key =
                    key_text(value).map_err(|error| invalid(index, "id", &format!("record id {error}")))?;
                id.push_str(&format.id(&key));
            }
        }
        Ok(())
    }

    /// Registers [`IS_DOCUMENT`], which checks a document by the same rules by which it is read, and
    /// notes its keys that the schema does not name: no second scan is needed for them.
    fn register_is_document(
        &self,
        snapshot: &Snapshot,
        unnamed: &Arc<Mutex<UnnamedKeys>>,
    ) -> Result<(), OfflineError> {
        snapshot
            .for_each_connection(|connection| {
                let (fields, unnamed) = (self.table.fields.clone(), Arc::clone(unnamed));
                connection.create_scalar_function(
                    IS_DOCUMENT,
                    1,
                    FunctionFlags::SQLITE_UTF8,
                    move |context| {
                        let Ok(document) = document::parse(context.get_raw(0)) else { return Ok(false) };
                        lock(&unnamed).note(&document);
                        Ok(document::write_fields(&mut Vec::new(), &fields, &document).is_ok())
                    },
                )
            })
            .map_err(OfflineError::while_doing("cannot check documents"))
    }
}

/// Locks for this thread: a thread that panicked has at most not counted a document.
fn lock(unnamed: &Mutex<UnnamedKeys>) -> MutexGuard<'_, UnnamedKeys> {
    unnamed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of a record that has the same id as the one before it.
pub(crate) fn not_unique(index: u64) -> OfflineError {
    invalid(index, "id", "record id must be unique")
}

/// The error of a record that cannot be uploaded, by its place in upload order.
fn invalid(index: u64, field: &str, message: &str) -> OfflineError {
    OfflineError::data(code::DFQL_INVALID, message, format!("records[{index}].{field}"))
}
