//! Pulled deletes: removes the rows of records and join rows. Whether they may be removed at all is
//! decided in [`crate::offline::write::page_writer`].

use rusqlite::params_from_iter;
use rusqlite::types::Value as SqlValue;

use crate::offline::error::OfflineError;
use crate::offline::sql::quoted;
use crate::offline::write::local_table::error::failed;
use crate::offline::write::local_table::refusal::ignored;
use crate::offline::write::local_table::writer::TableWriter;

impl TableWriter<'_> {
    /// Deletes the row with these ids, if the table has it.
    pub(crate) fn delete(&self, ids: &[&str]) -> Result<(), OfflineError> {
        let Some(keys) = self.table.key_parameters(ids) else { return Ok(()) };
        self.delete_where(&self.table.key_conditions(0), keys)
    }

    /// Deletes the join row that the feed names `from:to`. Ids may contain colons, so SQLite
    /// compares with the joined ids of each row.
    pub(crate) fn delete_joined(&self, id: &str) -> Result<(), OfflineError> {
        let ids: Vec<_> = self.table.keys.iter().map(|local| local.key.expression("")).collect();
        let condition = format!("({}) COLLATE BINARY = ?1", ids.join(" || ':' || "));
        self.delete_where(&condition, vec![SqlValue::Text(id.to_owned())])
    }

    /// Deletes the rows that meet an SQL condition with these parameters.
    fn delete_where(&self, condition: &str, values: Vec<SqlValue>) -> Result<(), OfflineError> {
        let table = self.table;
        if table.foreign_collations.is_some() {
            return table.refuse_delete(condition, values);
        }
        let sql = format!("DELETE FROM {} WHERE {condition}", quoted(&table.name));
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed(&table.name))?;
        let deleted = statement.execute(params_from_iter(&values)).map_err(failed(&table.name))?;
        if deleted == 0 && self.exists(condition, &values)? {
            return Err(ignored(&table.name));
        }
        Ok(())
    }
}
