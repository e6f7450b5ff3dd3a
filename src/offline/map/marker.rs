//! The SQL conditions for rows that the application has marked as deleted (contract 1.1,
//! `storage.deletedWhen`): they are no records. How a pull clears a mark is decided in
//! [`crate::offline::write`].

use crate::offline::error::OfflineError;
use crate::offline::sql::{Table, literal, quoted};
use crate::schema::{DeletedRule, MarkerValue, Storage};

/// The column that marks the deleted rows of a table, and what it holds in them.
#[derive(Debug, Clone)]
pub(crate) struct Marker {
    /// The column's name as it was declared.
    pub(crate) column: String,
    rule: DeletedRule,
}

impl Marker {
    /// Finds the marker column of a resource's table; `None` where the schema names none.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the table has no such column.
    pub(crate) fn find(storage: &Storage, table: &Table) -> Result<Option<Self>, OfflineError> {
        let Some(deleted_when) = &storage.deleted_when else { return Ok(None) };
        let column = table.column(&deleted_when.column).ok_or_else(|| {
            OfflineError::missing(format!(
                "table {} has no column {}, which deletedWhen names",
                quoted(&storage.table),
                quoted(&deleted_when.column)
            ))
        })?;
        Ok(Some(Self { column: column.name.clone(), rule: deleted_when.rule.clone() }))
    }

    /// An SQL condition that holds for marked rows, in a query with this alias.
    pub(crate) fn is_marked(&self, alias: &str) -> String {
        self.holds_for(&format!("{alias}.{}", quoted(&self.column)))
    }

    /// An SQL condition that holds for rows that are not marked, in a query with this alias.
    pub(crate) fn is_live(&self, alias: &str) -> String {
        format!("{} IS NOT 1", self.is_marked(alias))
    }

    /// An SQL condition that holds if the value of an expression marks a row as deleted.
    pub(crate) fn holds_for(&self, expression: &str) -> String {
        match &self.rule {
            DeletedRule::NotNull => format!("({expression} IS NOT NULL)"),
            DeletedRule::Values(values) => {
                let values: Vec<_> = values.iter().map(value).collect();
                // Values are compared, whatever the collation of the column says of them.
                format!("({expression} COLLATE BINARY IN ({}))", values.join(", "))
            }
        }
    }
}

/// A value as an SQL literal.
fn value(value: &MarkerValue) -> String {
    match value {
        MarkerValue::Integer(number) => number.to_string(),
        MarkerValue::Real(number) => format!("{number:?}"),
        MarkerValue::Text(text) => literal(text),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::schema::Schema;

    /// Which of the stored values mark a row as deleted.
    fn marked(declared: &str, stored: &str, deleted_when: &str) -> Vec<bool> {
        let connection = Connection::open_in_memory().unwrap();
        let sql = format!("CREATE TABLE a (id TEXT, m {declared}); INSERT INTO a (m) VALUES {stored}");
        connection.execute_batch(&sql).unwrap();
        let schema =
            format!(r#"{{"resources": [{{"name": "a", "storage": {{"deletedWhen": {deleted_when}}}}}]}}"#);
        let schema = Schema::parse(&schema).unwrap();
        let table = Table::find(&connection, "a").unwrap().unwrap();
        let marker = Marker::find(&schema.resources[0].storage, &table).unwrap().unwrap();
        let sql =
            format!("SELECT {}, {} FROM a AS t ORDER BY rowid", marker.is_marked("t"), marker.is_live("t"));
        let mut statement = connection.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| {
            let (is_marked, is_live): (Option<bool>, bool) = (row.get(0)?, row.get(1)?);
            assert_ne!(is_marked.unwrap_or(false), is_live);
            Ok(!is_live)
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn values_are_compared_as_sqlite_compares_them() {
        for (declared, values, stored, expected) in [
            (
                "",
                r#"["deleted"]"#,
                "('deleted'), ('Deleted'), (''), (NULL), (1)",
                vec![true, false, false, false, false],
            ),
            ("TEXT COLLATE NOCASE", r#"["deleted"]"#, "('deleted'), ('DELETED')", vec![true, false]),
            ("", "[true]", "(1), (0), (1.0), ('1'), (NULL)", vec![true, false, true, false, false]),
            // The affinity of the column converts the value of the schema.
            ("TEXT", "[1]", "(1), ('1'), ('01')", vec![true, true, false]),
            ("INTEGER", r#"["1"]"#, "(1), ('1'), (2)", vec![true, true, false]),
            ("REAL", "[-0.5, 7]", "(-0.5), (7), (0.5)", vec![true, true, false]),
            ("", "[false]", "(0), (NULL), ('')", vec![true, false, false]),
            ("", r#"["it's"]"#, "('it''s')", vec![true]),
        ] {
            let rule = format!(r#"{{"column": "M", "values": {values}}}"#);
            assert_eq!(marked(declared, stored, &rule), expected, "{declared} {values} {stored}");
        }
    }

    #[test]
    fn any_value_but_null_marks_a_row_with_not_null() {
        let rule = r#"{"column": "m", "notNull": true}"#;
        assert_eq!(marked("TEXT", "('2024'), (''), (0), (NULL)", rule), [true, true, true, false]);
    }

    #[test]
    fn a_missing_column_is_an_error_with_table_and_column() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE a (id TEXT)").unwrap();
        let schema = Schema::parse(
            r#"{"resources": [{"name": "a", "storage": {"deletedWhen": {"column": "gone", "notNull": true}}}]}"#,
        );
        let table = Table::find(&connection, "a").unwrap().unwrap();
        let error = Marker::find(&schema.unwrap().resources[0].storage, &table).unwrap_err().to_string();
        assert!(error.contains("\"a\"") && error.contains("\"gone\""), "{error}");
    }
}
