//! Whatever `schema infer` prints works: random tables and rows are inferred, checked, served,
//! uploaded and verified. Not single layouts (`layouts`), not how values become JSON (`values`).
//!
//! `SYNCTOOL_INFER_CASES` sets the number of databases, `SYNCTOOL_INFER_SEED` the first seed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use synctool::cloneup::{Comparison, Options, Upload, inspect};
use synctool::offline::{Database, Snapshot, introspect};
use synctool::remote::{Remote, RemoteConfig};
use synctool::schema::Schema;

use super::common::{Offline, TestServer};

/// The kinds of keys that tables are given.
const KEYS: &[KeyKind] = &[
    KeyKind::Text,
    KeyKind::Integer,
    KeyKind::Untyped,
    KeyKind::Real,
    KeyKind::Blob,
    KeyKind::Pair,
    KeyKind::Unique,
    KeyKind::None,
    KeyKind::Other,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    /// `TEXT PRIMARY KEY`, perhaps NOCASE or WITHOUT ROWID.
    Text,
    /// `INTEGER PRIMARY KEY`.
    Integer,
    /// A primary key without a type, which holds integers and text.
    Untyped,
    /// A primary key of floating-point numbers.
    Real,
    /// A primary key of BLOBs.
    Blob,
    /// A primary key of two columns.
    Pair,
    /// A unique index and no primary key.
    Unique,
    /// Neither.
    None,
    /// A primary key beside a column `id` that is none.
    Other,
}

const NAMES: &[&str] = &[
    "todos",
    "order",
    "select",
    "a b",
    "naïve",
    "表",
    "quo\"te",
    "it's",
    "a{}b",
    "{}",
    "1st",
    "dash-ed",
    "semi;colon",
    "Ümlaut",
    "percent%",
    "tags",
    "join_x",
    "back`tick",
    "[box]",
    "new\nline",
    "ps_product",
    "😀",
    "true",
];

const COLUMNS: &[&str] = &[
    "true",
    "False",
    "title",
    "Order",
    "group",
    "a b",
    "na\"me",
    "x'y",
    "{}",
    "$ref",
    "from",
    "to",
    "ID",
    "1",
    "ünï",
    "data",
    "deleted",
    "value:1",
    "%",
    "\\",
    "é",
    "rowid_",
    "key",
    "__proto__",
    "tab\tbed",
];

const TYPES: &[&str] = &[
    "",
    "TEXT",
    "INTEGER",
    "REAL",
    "BLOB",
    "NUMERIC",
    "BOOLEAN",
    "DATETIME",
    "JSON",
    "VARCHAR(10)",
    "DECIMAL(5,2)",
    "TEXT NOT NULL DEFAULT ''",
    "INTEGER NOT NULL DEFAULT 0",
    "TEXT COLLATE NOCASE",
    "ANY",
];

/// Values as SQL writes them, of all kinds.
const VALUES: &[&str] = &[
    "NULL",
    "0",
    "1",
    "-1",
    "7",
    "9007199254740993",
    "-9223372036854775808",
    "9223372036854775807",
    "0.5",
    "-0.0",
    "1e300",
    "9e999",
    "-9e999",
    "3.0",
    "''",
    "'a'",
    "'A'",
    "'1'",
    "'01'",
    "'1.5'",
    "' x '",
    "'{}'",
    "'[1,2]'",
    "'{\"a\":1,\"a\":2}'",
    "'[18446744073709551616]'",
    "'[0.10]'",
    "'{\"k\":[true,null,\"\\u00e9\"]}'",
    "'{'",
    "'[-0]'",
    "'[1e400]'",
    "'[\"\\ud800\"]'",
    "'😀 ''quoted'' \"x\"'",
    "'a:b%c'",
    "x''",
    "x'00ff'",
    "x'61'",
    "CAST(x'ff' AS TEXT)",
    "CAST(x'610062' AS TEXT)",
    "'true'",
    "'2024-01-01'",
    "char(8232)",
    "char(1)",
];

