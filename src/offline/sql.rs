//! Pieces of SQL that every part of [`crate::offline`] needs: quoted names, the columns of a
//! table, and whether SQLite sorts to carry out a query.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use crate::offline::check_constraint::columns_of_zero_and_one;

/// An identifier in double quotes.
///
/// SQLite reads an unknown name in double quotes as a string, so callers check first that the
/// table and column exist.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Maximum number of names in a list of a message.
const MAX_LISTED: usize = 12;

/// Names in double quotes, as a list in a message.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names: Vec<_> = names.into_iter().map(quoted).collect();
    if names.len() > MAX_LISTED {
        let more = names.len() - MAX_LISTED;
        names.truncate(MAX_LISTED);
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// SQL expressions that an operator joins, in parentheses. There is at least one.
///
/// In halves: SQLite refuses an expression that is nested more than 1,000 deep, as a chain of more
/// operators is (<https://www.sqlite.org/limits.html#max_expr_depth>).
pub(super) fn joined(expressions: &[String], operator: &str) -> String {
    match expressions {
        [expression] => expression.clone(),
        several => {
            let (first, second) = several.split_at(several.len() / 2);
            format!("({} {operator} {})", joined(first, operator), joined(second, operator))
        }
    }
}

/// Whether SQLite sorts rows to carry out a query without a LIMIT: its program opens a sorter
/// then (<https://www.sqlite.org/opcode.html#SorterOpen>).
pub(super) fn opens_sorter(connection: &Connection, sql: &str) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(&format!("EXPLAIN {sql}"))?;
    let mut instructions = statement.query([])?;
    while let Some(instruction) = instructions.next()? {
        if instruction.get_ref("opcode")? == ValueRef::Text(b"SorterOpen") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A table or view of the database.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// All columns in declared order, generated ones included.
    pub(super) columns: Vec<Column>,
    /// Whether it is a view: nothing can be written to it.
    pub(super) is_view: bool,
    /// Whether it is neither a view nor a virtual table, nor a part of one.
    pub(super) is_ordinary: bool,
    /// Whether its columns hold only what their types say (`STRICT`).
    is_strict: bool,
    /// The columns that constraints limit to 0 and 1, where they were looked for.
    zero_and_one: Vec<String>,
}

/// How a column stores numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// As text, so that it never holds an infinity.
    AsText,
    /// Nothing but integers.
    Integers,
    /// Nothing but 0 and 1, by a constraint.
    ZeroAndOne,
    /// Whole numbers as integers, doubles with a whole value among them.
    WholeAsIntegers,
    /// Without a conversion, or as doubles.
    Unconverted,
}

/// A column of a table or view.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The name as it was declared.
    pub(super) name: String,
    /// The declared type, in upper case; empty for none.
    declared: String,
    /// Whether it can never hold NULL.
    pub(super) is_not_null: bool,
    /// The position in the primary key, from 1; 0 when the column is not part of it.
    pub(super) key_place: u32,
}

impl Table {
    /// Finds a table or view and its columns; `None` when the database has none of that name.
    pub(super) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Self>> {
        let found: Option<(String, bool)> = connection
            .query_row(
                // SQLite looks it up in memory: a search of `sqlite_schema` would read all of it.
                "SELECT type, strict FROM pragma_table_list(?1) WHERE schema = 'main'",
                [name],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((kind, is_strict)) = found else { return Ok(None) };
        let mut statement =
            connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1)")?;
        let columns = statement
            .query_map(params![name], |row| {
                let declared = row.get::<_, String>(1)?.to_uppercase();
                Ok(Column { name: row.get(0)?, declared, is_not_null: row.get(2)?, key_place: row.get(3)? })
            })?
            .collect::<Result<_, _>>()?;
        let (is_view, is_ordinary) = (kind == "view", kind == "table");
        Ok(Some(Self { columns, is_view, is_ordinary, is_strict, zero_and_one: Vec::new() }))
    }

