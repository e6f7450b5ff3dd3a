//! Reading the records of a resource. In which order they are read is decided in
//! [`super::read_order`]; a large table that is sorted is read by
//! [`crate::offline::read::sorted_records`].

use bytes::BytesMut;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::offline::error::OfflineError;
use crate::offline::map::document::{self, Document};
use crate::offline::map::draft::{self, JsonTexts, NotMapped};
use crate::offline::map::fields::{size_within, write_object};
use crate::offline::map::keys::KeyError;
use crate::offline::map::size::RowSize;
use crate::offline::map::unnamed_keys::UnnamedKeys;
use crate::offline::map::value::ValueError;
use crate::offline::read::check::count_rows;
use crate::offline::read::records::read_order::{select_in_order, select_stored};
use crate::offline::read::records::source::RecordSource;
use crate::offline::read::records::table::{RecordTable, Rows};
use crate::offline::row_location::{SameKey, locate};
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{joined, quoted};
use crate::protocol::code;

/// A record in its row of the database.
#[derive(Debug)]
pub struct Record<'a> {
    /// The record's id.
    pub id: &'a str,
    /// The record's place in upload order, from 0.
    pub index: u64,
    /// Number of the group of records that may be sent at the same time, from 0: a record is sent
    /// when all earlier groups are answered or go before it in the same request. A group is a
    /// depth in a resource that refers to itself; other resources have one group.
    pub group: u64,
    source: &'a RecordSource,
    row: &'a Row<'a>,
}

impl Record<'_> {
    /// Appends the canonical JSON object of the record's fields.
    ///
    /// # Errors
    /// [`OfflineError::Data`] when a field cannot be uploaded.
    pub fn write_fields(&self, out: &mut BytesMut) -> Result<(), OfflineError> {
        let RecordTable { key, fields, document, .. } = &self.source.table;
        let written = match document {
            None => write_object(out, fields, self.row, key.width())
                .map_err(|(field, error)| (&*field.name, error)),
            Some(column) => self.source.table.write_document(out, column, self.document()?, None),
        };
        written.map_err(|(name, error)| self.invalid(name, &error))
    }

    /// Whether the values of the fields take at most `max` bytes as JSON.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn size_within(&self, max: u64) -> Result<RowSize, OfflineError> {
        let RecordTable { key, fields, document, .. } = &self.source.table;
        Ok(match document {
            None => size_within(fields, self.row, key.width(), max),
            Some(_) => self.document_within(max)?.1,
        })
    }

    /// Appends a draft of the fields, which [`RecordSource::finish`] finishes on any thread; nothing when
    /// the values take more than `max` bytes as JSON.
    ///
    /// # Errors
    /// [`OfflineError::Data`] when a field that is not JSON text cannot be uploaded;
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn write_draft(&self, out: &mut BytesMut, max: u64) -> Result<RowSize, OfflineError> {
        let Some(column) = &self.source.table.document else {
            return self.write_columns(out, max, JsonTexts::AsStored);
        };
        let (document, size) = self.document_within(max)?;
        if size == RowSize::Fits {
            match document {
                ValueRef::Text(text) => draft::write_text(out, text),
                _ => return Err(self.invalid(column, &ValueError::NotObject)),
            }
        }
        Ok(size)
    }

    /// Appends a finished draft of the fields, and notes keys of a document that the schema does not name;
    /// nothing when the values take more than `max` bytes as JSON.
    ///
    /// # Errors
    /// Those of [`Self::write_fields`]; [`OfflineError::Storage`] when the database cannot be read.
    pub(crate) fn write_finished(
        &self,
        out: &mut BytesMut,
        max: u64,
        unnamed: &mut UnnamedKeys,
    ) -> Result<RowSize, OfflineError> {
        let table = &self.source.table;
        let Some(column) = &table.document else {
            return self.write_columns(out, max, JsonTexts::Canonical);
        };
        let (document, size) = self.document_within(max)?;
        if size == RowSize::Fits {
            let write = |out: &mut BytesMut| table.write_document(out, column, document, Some(unnamed));
            draft::write_finished(out, write).map_err(|(name, error)| self.invalid(name, &error))?;
        }
        Ok(size)
    }

    fn write_columns(
        &self,
        out: &mut BytesMut,
        max: u64,
        json_texts: JsonTexts,
    ) -> Result<RowSize, OfflineError> {
        let RecordTable { key, fields, .. } = &self.source.table;
        draft::write_object(out, fields, self.row, key.width(), max, json_texts)
            .map_err(|(field, error)| self.invalid(&field.name, &error))
    }

    /// The error of a field that cannot be uploaded, or of the column of the document.
    fn invalid(&self, name: &str, error: &ValueError) -> OfflineError {
        let resource = &self.source.resource;
        invalid(self.index, name, &format!("{name} of {resource} {:?} {error}", self.id))
    }

    /// The value of the document's column, and whether its fields take at most `max` bytes as JSON.
    fn document_within(&self, max: u64) -> Result<(ValueRef<'_>, RowSize), OfflineError> {
        let document = self.document()?;
        Ok((document, document::size_within(&self.source.table.fields, document, max)))
    }

    /// The value of the document's column.
    fn document(&self) -> Result<ValueRef<'_>, OfflineError> {
        let table = &self.source.table;
        self.row.get_ref(table.key.width()).map_err(|error| table.failed()(error))
    }
}

