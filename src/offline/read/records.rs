//! The records of a resource, in upload order (contract 3.1, stage A).

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::offline::error::OfflineError;
use crate::offline::map::document;
use crate::offline::map::fields::{MappedField, document_fields, map_fields, write_object};
use crate::offline::map::keys::{self, id_order};
use crate::offline::map::value::{key_text, utf8};
use crate::offline::read::depth;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{Table, is_sorting, literal, quoted};
use crate::protocol::code;
use crate::schema::{Field, IdFormat, Resource, Schema};

/// How many rows are looked at to tell how a table lies; a smaller one is read either way.
const SAMPLE: u32 = 1000;

/// How far apart two rows may lie that are probably on one page, or on the next one.
const NEAR: u32 = 20;

/// The SQL function with which the plan checks documents.
const IS_DOCUMENT: &str = "synctool_is_document";

/// A resource whose table is there and has the columns that it must have.
#[derive(Debug, Clone)]
pub struct RecordSource {
    resource: String,
    version: u64,
    table: String,
    id_column: String,
    id_format: Option<IdFormat>,
    fields: Vec<MappedField>,
    /// The column that holds the fields, where they have none of their own.
    document: Option<String>,
    /// Fields that hold keys of the same resource, by their column or key.
    parents: Vec<String>,
}

/// A record as it lies in the database.
#[derive(Debug)]
pub struct Record<'a> {
    /// Its id.
    pub id: &'a str,
    /// Rises when all records before must have been answered: the depth in a resource that
    /// refers to itself.
    pub group: u64,
    source: &'a RecordSource,
    row: &'a Row<'a>,
    /// Its place in upload order.
    index: u64,
}

impl Record<'_> {
    /// Appends the canonical JSON object of its fields.
    ///
    /// # Errors
    /// [`OfflineError::Data`] when a field cannot be uploaded.
    pub fn write_fields(&self, out: &mut Vec<u8>) -> Result<(), OfflineError> {
        let Self { source, row, .. } = self;
        let written = match &source.document {
            None => write_object(out, &source.fields, row, 1).map_err(|(field, error)| (&field.name, error)),
            Some(column) => {
                let value = row.get_ref(1).unwrap_or(ValueRef::Null);
                document::write_object(out, &source.fields, value)
                    .map_err(|(field, error)| (field.map_or(column, |field| &field.name), error))
            }
        };
        written.map_err(|(name, error)| {
            bad(self.index, name, &format!("{name} of {} {:?} {error}", source.resource, self.id))
        })
    }
}

impl RecordSource {
    /// Finds the table and columns of a resource.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the table, its id column or a column that the schema
    /// insists on is missing (contract 1.1).
    pub fn resolve(
        snapshot: &Snapshot,
        schema: &Schema,
        resource: &Resource,
        warnings: &mut Vec<String>,
    ) -> Result<Self, OfflineError> {
        let storage = &resource.storage;
        let what = || format!("cannot look at table {}", quoted(&storage.table));
        let table = Table::find(snapshot.connection(), &storage.table)
            .map_err(OfflineError::while_doing(what()))?
            .ok_or_else(|| {
                OfflineError::missing(format!(
                    "there is no table {} for resource `{}`",
                    quoted(&storage.table),
                    resource.name
                ))
            })?;
        let id_column = table.column(&storage.id).ok_or_else(|| {
            OfflineError::missing(format!(
                "table {} has no id column {}",
                quoted(&storage.table),
                quoted(&storage.id)
            ))
        })?;
        let references: Vec<_> =
            schema.many_ones().into_iter().filter(|reference| reference.from.name == resource.name).collect();
        let id_format = |field: &Field| {
            let reference = references.iter().find(|reference| reference.fk_field == field.name)?;
            reference.to.storage.id_format.clone()
        };
        let (fields, document) = match &storage.document {
            None => (map_fields(&resource.fields, &table, &storage.table, id_format, warnings)?, None),
            Some(name) => {
                let column = table.column(name).ok_or_else(|| {
                    OfflineError::missing(format!(
                        "table {} has no document column {}",
                        quoted(&storage.table),
                        quoted(name)
                    ))
                })?;
                (document_fields(&resource.fields, id_format), Some(column.name.clone()))
            }
        };
        let parents = references
            .iter()
            .filter(|reference| reference.to.name == resource.name)
            .filter_map(|reference| fields.iter().find(|field| field.name == reference.fk_field))
            .map(|field| field.column.clone())
            .collect();
        Ok(Self {
            resource: resource.name.clone(),
            version: resource.version,
            table: storage.table.clone(),
            id_column: id_column.name.clone(),
            id_format: storage.id_format.clone(),
            fields,
            document,
            parents,
        })
    }