    /// Looks for the columns that constraints limit to 0 and 1, for [`Self::numbers`].
    pub(super) fn read_constraints(&mut self, connection: &Connection, name: &str) -> rusqlite::Result<()> {
        if self.is_ordinary {
            self.zero_and_one = columns_of_zero_and_one(connection, name)?;
        }
        Ok(())
    }

    /// The names of the tables and views of the database that an application has made, as the end of a
    /// message about one that is missing.
    pub(super) fn others(connection: &Connection) -> String {
        let names = || -> rusqlite::Result<Vec<String>> {
            let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE \
                 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_datafn\\_%' ESCAPE '\\' ORDER BY name";
            connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        // What is missing matters more than what is there.
        match names().unwrap_or_default() {
            names if names.is_empty() => "; the database has no tables".to_owned(),
            names => format!("; the database has {}", listed(names.iter().map(String::as_str))),
        }
    }

    /// The names of all columns.
    pub(super) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// How one of its columns stores numbers, by the affinity of its declared type
    /// (<https://www.sqlite.org/datatype3.html>, section 3.1). The columns of a view have none.
    pub(super) fn numbers(&self, column: &Column) -> Numbers {
        let has = |parts: &[&str]| parts.iter().any(|part| column.declared.contains(part));
        let is_limited = || self.zero_and_one.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
        let converted = if self.is_view || column.declared.is_empty() {
            Numbers::Unconverted
        } else if has(&["INT"]) && self.is_strict {
            Numbers::Integers
        } else if has(&["INT"]) {
            Numbers::WholeAsIntegers
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Numbers::AsText
        } else if has(&["BLOB", "REAL", "FLOA", "DOUB", "ANY"]) {
            Numbers::Unconverted
        } else {
            Numbers::WholeAsIntegers
        };
        match converted {
            Numbers::Integers | Numbers::WholeAsIntegers if is_limited() => Numbers::ZeroAndOne,
            converted => converted,
        }
    }

    /// The column of that name; case is ignored, as in SQLite.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// What a column converts values to, by its declared type
/// (<https://www.sqlite.org/datatype3.html>, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    /// Text that is a number becomes one.
    Numeric,
    /// Like `Numeric`, and integers become doubles.
    Real,
    /// Numbers become text.
    Text,
    /// No conversion.
    Blob,
}

impl Column {
    /// What the column converts values to. In a STRICT table `ANY` converts nothing.
    pub(super) fn affinity(&self, is_strict: bool) -> Affinity {
        let has = |parts: &[&str]| parts.iter().any(|part| self.declared.contains(part));
        match () {
            () if has(&["INT"]) => Affinity::Numeric,
            () if has(&["CHAR", "CLOB", "TEXT"]) => Affinity::Text,
            () if self.declared.is_empty() || has(&["BLOB"]) => Affinity::Blob,
            () if has(&["REAL", "FLOA", "DOUB"]) => Affinity::Real,
            () if is_strict && self.declared == "ANY" => Affinity::Blob,
            () => Affinity::Numeric,
        }
    }

    /// Whether the declared type says that BLOBs are stored: also in `BINARY(16)`, which for SQLite
    /// is a numeric type.
    pub(super) fn is_declared_for_blobs(&self) -> bool {
        self.is_blob() || self.declared.contains("BINARY")
    }

    /// Whether it can hold nothing but integers and text.
    pub(super) fn excludes_blobs(&self, is_strict: bool) -> bool {
        is_strict && ["INT", "INTEGER", "TEXT"].contains(&self.declared.as_str())
    }

    /// Whether it is declared as `INTEGER`, as a column that is the row id must be.
    pub(super) fn is_integer(&self) -> bool {
        self.declared == "INTEGER"
    }

    /// Whether its declared type is for BLOBs.
    pub(super) fn is_blob(&self) -> bool {
        self.declared.contains("BLOB")
    }
}
