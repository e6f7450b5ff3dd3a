//! The rows of a join store: their table, checking them, and reading them in upload order
//! (contract 3.1, stage B). Records are read by [`super::records`].

use std::borrow::Cow;

use bytes::BytesMut;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::offline::collation;
use crate::offline::error::OfflineError;
use crate::offline::map::draft::{self, JsonTexts, NotMapped};
use crate::offline::map::fields::{MappedField, map_checked_fields, select_list, size_within, write_object};
use crate::offline::map::keys::Key;
use crate::offline::map::size::RowSize;
use crate::offline::map::value::ValueError;
use crate::offline::read::check::{ALL_ROWS, check_rows, count_rows};
use crate::offline::row_location::{RowLocation, SameKey, locate};
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{Table, quoted};
use crate::protocol::code;
use crate::schema::{JoinStorage, JoinStore, Resource};

/// A join store, and the table of its rows.
#[derive(Debug, Clone)]
pub struct JoinSource {
    name: String,
    /// The name of the resource that refers.
    resource: String,
    /// The name of the resource that is referred to.
    target: String,
    /// The version of the resource that refers, in the schema.
    version: u64,
    /// The relation's name.
    relation: String,
    /// `None` when the table is missing: then there are no join rows (contract 1.1).
    table: Option<JoinTable>,
}

/// The number of columns before the metadata: both ends.
const ENDS: usize = 2;

#[derive(Debug, Clone)]
struct JoinTable {
    storage: JoinStorage,
    from: Key,
    to: Key,
    metadata: Vec<MappedField>,
    /// Columns of a default-layout table that the metadata does not name: they must be NULL.
    unknown: Vec<String>,
}

/// A join row in its row of the database.
#[derive(Debug)]
pub struct JoinRow<'a> {
    /// The id of the record that refers.
    pub from: &'a str,
    /// The id of the record that is referred to.
    pub to: &'a str,
    /// The row's place in upload order, from 0.
    pub index: u64,
    join_store: &'a str,
    table: &'a JoinTable,
    row: &'a Row<'a>,
}

impl JoinRow<'_> {
    /// Appends the canonical JSON object of the join row's metadata.
    ///
    /// # Errors
    /// [`OfflineError::Data`] when a field cannot be uploaded.
    pub fn write_metadata(&self, out: &mut BytesMut) -> Result<(), OfflineError> {
        let metadata = &self.table.metadata;
        write_object(out, metadata, self.row, ENDS).map_err(|error| self.invalid(error))
    }

    /// Whether the values of the metadata take at most `max` bytes as JSON.
    #[must_use]
    pub fn size_within(&self, max: u64) -> RowSize {
        size_within(&self.table.metadata, self.row, ENDS, max)
    }

    /// Appends a draft of the metadata, which [`JoinSource::finish`] finishes on any thread; nothing when
    /// the values take more than `max` bytes as JSON.
    ///
    /// # Errors
    /// [`OfflineError::Data`] when a field that is not JSON text cannot be uploaded.
    pub fn write_draft(&self, out: &mut BytesMut, max: u64) -> Result<RowSize, OfflineError> {
        draft::write_object(out, &self.table.metadata, self.row, ENDS, max, JsonTexts::AsStored)
            .map_err(|error| self.invalid(error))
    }

    /// The error of a field that cannot be uploaded.
    fn invalid(&self, (field, error): (&MappedField, ValueError)) -> OfflineError {
        let Self { from, to, join_store, index, .. } = self;
        let message = format!("{} of {join_store} {from:?} → {to:?} {error}", field.name);
        OfflineError::data(code::DFQL_INVALID, message, format!("joinRows[{index}].{}", field.name))
    }
}

impl JoinSource {
    /// Finds the table and columns of a join store. A metadata field whose column is missing is
    /// left out, with a warning for the user.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when a table that the schema names, or a column that it requires,
    /// is missing (contract 1.1), or when the database cannot be read.
    pub fn resolve(
        snapshot: &Snapshot,
        store: &JoinStore<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, OfflineError> {
        collation::check_view(snapshot.connection(), &store.storage().table)?;
        Ok(Self {
            name: store.name(),
            resource: store.from.name.clone(),
            target: store.to.name.clone(),
            version: store.from.version,
            relation: store.relation.name.clone(),
            table: JoinTable::find(snapshot, store, warnings)?,
        })
    }

    /// The names of the metadata fields that are uploaded, in canonical order: all but those whose
    /// column is missing.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.table.iter().flat_map(|table| &table.metadata).map(|field| &*field.name)
    }

