//! What is checked after a round trip: an upload of a seed file, and a clone of the server. Not which
//! seeds (`property`, `layouts`).

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use synctool::cloneup::{CloneOptions, CloneOutcome, Comparison, Options, ServerClone, Upload};
use synctool::offline::Database;
use synctool::remote::{Remote, RemoteConfig};
use synctool::schema::Schema;

use crate::common::{Answer, Offline, Scripted, TestServer};

/// A server without delays between retries.
pub fn remote(base: &str) -> Remote {
    let mut config = RemoteConfig::new(base);
    config.retry_delay = std::time::Duration::ZERO;
    Remote::new(&config).unwrap()
}

/// Clones a server into a file, with pages of this many changes.
pub async fn clone(path: &Path, base: &str, schema: &Schema, limit: Option<u64>) -> CloneOutcome {
    let pull_limit = limit.map(|limit| NonZeroU64::new(limit).unwrap());
    let options = CloneOptions { pull_limit, ..CloneOptions::default() };
    ServerClone::new(path, remote(base), schema.clone()).options(options).run().await
}

/// Uploads a database with client id `C`; it must succeed.
pub async fn upload(path: &Path, base: &str, schema: &Schema) {
    let options = Options {
        client_id: Some("C".to_owned()),
        pull_after: false,
        set_global_cursor_on_success: false,
        ..Options::default()
    };
    let upload = Upload::new(Database::open(path).unwrap(), remote(base), schema.clone());
    let outcome = upload.options(options).run().await;
    assert!(outcome.ok, "{:?}", outcome.failures);
}

/// The ids of all mutations that an upload of a database sends; they are hashes of the content.
pub async fn mutations(path: &Path, schema: &Schema) -> BTreeSet<String> {
    let scripted = Scripted::start().await;
    upload(path, scripted.base(), schema).await;
    let id = |mutation: &Value| mutation["mutationId"].as_str().unwrap().to_owned();
    scripted.mutations().iter().map(id).collect()
}

/// A seed file, the server that it was uploaded to, and clones of it.
pub struct RoundTrip {
    pub seed: Offline,
    pub server: TestServer,
    pub schema: Schema,
}

impl RoundTrip {
    /// Uploads a database.
    pub async fn new(schema: &str, sql: &str) -> Self {
        Self::of(schema, Offline::new(sql)).await
    }

    pub async fn of(schema: &str, seed: Offline) -> Self {
        let server = TestServer::start(schema).await;
        let schema = Schema::parse(schema).unwrap();
        upload(&seed.path(), server.base(), &schema).await;
        Self { seed, server, schema }
    }

    /// The path of a clone, beside the seed.
    pub fn path(&self, name: &str) -> PathBuf {
        self.seed.folder().join(name)
    }

    /// Clones the server into a new file, and checks that it is equal to the server and makes the
    /// mutations of the seed.
    pub async fn clone_and_check(&self, name: &str, limit: Option<u64>) -> CloneOutcome {
        let path = self.path(name);
        let outcome = clone(&path, self.server.base(), &self.schema, limit).await;
        assert!(outcome.ok, "{:?}", outcome.failures);
        self.check(&path).await;
        outcome
    }

    /// Checks that a file is equal to the server and makes the mutations of the seed.
    pub async fn check(&self, path: &Path) {
        let database = || Database::open(path).unwrap();
        let comparison = Comparison::new(database(), remote(self.server.base()), self.schema.clone());
        let verification = comparison.run().await;
        assert!(verification.ok, "{verification:?}");
        let seed = mutations(&self.seed.path(), &self.schema).await;
        assert_eq!(mutations(path, &self.schema).await, seed);
    }

    /// A server of the second dialect that has what the real one has.
    pub async fn second_dialect(&self, limit: u64) -> Scripted {
        let scripted = Scripted::start().await;
        let mut cursor = "0".to_owned();
        loop {
            let pull = json!({"clientId": "x", "cursor": cursor, "limit": limit});
            let page = self.server.post("pull", &pull).await;
            let next = page["nextCursor"].as_str().map(str::to_owned);
            scripted.script("pull", [Answer::Json(200, tables(&page, next.is_some()))]);
            match next {
                Some(next) => cursor = next,
                None => return scripted,
            }
        }
    }
}

/// A page of the first dialect as one of the second.
fn tables(page: &Value, has_more: bool) -> Value {
    let (mut records, mut deleted, mut cursors) = (Map::new(), Map::new(), Map::new());
    for change in page["changes"].as_array().unwrap() {
        let name = change["resource"].as_str().unwrap().to_owned();
        let (list, item) = match change["op"].as_str().unwrap() {
            "delete" => (&mut deleted, change["id"].clone()),
            _ => (&mut records, change["record"].clone()),
        };
        list.entry(name.clone()).or_insert_with(|| json!([])).as_array_mut().unwrap().push(item);
        cursors.insert(name, json!(change["serverSeq"].to_string()));
    }
    json!({"ok": true, "result": {"records": records, "deleted": deleted, "cursors": cursors, "hasMore": has_more}})
}

/// Every row of every table but the system tables, with the types of the values.
pub fn dump(path: &Path) -> Vec<(String, Vec<String>)> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let names =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_\\_datafn%' ESCAPE '\\'
        AND name NOT LIKE 'sqlite%' ORDER BY name";
    let mut names = connection.prepare(names).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    names.map(|name| (name.clone(), rows(&connection, &name))).collect()
}

/// The rows of a table, sorted, each with its columns in the order of their names.
fn rows(connection: &rusqlite::Connection, table: &str) -> Vec<String> {
    let quoted = crate::infer_property::generator::quoted;
    let mut statement = connection.prepare(&format!("SELECT * FROM {}", quoted(table))).unwrap();
    let mut columns: Vec<_> = statement.column_names().map(str::to_owned).enumerate().collect();
    columns.sort_by(|a, b| a.1.cmp(&b.1));
    let row = |row: &rusqlite::Row<'_>| {
        let value = |(index, name): &(usize, String)| {
            Ok(format!("{name}={:?}", row.get::<_, rusqlite::types::Value>(*index)?))
        };
        Ok(columns.iter().map(value).collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    };
    let mut rows: Vec<String> =
        statement.query_map([], row).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    rows.sort();
    rows
}
