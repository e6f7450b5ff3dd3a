//! Whatever `schema infer` prints works: random tables and rows are inferred, checked, served,
//! uploaded and verified. Not single layouts (`layouts`), not how values become JSON (`values`).
//!
//! `SYNCTOOL_INFER_CASES` sets the number of databases, `SYNCTOOL_INFER_SEED` the first seed.

pub mod generator;
mod words;

use generator::{database, quoted};
use serde_json::{Value, json};
use synctool::cloneup::{Comparison, Options, Upload, inspect};
use synctool::offline::{Database, Snapshot, introspect};
use synctool::remote::{Remote, RemoteConfig};
use synctool::schema::Schema;

use crate::common::{Offline, TestServer};

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
