//! A table that a clone makes, and the SQL that makes it. Which tables a schema needs is decided in
//! [`super::layout`].

use super::key_kind::KeyKind;
use crate::offline::sql::quoted;

/// SQLite's row id, in a table without a column of that name.
const ROW_ID: &str = "rowid";

/// A table that is not there yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewTable {
    pub(super) name: String,
    /// The columns of the primary key, at least one.
    pub(super) key: Vec<KeyColumn>,
    /// All other columns: name and declared type.
    pub(super) columns: Vec<(String, &'static str)>,
}

/// A column of a primary key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeyColumn {
    pub(super) name: String,
    pub(super) kind: KeyKind,
    /// Whether the schema decides its kind, and not the ids.
    pub(super) is_fixed: bool,
}

impl NewTable {
    /// Adds a column, unless the table has one of that name; SQLite ignores case.
    pub(super) fn add(&mut self, name: &str, declared: &'static str) {
        if !self.has(name) {
            self.columns.push((name.to_owned(), declared));
        }
    }

    fn has(&self, name: &str) -> bool {
        let mut names = self.key.iter().map(|key| &key.name).chain(self.columns.iter().map(|(name, _)| name));
        names.any(|other| other.eq_ignore_ascii_case(name))
    }

    /// Whether the key is the row id of the table, without a column for it.
    fn has_bare_row_id(&self) -> bool {
        // A table has at least one column.
        matches!(self.key.as_slice(), [key]
            if key.name.eq_ignore_ascii_case(ROW_ID) && key.kind == KeyKind::Integer)
            && !self.columns.is_empty()
    }

    /// The statement that makes the table under this name.
    pub(super) fn create(&self, name: &str) -> String {
        let mut parts = Vec::with_capacity(self.key.len() + self.columns.len() + 1);
        match self.key.as_slice() {
            _ if self.has_bare_row_id() => {}
            // Such a column is the row id, which is never NULL.
            [KeyColumn { name, kind: KeyKind::Integer, .. }] => {
                parts.push(format!("{} INTEGER PRIMARY KEY", quoted(name)));
            }
            [KeyColumn { name, kind, .. }] => {
                parts.push(declaration(name, &[kind.declared(), "PRIMARY KEY NOT NULL"]));
            }
            several => {
                let key = |key: &KeyColumn| declaration(&key.name, &[key.kind.declared(), "NOT NULL"]);
                parts.extend(several.iter().map(key));
            }
        }
        parts.extend(self.columns.iter().map(|(name, declared)| declaration(name, &[declared])));
        if self.key.len() > 1 {
            let names: Vec<_> = self.key.iter().map(|key| quoted(&key.name)).collect();
            parts.push(format!("PRIMARY KEY ({})", names.join(", ")));
        }
        format!("CREATE TABLE {} ({})", quoted(name), parts.join(", "))
    }

    /// The names of all columns, the key's first, as a list in SQL.
    pub(super) fn column_list(&self) -> String {
        let keys = self.key.iter().map(|key| &key.name);
        let names = keys.chain(self.columns.iter().map(|(name, _)| name));
        names.map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
    }
}

fn declaration(name: &str, parts: &[&str]) -> String {
    let parts = parts.iter().filter(|part| !part.is_empty());
    parts.fold(quoted(name), |declaration, part| declaration + " " + part)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn table(key: &[(&str, KeyKind)], columns: &[(&str, &'static str)]) -> NewTable {
        let key = key.iter().map(|&(name, kind)| KeyColumn { name: name.to_owned(), kind, is_fixed: false });
        let mut table = NewTable { name: "t\"".to_owned(), key: key.collect(), columns: Vec::new() };
        for (name, declared) in columns {
            table.add(name, declared);
        }
        table
    }

    #[test]
    fn the_statement_has_the_key_and_each_column_once() {
        for (table, expected) in [
            (
                table(&[("id", KeyKind::Text)], &[("a b", "TEXT"), ("ID", "TEXT"), ("A B", ""), ("n", "")]),
                r#""id" TEXT PRIMARY KEY NOT NULL, "a b" TEXT, "n""#,
            ),
            (table(&[("k", KeyKind::Integer)], &[]), r#""k" INTEGER PRIMARY KEY"#),
            (table(&[("k", KeyKind::Any)], &[]), r#""k" PRIMARY KEY NOT NULL"#),
            (table(&[("rowid", KeyKind::Integer)], &[("n", "")]), r#""n""#),
            (table(&[("rowid", KeyKind::Integer)], &[]), r#""rowid" INTEGER PRIMARY KEY"#),
            (table(&[("rowid", KeyKind::Blob)], &[("n", "")]), r#""rowid" BLOB PRIMARY KEY NOT NULL, "n""#),
            (
                table(&[("a", KeyKind::Integer), ("b", KeyKind::Any)], &[("n", "BLOB")]),
                r#""a" INTEGER NOT NULL, "b" NOT NULL, "n" BLOB, PRIMARY KEY ("a", "b")"#,
            ),
        ] {
            assert_eq!(table.create("t\""), format!("CREATE TABLE \"t\"\"\" ({expected})"));
            Connection::open_in_memory().unwrap().execute_batch(&table.create("t\"")).unwrap();
        }
    }
}