    /// The rows as a content digest counts them (contract 3.8): metadata that is NULL is left out.
    #[must_use]
    pub fn comparable(mut self) -> Self {
        if let Some(table) = &mut self.table {
            table.metadata =
                std::mem::take(&mut table.metadata).into_iter().map(MappedField::without_null).collect();
        }
        self
    }

    /// Whether a comparable row can still have metadata that is `null`: one of JSON text.
    #[must_use]
    pub fn can_hold_json_null(&self) -> bool {
        self.table.iter().flat_map(|table| &table.metadata).any(MappedField::can_hold_json_null)
    }

    /// The join store's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the resource that refers.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The name of the resource that is referred to.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The version of the resource that refers, in the schema.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The relation's name.
    #[must_use]
    pub fn relation(&self) -> &str {
        &self.relation
    }

    /// The number of rows, which are not checked.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub(crate) fn count(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        self.table
            .as_ref()
            .map_or(Ok(0), |table| count_rows(snapshot.connection(), &table.storage.table, ALL_ROWS))
    }

    /// Appends the canonical JSON object of the metadata of a row, from its draft.
    ///
    /// # Errors
    /// [`NotMapped`] when a field cannot be uploaded; [`Self::data_error`] says which one, and why.
    pub fn finish(out: &mut BytesMut, draft: &[u8]) -> Result<(), NotMapped> {
        draft::finish_object(out, draft)
    }

    /// Why the row at this place in upload order cannot be uploaded, and where it is: reads the rows up to
    /// it.
    ///
    /// The error is [`OfflineError::Data`], or one that keeps the row from being read.
    pub fn data_error(&self, snapshot: &Snapshot, index: u64) -> OfflineError {
        let mut json = BytesMut::new();
        let read = self.for_each(snapshot, |row| {
            if row.index < index {
                return Ok(());
            }
            row.write_metadata(&mut json).and(Err(OfflineError::Stopped))
        });
        read.err().unwrap_or(OfflineError::Stopped)
    }

    /// Counts the rows and checks every one of them in SQL. Returns the number of rows.
    ///
    /// # Errors
    /// [`OfflineError::Data`] for the first row in upload order that cannot be uploaded;
    /// [`OfflineError::Storage`] when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn check(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        let Some(table) = &self.table else { return Ok(0) };
        let keys: Vec<_> = table.keys().into_iter().filter_map(Key::text_column).collect();
        let checked = check_rows(snapshot, &table.storage.table, &keys, &table.invalid_values(), ALL_ROWS)?;
        if checked.has_invalid_row {
            // Reading finds the first one in upload order, and what is wrong with it.
            let mut json = BytesMut::new();
            self.for_each(snapshot, |row| {
                json.clear();
                row.write_metadata(&mut json)
            })?;
        }
        Ok(checked.rows)
    }

    /// Reads every row in upload order: by `from`, then `to`, in byte order.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Data`] for a row whose ends or columns cannot be
    /// uploaded; [`OfflineError::Storage`] when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn for_each(
        &self,
        snapshot: &Snapshot,
        mut consume: impl FnMut(JoinRow<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        self.read(snapshot, &mut consume)
    }

    /// As [`Self::for_each`], compiled once for all callers.
    fn read(
        &self,
        snapshot: &Snapshot,
        consume: &mut dyn FnMut(JoinRow<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let Some(table) = &self.table else { return Ok(()) };
        let failed = |error| {
            OfflineError::while_doing(format!("cannot read table {}", quoted(&table.storage.table)))(error)
        };
        let connection = snapshot.connection();
        let mut statement = connection.prepare(&table.select_sql(snapshot.byte_order())).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut index = 0_u64;
        while let Some(row) = rows.next().map_err(failed)? {
            let ends = [row.get_ref(0).map_err(failed)?, row.get_ref(1).map_err(failed)?];
            self.read_row(table, row, index, consume)
                .map_err(|error| error.at_row(|| table.locate(connection, ends)))?;
            index += 1;
        }
        Ok(())
    }

    fn read_row(
        &self,
        table: &JoinTable,
        row: &Row<'_>,
        index: u64,
        consume: &mut dyn FnMut(JoinRow<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let from = end(row, 0, &table.from, index)?;
        let to = end(row, 1, &table.to, index)?;
        let first_unknown = ENDS + table.metadata.len();
        for (offset, column) in table.unknown.iter().enumerate() {
            let value = row.get_ref(first_unknown + offset).expect("the SELECT lists every column");
            if value != ValueRef::Null {
                return Err(OfflineError::data(
                    code::DFQL_UNKNOWN_FIELD,
                    "unknown join metadata field",
                    format!("joinRows[{index}].{column}"),
                ));
            }
        }
        consume(JoinRow { from: &from, to: &to, index, join_store: &self.name, table, row })
    }
}

impl JoinTable {
    /// Finds the table of a join store; `None` when the default table is missing.
    fn find(
        snapshot: &Snapshot,
        store: &JoinStore<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Self>, OfflineError> {
        let mut storage = store.storage();
        let name = quoted(&storage.table);
        let found = Table::find(snapshot.connection(), &storage.table)
            .map_err(OfflineError::while_doing(format!("cannot inspect table {name}")))?;
        let is_mapped = store.relation.storage.is_some();
        let mut table = match found {
            Some(table) => table,
            None if is_mapped => {
                let relation = &store.relation.name;
                let others = Table::others(snapshot.connection());
                return Err(OfflineError::missing(format!(
                    "there is no table {name} for relation `{relation}`{others}"
                )));
            }
            None => return Ok(None),
        };
        for column in [&mut storage.from, &mut storage.to] {
            match table.column(column) {
                Some(found) => column.clone_from(&found.name),
                None => {
                    let what = format!("table {name} has no column {}", quoted(column));
                    return Err(OfflineError::missing(what));
                }
            }
        }
        let (connection, fields) = (snapshot.connection(), &store.relation.metadata);
        let metadata =
            map_checked_fields(connection, fields, &mut table, &storage.table, |_| None, warnings)?;
        let is_known = |column: &String| {
            [&storage.from, &storage.to].contains(&column)
                || metadata.iter().any(|field| field.column == *column)
        };
        let key = |column: &String, resource: &Resource| {
            let format = resource.storage.reference_format();
            Key::find(snapshot.connection(), &storage.table, &table, std::slice::from_ref(column), format)
                .map_err(OfflineError::while_doing(format!("cannot inspect table {name}")))?
                .or_missing(|column| {
                    OfflineError::missing(format!("table {name} has no column {}", quoted(column)))
                })
        };
        let (from, to) = (key(&storage.from, store.from)?, key(&storage.to, store.to)?);
        // Other columns of a table that the schema names are local-only.
        let unknown = if is_mapped {
            Vec::new()
        } else {
            table.columns.into_iter().map(|column| column.name).filter(|name| !is_known(name)).collect()
        };
        Ok(Some(Self { storage, from, to, metadata, unknown }))
    }

    /// Where the row with these ends is, for an error.
    fn locate(&self, connection: &Connection, [from, to]: [ValueRef<'_>; 2]) -> RowLocation {
        let columns = [(&*self.storage.from, from), (&*self.storage.to, to)];
        locate(connection, &self.storage.table, &columns, None, SameKey::Value)
    }

    /// The columns of its two ids.
    fn keys(&self) -> [&Key; 2] {
        [&self.from, &self.to]
    }

    /// SQL conditions that hold for rows with any other value that cannot be uploaded.
    fn invalid_values(&self) -> Vec<String> {
        let unknown = self.unknown.iter().map(|column| format!("{} IS NOT NULL", quoted(column)));
        let templates = self.keys().into_iter().filter(|key| key.text_column().is_none());
        unknown
            .chain(templates.flat_map(Key::invalid_conditions))
            .chain(self.metadata.iter().filter_map(MappedField::invalid_value_condition))
            .collect()
    }

    fn select_sql(&self, byte_order: &str) -> String {
        let (from, to) = (quoted(&self.storage.from), quoted(&self.storage.to));
        let unknown: String = self.unknown.iter().map(|column| format!(", {}", quoted(column))).collect();
        // Rows of the same pair are ordered by their metadata, so that every machine gives the same
        // order.
        let rest: String = self
            .metadata
            .iter()
            .map(|field| format!(", {} COLLATE {byte_order}", quoted(&field.column)))
            .collect();
        format!(
            "SELECT {from}, {to}{}{unknown} FROM {} ORDER BY {}, {}{rest}",
            select_list(&self.metadata),
            quoted(&self.storage.table),
            self.from.order("", byte_order),
            self.to.order("", byte_order),
        )
    }
}

/// The id at one end of a join row, whose key is in this place.
fn end<'r>(row: &'r Row<'_>, place: usize, key: &Key, index: u64) -> Result<Cow<'r, str>, OfflineError> {
    let id = key.id_of(|column| row.get_ref(place + column).expect("the SELECT lists both ends"));
    id.map_err(|error| {
        let side = ["from", "to"][place];
        let message = format!("join row from/to {error}");
        OfflineError::data(code::DFQL_INVALID, message, format!("joinRows[{index}].{side}"))
    })
}