impl RecordTable {
    /// Appends the canonical JSON object of the fields in a document, and notes its `unnamed` keys. An error
    /// comes with the name of the field or of the column.
    fn write_document<'t>(
        &'t self,
        out: &mut BytesMut,
        column: &'t str,
        document: ValueRef<'_>,
        unnamed: Option<&mut UnnamedKeys>,
    ) -> Result<(), (&'t str, ValueError)> {
        let document = Document::read(document).map_err(|error| (column, error))?;
        if let Some(unnamed) = unnamed {
            unnamed.note(document.keys());
        }
        document.write_fields(out, &self.fields).map_err(|(field, error)| (&*field.name, error))
    }
}

impl RecordSource {
    /// Appends the canonical JSON object of the fields of a record, from its draft.
    ///
    /// # Errors
    /// [`NotMapped`] when a field cannot be uploaded; [`Self::data_error`] says which one, and why.
    pub fn finish(&self, out: &mut BytesMut, draft: &[u8]) -> Result<(), NotMapped> {
        if let Some(column) = &self.table.document
            && let Some(document) = draft::text(draft)
        {
            let document = ValueRef::Text(document);
            return self.table.write_document(out, column, document, None).map_err(|_| NotMapped);
        }
        draft::finish_object(out, draft)
    }

    /// Why the record at this place in upload order cannot be uploaded, and where it is: reads the records
    /// up to it.
    ///
    /// The error is [`OfflineError::Data`], or one that keeps the record from being read.
    pub fn data_error(&self, snapshot: &Snapshot, index: u64) -> OfflineError {
        let mut json = BytesMut::new();
        let read = self.for_each(snapshot, |record| {
            if record.index < index {
                return Ok(());
            }
            record.write_fields(&mut json).and(Err(OfflineError::Stopped))
        });
        read.err().unwrap_or(OfflineError::Stopped)
    }

