//! Writing a pulled record or join row into its table: inserts the row, or updates the values
//! that differ. Whether it may be written at all is decided in
//! [`crate::offline::write::page_writer`].

use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use serde_json::{Map, Value};

use crate::offline::error::OfflineError;
use crate::offline::map::document;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::refusal::ignored;
use crate::offline::write::local_table::revived::Revived;
use crate::offline::write::local_table::writer::{RowKey, TableWriter, bind};
use crate::protocol::JsonText;

/// What has become of a pulled record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upserted {
    /// The table has it.
    Written,
    /// Its row is marked as deleted, and stays so.
    Kept,
    /// No row can have its id, or none that can be uploaded.
    NoSuchKey,
    /// A value could not be uploaded again, or the mark of a deleted row cannot be cleared.
    DoesNotFit,
}

/// The row that a record is about.
enum Stored<'p> {
    /// There is none.
    Absent,
    /// These fields, by index, do not map to the pulled values; with the values to store.
    Differs(Vec<(usize, ToSqlOutput<'p>)>),
}

impl TableWriter<'_> {
    /// Writes a pulled record, whose fields have these `values`, into the row with these ids: schema
    /// fields that the record lacks become NULL, local-only columns stay, and a value that maps to the
    /// pulled one is not replaced (contract 1.2). With `keeps_marks`, a row that is marked as deleted
    /// stays as it is.
    pub(crate) fn upsert(
        &mut self,
        ids: &[&str],
        values: &[JsonText<'_>],
        keeps_marks: bool,
    ) -> Result<Upserted, OfflineError> {
        // The plan of every later upload would refuse an empty id (contract 3.1.1).
        if ids.iter().any(|id| id.is_empty()) {
            return Ok(Upserted::NoSuchKey);
        }
        let accepts = || {
            let mut fields = self.table.fields.iter().zip(values);
            fields.all(|(field, value)| field.mapping.accepts(*value))
        };
        // Without the row, which most records do not have: a row that is marked is one that exists.
        if self.table.inserts_first && accepts() && self.insert_row(ids, values, true)? == Some(1) {
            return Ok(Upserted::Written);
        }
        let Some(key) = self.row_key(ids) else { return Ok(Upserted::NoSuchKey) };
        let is_marked = self.is_marked(&key)?;
        if is_marked && keeps_marks {
            return Ok(Upserted::Kept);
        }
        if !accepts() {
            return Ok(Upserted::DoesNotFit);
        }
        let revived = self.table.revived(is_marked);
        if matches!(revived, Revived::Impossible) {
            return Ok(Upserted::DoesNotFit);
        }
        if self.table.foreign_collations.is_some() {
            if self.table.key_values(ids).is_none() {
                return Ok(Upserted::NoSuchKey);
            }
            return self.refuse_upsert(&key, values, &revived).map(|()| Upserted::Written);
        }
        let has_row = match self.table.document {
            Some(_) => self.update_document(&key, values)?,
            None => self.update(&key, values)?,
        };
        if !has_row {
            match self.insert_row(ids, values, false)? {
                None => return Ok(Upserted::NoSuchKey),
                Some(0) => return Err(ignored(&self.table.name)),
                Some(_) => {}
            }
        }
        if let Revived::By(sql) = revived {
            self.change(&sql, &[] as &[SqlValue], &key)?;
        }
        Ok(Upserted::Written)
    }

    /// Inserts a row, and returns how many rows that has changed; `None` when no row can have these ids.
    /// With `only_new`, nothing is inserted where a unique index has a row like it.
    fn insert_row(
        &mut self,
        ids: &[&str],
        values: &[JsonText<'_>],
        only_new: bool,
    ) -> Result<Option<usize>, OfflineError> {
        let table = self.table;
        let templates = table.keys.iter().any(|local| local.key.text_column().is_none());
        let keys = match templates.then(|| table.key_values_of_record(ids, values)) {
            None => RowKey::Ids(ids),
            Some(Some(keys)) => RowKey::Values(keys),
            Some(None) => return Ok(None),
        };
        let key_columns = table.keys.iter().map(|local| local.key.width()).sum::<usize>();
        // A field that the record lacks is NULL; a NOT NULL column gets its default instead.
        let is_included = |index: usize| !(values[index].is_null() && table.is_not_null[index]);
        let inserted = || {
            let fields = table.inserted_fields().filter(|index| is_included(*index));
            fields.map(|index| table.to_sql(index, values[index], ValueRef::Null))
        };
        let document = table.document.as_ref().map(|_| document::new_text(&table.fields, values));
        let executed = if document.is_some() || table.inserted_fields().all(is_included) {
            self.insert(only_new).and_then(|statement| {
                keys.bind(statement, 1)?;
                match &document {
                    Some(text) => bind(statement, key_columns + 1, std::iter::once(text))?,
                    None => bind(statement, key_columns + 1, inserted())?,
                }
                statement.raw_execute()
            })
        } else {
            let suffix = if only_new { " ON CONFLICT DO NOTHING" } else { "" };
            let sql = table.insert_sql(is_included) + suffix;
            self.connection.prepare_cached(&sql).and_then(|mut statement| {
                keys.bind(&mut statement, 1)?;
                bind(&mut statement, key_columns + 1, inserted())?;
                statement.raw_execute()
            })
        };
        executed.map(Some).map_err(failed(&table.name))
    }

    /// Updates the values of the row that do not map to the pulled ones; returns whether there is a row.
    fn update(&mut self, key: &RowKey<'_>, values: &[JsonText<'_>]) -> Result<bool, OfflineError> {
        let differences = match self.stored(key, values)? {
            Stored::Absent => return Ok(false),
            Stored::Differs(differences) if differences.is_empty() => return Ok(true),
            Stored::Differs(differences) => differences,
        };
        let table = self.table;
        let (indexes, values): (Vec<_>, Vec<_>) = differences.into_iter().unzip();
        let assignments: Vec<_> = indexes
            .into_iter()
            .enumerate()
            .map(|(place, index)| format!("{} = ?{}", quoted(&table.fields[index].column), place + 1))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE {}",
            quoted(&table.name),
            assignments.join(", "),
            table.key_conditions(values.len())
        );
        self.change(&sql, &values, key).map(|()| true)
    }

    /// Compares the row with the pulled values.
    fn stored<'p>(&mut self, key: &RowKey<'_>, values: &[JsonText<'p>]) -> Result<Stored<'p>, OfflineError> {
        let table = self.table;
        let compared = self.select().and_then(|statement| {
            key.bind(statement, 1)?;
            let mut rows = statement.raw_query();
            let Some(row) = rows.next()? else { return Ok(Stored::Absent) };
            let mut differences = Vec::new();
            for (index, value) in values.iter().enumerate() {
                let stored = row.get_ref(index + 1)?;
                if !table.is_key[index] && !table.fields[index].mapping.maps_to(stored, *value) {
                    differences.push((index, table.to_sql(index, *value, stored)));
                }
            }
            Ok(Stored::Differs(differences))
        });
        compared.map_err(failed(&table.name))
    }

    /// Whether a row, if there is one, has exactly the pulled values.
    pub(super) fn is_equal(
        &mut self,
        key: &RowKey<'_>,
        values: &[JsonText<'_>],
    ) -> Result<bool, OfflineError> {
        if self.table.document.is_none() {
            let stored = self.stored(key, values)?;
            return Ok(matches!(stored, Stored::Differs(differences) if differences.is_empty()));
        }
        let stored = self.stored_document(key)?;
        let stored = stored.as_ref().and_then(|value| document::parse(value.into()).ok());
        Ok(stored.is_some_and(|mut stored| !document::merge(&mut stored, &self.table.fields, values)))
    }

    /// Writes the pulled values into the row's document; returns whether there is a row.
    fn update_document(&mut self, key: &RowKey<'_>, values: &[JsonText<'_>]) -> Result<bool, OfflineError> {
        let Some(stored) = self.stored_document(key)? else { return Ok(false) };
        // A stored value that is not a JSON object cannot be uploaded. The pulled record is
        // the full state (contract 1.2), so it replaces such a value.
        let mut document = document::parse((&stored).into()).unwrap_or_else(|_| Map::new());
        if document::merge(&mut document, &self.table.fields, values) {
            let (table, column) = (quoted(&self.table.name), self.table.document.as_deref());
            let column = quoted(column.unwrap_or_default());
            let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {}", self.table.key_conditions(1));
            self.change(&sql, &[Value::Object(document).to_string()], key)?;
        }
        Ok(true)
    }

    /// The value in the row's document column; `None` when the table has no row with this key.
    fn stored_document(&mut self, key: &RowKey<'_>) -> Result<Option<SqlValue>, OfflineError> {
        let table = self.table;
        let stored = self.select().and_then(|statement| {
            key.bind(statement, 1)?;
            let mut rows = statement.raw_query();
            rows.next()?.map(|row| row.get(1)).transpose()
        });
        stored.map_err(failed(&table.name))
    }
}