    /// The resource's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.resource
    }

    /// The schema's version of the resource.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The table that they lie in.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// The fields that are uploaded; one whose column is missing is not.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| &*field.name)
    }

    /// Counts the records and checks every one of them, in one pass of SQL that touches
    /// only the columns it must.
    ///
    /// # Errors
    /// [`OfflineError::Data`] for the first record in upload order that cannot be uploaded,
    /// [`OfflineError::Storage`] when the database fails.
    pub fn check(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        let key = (&*self.id_column, self.id_format.as_ref());
        let bad_values = match &self.document {
            None => self.fields.iter().filter_map(MappedField::bad_value).collect(),
            Some(column) => {
                self.register_document_check(snapshot)?;
                vec![format!("NOT {IS_DOCUMENT}({})", quoted(column))]
            }
        };
        let (count, has_bad) = keys::count(snapshot, &self.table, &[key], &bad_values)?;
        if has_bad {
            // Reading knows the order and says what is wrong.
            let mut json = Vec::new();
            self.for_each(snapshot, |record| {
                json.clear();
                record.write_fields(&mut json)
            })?;
        }
        Ok(count)
    }

    /// Reads every record in upload order: by depth where the resource refers to itself,
    /// then by id in byte order.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Data`] for an id that cannot be one, or not
    /// again; [`OfflineError::Storage`] when the database fails.
    pub fn for_each(
        &self,
        snapshot: &Snapshot,
        consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let sql = self.select_sql(snapshot).map_err(self.failed())?;
        self.read(snapshot.connection(), &sql, consume)
    }

    /// Reads the records that meet an SQL condition as they lie in the table.
    pub(crate) fn for_each_unordered(
        &self,
        connection: &Connection,
        condition: &str,
        consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let (table, id) = (quoted(&self.table), quoted(&self.id_column));
        let sql = format!("SELECT t.{id}{} FROM {table} AS t WHERE {condition}", self.columns());
        self.read(connection, &sql, consume)
    }

    /// Whether the ids alone say in which order records go, and SQLite would have to sort the
    /// whole table to give it.
    pub(crate) fn must_be_sorted(&self, snapshot: &Snapshot) -> Result<bool, OfflineError> {
        if !self.parents.is_empty() {
            return Ok(false);
        }
        let sql = self.select_sql(snapshot);
        sql.and_then(|sql| is_sorting(snapshot.connection(), &sql)).map_err(self.failed())
    }

    fn failed(&self) -> impl FnOnce(rusqlite::Error) -> OfflineError {
        OfflineError::while_doing(format!("cannot read table {}", quoted(&self.table)))
    }

    fn read(
        &self,
        connection: &Connection,
        sql: &str,
        mut consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let failed = |error| self.failed()(error);
        let mut statement = connection.prepare(sql).map_err(failed)?;
        // Behind the fields.
        let depth_column = (!self.parents.is_empty()).then(|| statement.column_count() - 1);
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

    /// Each field or the document, for a SELECT that already has a first column.
    fn columns(&self) -> String {
        match &self.document {
            None => self.fields.iter().map(|field| format!(", t.{}", quoted(&field.column))).collect(),
            Some(column) => format!(", t.{}", quoted(column)),
        }
    }

    /// Reads id, then each field or the document, and the depth where there is one, in upload order.
    fn select_sql(&self, snapshot: &Snapshot) -> rusqlite::Result<String> {
        let (table, id, columns) = (quoted(&self.table), quoted(&self.id_column), self.columns());
        let order = id_order(&format!("t.{id}"), self.id_format.as_ref(), snapshot.byte_order());
        if self.parents.is_empty() {
            // The plus keeps SQLite from following the index.
            let plus = if self.is_scattered(snapshot)? { "+" } else { "" };
            return Ok(format!("SELECT t.{id}{columns} FROM {table} AS t ORDER BY {plus}{order}"));
        }
        let parent = |alias: &str, column: &str| match &self.document {
            None => format!("{alias}.{}", quoted(column)),
            Some(document) => {
                let path = literal(&format!("$.\"{column}\""));
                format!("json_extract({alias}.{}, {path})", quoted(document))
            }
        };
        let parents: Vec<_> = self.parents.iter().map(|column| parent("c", column)).collect();
        let depths = depth::compute(snapshot.connection(), &self.table, &self.id_column, &parents)?;
        Ok(format!(
            "SELECT t.{id}{columns}, coalesce(d.depth, -1) FROM {table} AS t
             LEFT JOIN {depths} AS d ON d.id = t.{id} COLLATE BINARY ORDER BY d.depth IS NULL, d.depth, {order}"
        ))
    }

    /// Whether neighbours by id lie far from each other in the table, as with random ids.
    /// Then one sorted read is faster than following the index from page to page. A table
    /// without an index, or for which it cannot be told, is read the way SQLite chooses.
    fn is_scattered(&self, snapshot: &Snapshot) -> rusqlite::Result<bool> {
        let sql = format!(
            "SELECT count(*), total(rowid - before NOT BETWEEN -{NEAR} AND {NEAR}) FROM (
                 SELECT rowid, lag(rowid) OVER () AS before FROM
                 (SELECT rowid FROM {} ORDER BY {} COLLATE {} LIMIT {SAMPLE}))",
            quoted(&self.table),
            quoted(&self.id_column),
            snapshot.byte_order(),
        );
        let connection = snapshot.connection();
        let Ok(mut statement) = connection.prepare(&sql) else { return Ok(false) };
        if is_sorting(connection, &sql)? {
            return Ok(false);
        }
        let (rows, far): (u32, f64) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows == SAMPLE && far > f64::from(SAMPLE) / 2.0)
    }

    /// Lets SQL check documents as the reader will.
    fn register_document_check(&self, snapshot: &Snapshot) -> Result<(), OfflineError> {
        snapshot
            .for_each_connection(|connection| {
                let fields = self.fields.clone();
                connection.create_scalar_function(
                    IS_DOCUMENT,
                    1,
                    FunctionFlags::SQLITE_UTF8,
                    move |context| {
                        Ok(document::write_object(&mut Vec::new(), &fields, context.get_raw(0)).is_ok())
                    },
                )
            })
            .map_err(OfflineError::while_doing("cannot check documents"))
    }

    fn read_id(&self, value: ValueRef<'_>, index: u64, id: &mut String) -> Result<(), OfflineError> {
        id.clear();
        match (&self.id_format, value) {
            (None, ValueRef::Text(text)) => {
                let text = utf8(text).map_err(|error| bad(index, "id", &format!("record id {error}")))?;
                id.push_str(text);
            }
            (None, _) => return Err(bad(index, "id", "record id must be a string")),
            (Some(format), value) => {
                let key = key_text(value).map_err(|error| bad(index, "id", &format!("record id {error}")))?;
                id.push_str(&format.id(&key));
            }
        }
        Ok(())
    }
}

/// A record has the id of the one before it.
pub(crate) fn not_unique(index: u64) -> OfflineError {
    bad(index, "id", "record id must be unique")
}

fn bad(index: u64, field: &str, message: &str) -> OfflineError {
    OfflineError::data(code::DFQL_INVALID, message, format!("records[{index}].{field}"))
}
