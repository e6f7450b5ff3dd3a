//! Pulled changes of a table that needs collations of the application: it cannot be written to, so a
//! change that it does not have already is an error (contract 1.2).

use rusqlite::types::Value as SqlValue;
use rusqlite::{OptionalExtension as _, params_from_iter};
use serde_json::{Map, Value};

use crate::offline::error::OfflineError;
use crate::offline::map::document;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::foreign_collations::ForeignCollations;
use crate::offline::write::local_table::table::LocalTable;

impl LocalTable {
    /// Fails unless the row with these keys is as the pulled record says.
    pub(super) fn refuse_upsert(
        &self,
        foreign: &ForeignCollations,
        keys: &[SqlValue],
        record: &Map<String, Value>,
        pulled: &[&Value],
    ) -> Result<(), OfflineError> {
        let is_equal = match &self.document {
            None => self.differences(&foreign.reader, keys, pulled)?.is_some_and(|differ| differ.is_empty()),
            Some(column) => {
                let stored = self.stored_document(&foreign.reader, keys, column)?;
                let stored = stored.as_ref().and_then(|value| document::parse(value.into()).ok());
                stored.is_some_and(|mut stored| !document::merge(&mut stored, &self.fields, record))
            }
        };
        if is_equal { Ok(()) } else { Err(self.refusal(foreign)) }
    }

    /// Fails if a row meets the condition, whose parameters are the `values`.
    pub(super) fn refuse_delete(&self, condition: &str, values: Vec<SqlValue>) -> Result<(), OfflineError> {
        let Some(foreign) = &self.foreign_collations else { return Ok(()) };
        let sql = format!("SELECT 1 FROM {} WHERE {condition}", quoted(&self.name));
        let row = foreign
            .reader
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(values), |_| Ok(())).optional())
            .map_err(failed(&self.name))?;
        if row.is_none() { Ok(()) } else { Err(self.refusal(foreign)) }
    }

    pub(super) fn refusal(&self, foreign: &ForeignCollations) -> OfflineError {
        let (noun, names) = match foreign.names.as_slice() {
            [one] => ("collation", one.clone()),
            several => ("collations", several.join(", ")),
        };
        OfflineError::storage(format!(
            "cannot write a pulled change to table {}: it needs the {noun} {names}, which only the application \
             has (with --no-pull-after the application can pull the change itself)",
            quoted(&self.name)
        ))
    }
}