/// Keys of documents, as JSON writes them.
const DOCUMENT_KEYS: &[&str] =
    &[r#""a""#, r#""b c""#, r#""quo\"te'""#, r#""""#, r#""id""#, r#""ünï""#, r#""$ref""#, r#""\u0061b""#];

/// Values of documents.
const DOCUMENT_VALUES: &[&str] = &[
    "0",
    "1",
    "2",
    "-7",
    "0.5",
    "1e300",
    "18446744073709551615",
    "18446744073709551616",
    "true",
    "false",
    "null",
    r#""x""#,
    r#""""#,
    r#""[1,2]""#,
    r#""{\"a\":1,\"a\":2}""#,
    r#""[18446744073709551616]""#,
    "[1,[2]]",
    r#"{"a":{"b":null}}"#,
];

/// A table of a random database.
struct Table {
    name: String,
    key: KeyKind,
    key_column: String,
    columns: Vec<String>,
}

struct Generator {
    random: fastrand::Rng,
    sql: String,
    tables: Vec<Table>,
}

impl Generator {
    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[self.random.usize(..of.len())]
    }

    /// A name that no other of the list has; SQLite ignores the case of ASCII letters.
    fn name(&mut self, of: &[&'static str], taken: &[String]) -> String {
        let mut name = self.pick(of).to_owned();
        while taken.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
            name.push(char::from(self.random.u8(b'a'..=b'z')));
        }
        name
    }

    fn table(&mut self) {
        let taken: Vec<_> = self.tables.iter().map(|table| table.name.clone()).collect();
        let name = self.name(NAMES, &taken);
        let key = KEYS[self.random.usize(..KEYS.len())];
        let mut columns = Vec::new();
        let key_column = match self.random.u8(0..3) {
            0 => "id".to_owned(),
            1 => format!("{name}Id"),
            _ => self.name(COLUMNS, &columns),
        };
        let has_id = key == KeyKind::Other;
        let key_column =
            if has_id && key_column.eq_ignore_ascii_case("id") { "pk".to_owned() } else { key_column };
        columns.push(key_column.clone());
        let mut parts = vec![key_declaration(key, &key_column, self.random.bool())];
        let mut after = Vec::new();
        if has_id {
            columns.push("id".to_owned());
            parts.push("id TEXT".to_owned());
        }
        if key == KeyKind::Pair {
            let second = self.name(COLUMNS, &columns);
            after.push(format!("PRIMARY KEY ({}, {})", quoted(&key_column), quoted(&second)));
            parts.push(quoted(&second));
            columns.push(second);
        }
        for _ in 0..self.random.usize(0..5) {
            let column = self.name(COLUMNS, &columns);
            let declared = self.pick(TYPES);
            parts.push(format!("{} {declared}", quoted(&column)));
            columns.push(column);
        }
        // A reference to a table, declared or suggested by its name.
        if let Some(target) = self.random.usize(0..=self.tables.len()).checked_sub(1) {
            let (target, key) = (self.tables[target].name.clone(), self.tables[target].key_column.clone());
            let column = format!("{target}_id");
            if !columns.iter().any(|other| other.eq_ignore_ascii_case(&column)) {
                let declared = ["", "TEXT", "INTEGER", "REAL"][self.random.usize(..4)];
                let references = match self.random.u8(0..3) {
                    0 => String::new(),
                    1 => format!("REFERENCES {}", quoted(&target)),
                    _ => format!("REFERENCES {} ({})", quoted(&target), quoted(&key)),
                };
                parts.push(format!("{} {declared} {references}", quoted(&column)));
                columns.push(column);
            }
        }
        parts.extend(after);
        let can_be_without = matches!(key, KeyKind::Text | KeyKind::Blob | KeyKind::Pair);
        let without = if can_be_without && self.random.u8(0..4) == 0 { " WITHOUT ROWID" } else { "" };
        let _ = writeln!(self.sql, "CREATE TABLE {} ({}){without};", quoted(&name), parts.join(", "));
        if key == KeyKind::Unique {
            let index = format!("unique {}", self.tables.len());
            let _ = writeln!(
                self.sql,
                "CREATE UNIQUE INDEX {} ON {} ({});",
                quoted(&index),
                quoted(&name),
                quoted(&key_column)
            );
        }
        self.tables.push(Table { name, key, key_column, columns });
    }

    /// A table of two columns that refer to two tables.
    fn link(&mut self) {
        let ends: Vec<_> = self.tables.iter().filter(|table| table.key != KeyKind::Pair).collect();
        if ends.len() < 2 {
            return;
        }
        let first = self.random.usize(..ends.len());
        let second = (first + 1) % ends.len();
        let end = |place: usize| (ends[place].name.clone(), format!("{}_id", ends[place].name));
        let ((first, from), (second, to)) = (end(first), end(second));
        if from.eq_ignore_ascii_case(&to) || self.tables.iter().any(|table| table.name == "link") {
            return;
        }
        let declared =
            |table: &str, is: bool| if is { format!("REFERENCES {}", quoted(table)) } else { String::new() };
        let is_declared = self.random.bool();
        let metadata = self.name(COLUMNS, &[from.clone(), to.clone()]);
        let sql = format!(
            "CREATE TABLE link ({} {}, {} {}, {}, PRIMARY KEY ({}, {}));",
            quoted(&from),
            declared(&first, is_declared),
            quoted(&to),
            declared(&second, is_declared),
            quoted(&metadata),
            quoted(&from),
            quoted(&to)
        );
        self.sql.push_str(&sql);
        let dangling =
            if self.random.u8(0..4) == 0 { "SELECT 'nowhere', 'neither', 1 UNION ALL " } else { "" };
        let keys = |name: &str| {
            let table = self.tables.iter().find(|table| table.name == name).unwrap();
            format!("{}.{}", quoted(name), quoted(&table.key_column))
        };
        let rows = format!(
            "INSERT OR IGNORE INTO link {dangling}SELECT {}, {}, '{{\"a\":1}}' FROM {} JOIN {} LIMIT 5;",
            keys(&first),
            keys(&second),
            quoted(&first),
            quoted(&second)
        );
        self.rows_later(rows);
    }

    /// A table of documents, as PowerSync stores them.
    fn documents(&mut self) {
        self.sql.push_str("CREATE TABLE ps_data__docs (id TEXT PRIMARY KEY, data TEXT);");
        // Each key has values of one kind, or of any.
        let kinds: Vec<_> =
            DOCUMENT_KEYS.iter().map(|_| self.random.usize(..DOCUMENT_VALUES.len() * 2)).collect();
        for row in 0..self.random.usize(0..6) {
            let mut members = Vec::new();
            for (key, kind) in DOCUMENT_KEYS.iter().zip(&kinds) {
                let value = DOCUMENT_VALUES.get(*kind).copied().unwrap_or_else(|| self.pick(DOCUMENT_VALUES));
                if self.random.bool() {
                    members.push(format!("{key}: {value}"));
                }
            }
            let document = format!("{{{}}}", members.join(", ")).replace('\'', "''");
            let _ = writeln!(self.sql, "INSERT INTO ps_data__docs VALUES ('d{row}', '{document}');");
        }
    }

    fn rows_later(&mut self, rows: String) {
        self.tables.push(Table {
            name: "link".to_owned(),
            key: KeyKind::Pair,
            key_column: rows,
            columns: Vec::new(),
        });
    }

    fn rows(&mut self) {
        let links: Vec<String> = self
            .tables
            .iter()
            .filter(|table| table.columns.is_empty())
            .map(|table| table.key_column.clone())
            .collect();
        for place in 0..self.tables.len() {
            let columns = self.tables[place].columns.clone();
            if columns.is_empty() {
                continue;
            }
            for row in 0..self.random.usize(0..6) {
                let values: Vec<String> =
                    (0..columns.len()).map(|column| self.value(place, column, row)).collect();
                let names: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
                let _ = writeln!(
                    self.sql,
                    "INSERT OR IGNORE INTO {} ({}) VALUES ({});",
                    quoted(&self.tables[place].name),
                    names.join(", "),
                    values.join(", ")
                );
            }
        }
        self.sql.extend(links);
    }

    fn value(&mut self, place: usize, column: usize, row: usize) -> String {
        let table = &self.tables[place];
        if column == 0 {
            return self.key_value(table.key, row);
        }
        // References match some rows of their table, or most.
        let name = &table.columns[column];
        if name.ends_with("_id") && self.random.u8(0..4) > 0 {
            let target = self.tables.iter().find(|other| format!("{}_id", other.name) == *name);
            let target = target.map(|target| (quoted(&target.name), quoted(&target.key_column)));
            if let Some((target, key)) = target {
                return format!("(SELECT {target}.{key} FROM {target} LIMIT 1)");
            }
        }
        // Most columns hold one kind of value.
        let kind = (place * 7 + column * 3) % 9;
        match kind {
            _ if self.random.u8(0..12) == 0 => self.pick(VALUES).to_owned(),
            0..3 => format!("'text {row}'"),
            3 => self.random.i64(..).to_string(),
            4 => format!("{:?}", self.random.f64() * 1e6),
            5 => format!("'{{\"n\":{row}}}'"),
            6 => u8::from(self.random.bool()).to_string(),
            _ => self.pick(VALUES).to_owned(),
        }
    }

    fn key_value(&mut self, key: KeyKind, row: usize) -> String {
        let is_odd = self.random.u8(0..10) == 0;
        match key {
            KeyKind::Integer => (row * 3 + 1).to_string(),
            _ if is_odd => self.pick(VALUES).to_owned(),
            KeyKind::Text | KeyKind::Other => {
                ["'a'", "'B'", "'c:d'", "'é%'", "'{}'", "'😀\"'"][row % 6].to_owned()
            }
            KeyKind::Untyped => ["1", "'x'", "'2'", "3", "'y y'", "44"][row % 6].to_owned(),
            KeyKind::Real => format!("{row}.5"),
            KeyKind::Blob => format!("x'{row:02x}ff'"),
            KeyKind::Pair | KeyKind::Unique => ["1", "2", "'x:%'", "x'01'", "'2'", "''"][row % 6].to_owned(),
            KeyKind::None => self.pick(VALUES).to_owned(),
        }
    }
}

