//! Pulled changes of a table that needs collations of the application: it cannot be written to, so a
//! change that it does not have already is an error (contract 1.2).

use rusqlite::types::Value as SqlValue;
use rusqlite::{OptionalExtension as _, params_from_iter};

use crate::offline::error::OfflineError;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::foreign_collations::ForeignCollations;
use crate::offline::write::local_table::revived::Revived;
use crate::offline::write::local_table::table::LocalTable;
use crate::offline::write::local_table::writer::{RowKey, TableWriter};
use crate::protocol::JsonText;

impl TableWriter<'_> {
    /// Fails where the table needs such collations, unless the row with this key is as the pulled values
    /// say.
    pub(super) fn refuse_upsert(
        &mut self,
        key: &RowKey<'_>,
        values: &[JsonText<'_>],
        revived: &Revived,
    ) -> Result<(), OfflineError> {
        let table = self.table;
        let Some(foreign) = &table.foreign_collations else { return Ok(()) };
        // Clearing the mark of a deleted row writes to the table as well.
        let is_equal = !matches!(revived, Revived::By(_)) && self.is_equal(key, values)?;
        if is_equal { Ok(()) } else { Err(table.refusal(foreign)) }
    }
}

impl LocalTable {
    /// Fails if the table needs such collations: nothing can be written to it.
    pub(crate) fn check_collations(&self) -> Result<(), OfflineError> {
        self.foreign_collations.as_ref().map_or(Ok(()), |foreign| Err(self.refusal(foreign)))
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

    fn refusal(&self, foreign: &ForeignCollations) -> OfflineError {
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