    /// Counts the records whose stored values are larger than `max` bytes together. SQLite reads
    /// their lengths, not the values.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn count_larger_than(&self, snapshot: &Snapshot, max: u64) -> Result<u64, OfflineError> {
        let table = &self.table;
        let columns = match &table.document {
            Some(column) => vec![column],
            None => table.fields.iter().map(|field| &field.column).collect(),
        };
        let length = |column: &&String| format!("ifnull(octet_length({}), 0)", quoted(column));
        let lengths: Vec<_> = columns.iter().map(length).collect();
        if lengths.is_empty() {
            return Ok(0);
        }
        table.register_conditions(snapshot.connection()).map_err(table.failed())?;
        let (name, rows) = (quoted(&table.name), table.read_condition());
        let length = joined(&lengths, "+");
        let sql = format!("SELECT count(*) FROM {name} AS t WHERE {rows} AND {length} > ?1");
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        snapshot.connection().query_row(&sql, [max], |row| row.get(0)).map_err(table.failed())
    }

    /// The number of records that are read.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn count(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        self.table.register_conditions(snapshot.connection()).map_err(self.table.failed())?;
        count_rows(snapshot.connection(), &self.table.name, &self.table.read_condition())
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
        mut consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let sql = select_in_order(&self.table, snapshot, self.read_order()).map_err(self.table.failed())?;
        self.read(snapshot.connection(), &sql, self.table.has_parents(), &mut consume)
    }

    /// Reads at most this number of records, the first in upload order. SQLite keeps no more of them than
    /// that while it sorts.
    ///
    /// # Errors
    /// Those of [`Self::for_each`].
    pub fn for_each_first(
        &self,
        snapshot: &Snapshot,
        limit: u64,
        mut consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let sql = select_in_order(&self.table, snapshot, self.read_order()).map_err(self.table.failed())?;
        // SQLite has signed integers of 64 bits.
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = format!("{sql} LIMIT {limit}");
        self.read(snapshot.connection(), &sql, self.table.has_parents(), &mut consume)
    }

    /// Reads the records that meet an SQL condition in the order in which they are stored.
    pub(crate) fn for_each_stored(
        &self,
        connection: &Connection,
        condition: &str,
        mut consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        self.read(connection, &select_stored(&self.table, condition), false, &mut consume)
    }

    /// An error of a record with this id, with the location of the record where it has none.
    pub(crate) fn located(&self, connection: &Connection, error: OfflineError, id: &str) -> OfflineError {
        error.at_row(|| {
            let texts = self.table.key.columns_of(id);
            let columns: Vec<_> =
                texts.iter().map(|(name, text)| (*name, ValueRef::Text(text.as_bytes()))).collect();
            locate(connection, &self.table.name, &columns, Some(id), SameKey::Id)
        })
    }

    /// Reads the rows of a query, whose last column is the depth where it has one. It is compiled once for
    /// all callers.
    fn read(
        &self,
        connection: &Connection,
        sql: &str,
        has_depth: bool,
        consume: &mut dyn FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let failed = |error| self.table.failed()(error);
        self.table.register_conditions(connection).map_err(failed)?;
        let mut statement = connection.prepare(sql).map_err(failed)?;
        let depth_column = has_depth.then(|| statement.column_count() - 1);
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
            let key = &self.table.key;
            let place = |id, same| locate(connection, &self.table.name, &key.columns_in(row), id, same);
            key.write_id(row, 0, &mut id)
                .map_err(|error| invalid_id(index, &error).at_row(|| place(None, SameKey::Value)))?;
            if previous.as_ref() == Some(&id) {
                // A delete is sent once for all rows of one id.
                if matches!(self.table.rows, Rows::Where(_)) {
                    continue;
                }
                return Err(not_unique(index).at_row(|| place(Some(&id), SameKey::Id)));
            }
            consume(Record { id: &id, group, source: self, row, index })
                .map_err(|error| error.at_row(|| place(Some(&id), SameKey::Value)))?;
            std::mem::swap(&mut id, previous.get_or_insert_default());
            index += 1;
        }
        Ok(())
    }

    /// To collect keys of documents that the schema does not name.
    pub(crate) fn unnamed_keys(&self) -> UnnamedKeys {
        UnnamedKeys::new(&self.table.fields)
    }
}

/// The error of a record that has the same id as the one before it.
pub(crate) fn not_unique(index: u64) -> OfflineError {
    invalid(index, "id", "record id must be unique")
}

/// The error of a row that has no id.
fn invalid_id(index: u64, error: &KeyError) -> OfflineError {
    invalid(index, "id", &format!("record id {error}"))
}

/// The error of a record that cannot be uploaded, by its place in upload order.
fn invalid(index: u64, field: &str, message: &str) -> OfflineError {
    OfflineError::data(code::DFQL_INVALID, message, format!("records[{index}].{field}"))
}