fn key_declaration(key: KeyKind, column: &str, flag: bool) -> String {
    let column = quoted(column);
    match key {
        KeyKind::Text if flag => format!("{column} TEXT COLLATE NOCASE PRIMARY KEY"),
        KeyKind::Text | KeyKind::Other => format!("{column} VARCHAR(20) NOT NULL PRIMARY KEY"),
        KeyKind::Integer => format!("{column} INTEGER PRIMARY KEY"),
        KeyKind::Untyped => format!("{column} PRIMARY KEY"),
        KeyKind::Real => format!("{column} REAL PRIMARY KEY"),
        KeyKind::Blob => format!("{column} BLOB PRIMARY KEY"),
        KeyKind::Pair | KeyKind::Unique | KeyKind::None => column,
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn database(seed: u64) -> String {
    let random = fastrand::Rng::with_seed(seed);
    let mut generator =
        Generator { random, sql: "PRAGMA foreign_keys = OFF;\n".to_owned(), tables: Vec::new() };
    for _ in 0..generator.random.usize(1..4) {
        generator.table();
    }
    if generator.random.bool() {
        generator.link();
    }
    if generator.random.u8(0..3) == 0 {
        generator.documents();
    }
    generator.rows();
    generator.sql
}

/// Infers, checks, serves, uploads and verifies.
async fn assert_inferred_schema_works(what: &str, sql: &str) {
    let offline = Offline::new(sql);
    let open = || Database::open(&offline.path()).unwrap();
    let inferred = introspect::infer(&Snapshot::take(&open()).unwrap()).unwrap();
    let text = serde_json::to_string_pretty(&inferred).unwrap();
    let what = format!("{what}\n{sql}\n{text}\n{:?}", inferred.notes);
    let schema = Schema::parse(&text).unwrap_or_else(|error| panic!("{error} {}: {what}", error.path));
    for part in inspect(&schema, &open()).unwrap().parts {
        assert_eq!(part.problem, None, "check: {what}");
    }
    let server = TestServer::start(&text).await;
    let config = RemoteConfig::new(server.base());
    let remote = || Remote::new(&config).unwrap();
    let options = Options { client_id: Some("C".to_owned()), fail_fast: false, ..Options::default() };
    let upload = Upload::new(open(), remote(), schema.clone()).options(options.clone());
    let outcome = upload.run().await;
    assert!(outcome.ok, "upload: {:?}\n{what}", outcome.failures);
    assert_eq!(count(&server, &schema).await, rows(&offline, &schema), "rows: {what}");
    let verification = Comparison::new(open(), remote(), schema).options(options).run().await;
    assert!(verification.ok, "verify: {verification:?}\n{what}");
}

/// The number of records and join rows on the server.
async fn count(server: &TestServer, schema: &Schema) -> u64 {
    let clone = server.post("clone", &json!({"clientId": "x"})).await;
    let length = |value: &Value| value.as_array().map_or(0, Vec::len) as u64;
    let records = schema.resources.iter().map(|resource| length(&clone["data"][&resource.name]));
    let joins = schema.join_stores().into_iter().map(|store| length(&clone["joins"][store.name()]));
    records.chain(joins).sum()
}

/// The number of rows in the tables of a schema.
fn rows(offline: &Offline, schema: &Schema) -> u64 {
    let records = schema.resources.iter().map(|resource| resource.storage.table.clone());
    let joins = schema.join_stores().into_iter().map(|store| store.storage().table);
    let count = |table: String| {
        offline.column(&format!("SELECT count(*) FROM {}", quoted(&table)))[0].parse::<u64>().unwrap()
    };
    records.chain(joins).map(count).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inferred_schema_is_accepted_everywhere_and_uploads_all_rows() {
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, cases) = (number("SYNCTOOL_INFER_SEED", 0), number("SYNCTOOL_INFER_CASES", 40));
    for seed in first..first + cases {
        assert_inferred_schema_works(&format!("seed {seed}"), &database(seed)).await;
    }
}
