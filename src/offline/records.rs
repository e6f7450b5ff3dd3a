//! The records of a resource, in upload order (contract 3.1, stage A).

use rusqlite::types::ValueRef;

use super::depth;
use super::error::OfflineError;
use super::fields::{MappedField, map_fields, select_list, write_object};
use super::snapshot::Snapshot;
use super::sql::{Table, literal, quoted};
use super::value::{key_text, utf8};
use crate::protocol::code;
use crate::schema::{IdFormat, Resource, Schema};

/// A resource whose table is there and has the columns that it must have.
#[derive(Debug, Clone)]
pub struct RecordSource {
    resource: String,
    table: String,
    id_column: String,
    id_format: Option<IdFormat>,
    fields: Vec<MappedField>,
    /// Columns that hold ids of the same resource.
    parents: Vec<String>,
}

/// A record as it comes out of the database.
#[derive(Debug)]
pub struct Record<'a> {
    /// Its id.
    pub id: &'a str,
    /// The canonical JSON object of its fields.
    pub json: &'a [u8],
    /// Rises when all records before must have been answered: the depth in a resource that
    /// refers to itself.
    pub group: u64,
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
                OfflineError::storage(format!(
                    "there is no table {} for resource `{}`",
                    quoted(&storage.table),
                    resource.name
                ))
            })?;
        let id_column = table.column(&storage.id).ok_or_else(|| {
            OfflineError::storage(format!(
                "table {} has no id column {}",
                quoted(&storage.table),
                quoted(&storage.id)
            ))
        })?;
        let references: Vec<_> =
            schema.many_ones().into_iter().filter(|reference| reference.from.name == resource.name).collect();
        let fields = map_fields(
            &resource.fields,
            &table,
            &storage.table,
            |field| {
                let reference = references.iter().find(|reference| reference.fk_field == field.name)?;
                reference.to.storage.id_format.clone()
            },
            warnings,
        )?;
        let parents = references
            .iter()
            .filter(|reference| reference.to.name == resource.name)
            .filter_map(|reference| fields.iter().find(|field| field.name == reference.fk_field))
            .map(|field| field.column.clone())
            .collect();
        Ok(Self {
            resource: resource.name.clone(),
            table: storage.table.clone(),
            id_column: id_column.name.clone(),
            id_format: storage.id_format.clone(),
            fields,
            parents,
        })
    }

    /// The resource's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.resource
    }

    /// Counts the records and checks every one of them, in one pass of SQL that touches
    /// only the columns it must.
    ///
    /// # Errors
    /// [`OfflineError::Data`] for the first record in upload order that cannot be uploaded,
    /// [`OfflineError::Storage`] when the database fails.
    pub fn check(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        let id = quoted(&self.id_column);
        let bad_id = match self.id_format {
            None => format!("typeof({id}) <> 'text'"),
            Some(_) => format!("typeof({id}) NOT IN ('integer', 'text')"),
        };
        let bad: Vec<_> =
            std::iter::once(bad_id).chain(self.fields.iter().filter_map(MappedField::bad_value)).collect();
        let sql = format!("SELECT count(*), total({}) FROM {}", bad.join(" OR "), quoted(&self.table));
        let (count, bad): (u64, f64) = snapshot
            .connection()
            .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(OfflineError::while_doing(format!("cannot check table {}", quoted(&self.table))))?;
        if bad > 0.0 {
            // The reader knows the order and says what is wrong.
            self.for_each(snapshot, |_| Ok(()))?;
        }
        Ok(count)
    }

    /// Reads every record in upload order: by depth where the resource refers to itself,
    /// then by id in byte order.
    ///
    /// # Errors
    /// What `consume` returns; [`OfflineError::Data`] for a record that cannot be uploaded;
    /// [`OfflineError::Storage`] when the database fails.
    pub fn for_each(
        &self,
        snapshot: &Snapshot,
        mut consume: impl FnMut(Record<'_>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let connection = snapshot.connection();
        let failed = || OfflineError::while_doing(format!("cannot read table {}", quoted(&self.table)));
        let mut statement = if self.parents.is_empty() {
            let sql = format!(
                "SELECT 0, {}{} FROM {} ORDER BY {}",
                quoted(&self.id_column),
                select_list(&self.fields),
                quoted(&self.table),
                self.id_order("", snapshot.byte_order())
            );
            connection.prepare(&sql)
        } else {
            let depths = depth::compute(connection, &self.table, &self.id_column, &self.parents)
                .map_err(failed())?;
            let sql = format!(
                "SELECT coalesce(d.depth, -1), {}{} FROM {} AS t LEFT JOIN {depths} AS d ON d.id = t.{} COLLATE BINARY \
                 ORDER BY d.depth IS NULL, d.depth, {}",
                format_args!("t.{}", quoted(&self.id_column)),
                self.fields.iter().map(|field| format!(", t.{}", quoted(&field.column))).collect::<String>(),
                quoted(&self.table),
                quoted(&self.id_column),
                self.id_order("t.", snapshot.byte_order())
            );
            connection.prepare(&sql)
        }
        .map_err(failed())?;

        let mut rows = statement.query([]).map_err(failed())?;
        let (mut json, mut id, mut previous) = (Vec::new(), String::new(), None::<String>);
        let (mut index, mut group, mut last_depth) = (0_u64, 0_u64, None::<i64>);
        while let Some(row) = rows.next().map_err(failed())? {
            let depth: i64 = row.get(0).map_err(failed())?;
            if last_depth.is_some_and(|last| last != depth) {
                group += 1;
            }
            last_depth = Some(depth);
            self.read_id(row.get_ref(1).map_err(failed())?, index, &mut id)?;
            if previous.as_deref() == Some(id.as_str()) {
                return Err(bad(index, "id", "record id must be unique"));
            }
            json.clear();
            write_object(&mut json, &self.fields, row, 2).map_err(|(field, error)| {
                let message = format!("{} of {} {id:?} {error}", field.name, self.resource);
                bad(index, &field.name, &message)
            })?;
            consume(Record { id: &id, json: &json, group })?;
            previous.get_or_insert_default().clone_from(&id);
            index += 1;
        }
        Ok(())
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

    /// What to sort by, so that ids come in byte order.
    fn id_order(&self, alias: &str, byte_order: &str) -> String {
        let column = format!("{alias}{}", quoted(&self.id_column));
        match &self.id_format {
            None => format!("{column} COLLATE {byte_order}"),
            // "10" goes before "9", as the ids do.
            Some(IdFormat { prefix, suffix }) => {
                format!("({} || {column} || {}) COLLATE {byte_order}", literal(prefix), literal(suffix))
            }
        }
    }
}

fn bad(index: u64, field: &str, message: &str) -> OfflineError {
    OfflineError::data(code::DFQL_INVALID, message, format!("records[{index}].{field}"))
}
