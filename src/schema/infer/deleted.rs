//! Inference of soft deletes: the column that marks the deleted rows of a table. The rest of a
//! resource is inferred in [`super::resource`].

use serde_json::{Value, json};

use crate::schema::table_facts::TableFacts;

/// The columns in which WatermelonDB keeps its sync state.
pub(super) const WATERMELON: [&str; 2] = ["_status", "_changed"];

/// Names of columns that often mark deleted rows: compared in lower case and without underscores.
const USUAL_NAMES: [&str; 4] = ["deletedat", "deleted", "isdeleted", "deletedon"];

/// Whether a table is one of WatermelonDB's.
pub(super) fn is_watermelon(table: &TableFacts) -> bool {
    WATERMELON.iter().all(|name| table.column(name).is_some())
}

/// `storage.deletedWhen` for a table; `None` where its layout does not say what marks a row.
/// WatermelonDB keeps a deleted row until it is synchronized, with `_status` as `deleted`.
pub(super) fn deleted_when(table: &TableFacts) -> Option<Value> {
    let status = table.column(WATERMELON[0]).filter(|_| is_watermelon(table))?;
    Some(json!({"column": status.name, "values": ["deleted"]}))
}

/// A note about a column whose name suggests that it marks deleted rows. The database does not say
/// whether it does, so such rows are uploaded as records.
pub(super) fn note(table: &TableFacts) -> Option<String> {
    if is_watermelon(table) {
        return None;
    }
    let is_usual = |name: &str| USUAL_NAMES.contains(&name.to_lowercase().replace('_', "").as_str());
    let column = table.columns.iter().find(|column| is_usual(&column.name))?;
    let is_flag = column.has_integer && !column.has_large_integer && !column.has_real && !column.has_text;
    let rule = match () {
        () if is_flag => json!({"column": column.name, "values": [1]}),
        () if column.has_null => json!({"column": column.name, "notNull": true}),
        () => return None,
    };
    Some(format!(
        "`{}` may mark deleted rows of `{}`: they are uploaded as records, unless its storage says \"deletedWhen\": {rule}",
        column.name, table.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ColumnFacts;

    fn table(columns: &[ColumnFacts]) -> TableFacts {
        TableFacts { name: "t".to_owned(), columns: columns.to_vec(), ..TableFacts::default() }
    }

    fn column(name: &str) -> ColumnFacts {
        ColumnFacts { name: name.to_owned(), ..ColumnFacts::default() }
    }

    #[test]
    fn only_both_of_watermelons_columns_name_a_marker() {
        let watermelon = table(&[column("id"), column("_Status"), column("_changed")]);
        assert_eq!(deleted_when(&watermelon), Some(json!({"column": "_Status", "values": ["deleted"]})));
        assert_eq!(deleted_when(&table(&[column("_status"), column("deleted_at")])), None);
    }

    #[test]
    fn a_column_with_a_usual_name_is_noted_with_what_to_write() {
        for (marker, rule) in [
            (ColumnFacts { has_null: true, has_text: true, ..column("deleted_at") }, "notNull"),
            (ColumnFacts { has_null: true, ..column("deletedAt") }, "notNull"),
            (ColumnFacts { has_integer: true, has_null: true, ..column("isDeleted") }, "\"values\":[1]"),
        ] {
            let note = note(&table(&[column("id"), marker])).unwrap();
            assert!(note.contains(rule), "{note}");
        }
        let undeleted = ColumnFacts { has_null: true, ..column("undeleted") };
        assert_eq!(note(&table(&[column("id"), undeleted])), None);
    }
}
