//! The columns of a key: what each can hold, and the text from which a template makes an id. The key as a
//! whole is in [`super::keys`].

use rusqlite::{Connection, OptionalExtension as _};

use crate::offline::sql::{Affinity, Column, Table, quoted};

/// SQLite's row id, in a table that has no column of that name.
pub(super) const ROW_ID: &str = "rowid";

/// A column of a key.
#[derive(Debug, Clone)]
pub(super) struct KeyColumn {
    pub(super) name: String,
    /// Whether it is the row id, by whatever name: it holds nothing but integers.
    pub(super) is_row_id: bool,
    pub(super) affinity: Affinity,
    /// Whether its declared type says that BLOBs are stored.
    pub(super) is_declared_for_blobs: bool,
    /// Whether it may hold BLOBs; false only where its declaration or an index excludes them.
    pub(super) may_hold_blobs: bool,
}

/// What SQLite says about a table, beside its columns.
pub(super) struct TableKind {
    pub(super) has_row_id: bool,
    is_strict: bool,
    /// Whether the primary key has an index: the row id has none.
    has_key_index: bool,
    /// The number of columns of the primary key.
    key_columns: u32,
}

impl KeyColumn {
    /// What a column of a table can hold.
    pub(super) fn find(
        connection: &Connection,
        table_name: &str,
        table: &Table,
        kind: &TableKind,
        column: &Column,
    ) -> rusqlite::Result<Self> {
        let is_row_id = column.key_place > 0 && column.is_integer() && kind.has_row_id_column(table);
        let may_hold_blobs = !column.excludes_blobs(kind.is_strict)
            && !is_row_id
            && may_hold_blobs(connection, table_name, &column.name)?;
        Ok(Self {
            name: column.name.clone(),
            is_row_id,
            affinity: column.affinity(kind.is_strict),
            is_declared_for_blobs: column.is_declared_for_blobs(),
            may_hold_blobs,
        })
    }

    /// The row id, in a table that has no column of this name.
    pub(super) fn row_id(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_row_id: true,
            affinity: Affinity::Numeric,
            is_declared_for_blobs: false,
            may_hold_blobs: false,
        }
    }

    /// A column whose text is the id.
    pub(super) fn text_id(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_row_id: false,
            affinity: Affinity::Text,
            is_declared_for_blobs: false,
            may_hold_blobs: false,
        }
    }

    /// Whether the template makes different ids from all of its values.
    pub(super) fn has_one_value_for_a_text(&self) -> bool {
        let converts = matches!(self.affinity, Affinity::Numeric | Affinity::Text);
        self.is_row_id || (converts && !self.may_hold_blobs)
    }

    /// The SQL expression for the text from which the template makes an id.
    pub(super) fn text(&self, alias: &str) -> String {
        let name = format!("{alias}{}", quoted(&self.name));
        if self.may_hold_blobs {
            format!("CASE typeof({name}) WHEN 'blob' THEN lower(hex({name})) ELSE {name} END")
        } else {
            name
        }
    }
}

impl TableKind {
    pub(super) fn of(connection: &Connection, table: &str) -> rusqlite::Result<Self> {
        let sql = "SELECT type = 'table' AND NOT wr, strict,
                       EXISTS (SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk'),
                       (SELECT count(*) FROM pragma_table_xinfo(?1) WHERE pk > 0)
                   FROM pragma_table_list(?1) WHERE schema = 'main'";
        let kind = connection.prepare_cached(sql)?.query_row([table], |row| {
            Ok(Self {
                has_row_id: row.get(0)?,
                is_strict: row.get(1)?,
                has_key_index: row.get(2)?,
                key_columns: row.get(3)?,
            })
        });
        let none = || Self { has_row_id: false, is_strict: false, has_key_index: false, key_columns: 0 };
        Ok(kind.optional()?.unwrap_or_else(none))
    }

    /// Whether a column is the row id, which VACUUM keeps then: the only column of the primary key,
    /// declared as INTEGER (<https://www.sqlite.org/lang_createtable.html#rowid>).
    pub(super) fn has_row_id_column(&self, table: &Table) -> bool {
        let is_key_integer =
            || table.columns.iter().any(|column| column.key_place > 0 && column.is_integer());
        self.has_row_id && self.key_columns == 1 && !self.has_key_index && is_key_integer()
    }
}

/// Whether a column holds a BLOB, found in an index. Without one the result is true, and the type of
/// each value is checked as it is read.
fn may_hold_blobs(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    let (table, column) = (quoted(table), quoted(column));
    // BLOBs are ordered after all other values, whatever the collation of an index is, even if it is
    // one of the application for which this connection has a stand-in.
    let sql = format!("SELECT 1 FROM {table} WHERE {column} >= x''");
    let step: Option<String> = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?
        .query_row([], |row| row.get("detail"))
        .optional()?;
    let is_search = step.is_some_and(|step| step.starts_with("SEARCH"));
    if is_search { connection.prepare(&sql)?.exists([]) } else { Ok(true) }
}
