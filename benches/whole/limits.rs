//! The limits of an upload, each measured alone: scan, scan and encode, and HTTP with the same
//! bytes. The limits of a server are in `insert_loop.rs`; the whole upload is measured in `main.rs`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use synctool::internal::{ContentHasher, RecordEncoder, RecordOperation};
use synctool::offline::{Database, RecordSource, Snapshot};
use synctool::schema::Schema;

use super::data::SCHEMA;

/// Mutations per request: the default of `--batch-size`.
const BATCH: usize = 100;

/// Requests in flight when HTTP alone is measured.
const IN_FLIGHT: usize = 4;

/// Reads every record, builds every request body, and calls `consume` with each body.
fn bodies(database: &Path, mut consume: impl FnMut(&mut BytesMut)) {
    let schema = Schema::parse(SCHEMA).unwrap();
    let database = Database::open(database).unwrap();
    let snapshot = Snapshot::take(&database).unwrap();
    let resource = schema.resource("todos").unwrap();
    let source = RecordSource::resolve(&snapshot, &schema, resource, &mut Vec::new()).unwrap();
    let client = "9d1c1d6e-6f1f-4a68-b6c8-3a55e0c6f0aa";
    let encoder = RecordEncoder::new("cloneup", client, "todos", 1, RecordOperation::Merge);
    let head = format!(r#"{{"clientId":"{client}","mutations":["#);
    let mut hashing = ContentHasher::default();
    // Ids and records of a batch, concatenated, and the end offsets of each.
    let (mut ids, mut json, mut ends) = (String::new(), BytesMut::new(), Vec::new());
    let mut body = BytesMut::with_capacity(64 * 1024);
    let mut finish = |ids: &str, json: &[u8], ends: &[(usize, usize)]| {
        let starts = std::iter::once(&(0, 0)).chain(ends);
        let rows = starts.zip(ends).map(|(start, end)| (&ids[start.0..end.0], &json[start.1..end.1]));
        let hashes = hashing.hash(rows.clone(), |text, (id, record)| encoder.write_hashed(text, id, record));
        body.clear();
        body.extend_from_slice(head.as_bytes());
        for ((id, record), hash) in rows.zip(hashes) {
            if !body.ends_with(b"[") {
                body.put_u8(b',');
            }
            encoder.encode(&mut body, id, record, *hash);
        }
        body.extend_from_slice(b"]}");
        consume(&mut body);
    };
    source
        .for_each(&snapshot, |record| {
            record.write_fields(&mut json)?;
            ids.push_str(record.id);
            ends.push((ids.len(), json.len()));
            if ends.len() == BATCH {
                finish(&ids, &json, &ends);
                ids.clear();
                json.clear();
                ends.clear();
            }
            Ok(())
        })
        .unwrap();
    if !ends.is_empty() {
        finish(&ids, &json, &ends);
    }
}

/// Reads every value in order of id and discards it.
pub fn scan(database: &Path) -> Duration {
    let connection = Connection::open(database).unwrap();
    let start = Instant::now();
    let mut statement = connection.prepare("SELECT * FROM todos ORDER BY id").unwrap();
    let columns = statement.column_count();
    let (mut rows, mut count) = (statement.query([]).unwrap(), 0_usize);
    while let Some(row) = rows.next().unwrap() {
        count += (0..columns).filter(|index| row.get_ref(*index).unwrap() != ValueRef::Null).count();
    }
    assert!(count > 0);
    start.elapsed()
}

/// Reads and encodes every record and discards the bodies.
pub fn scan_and_encode(database: &Path) -> Duration {
    let start = Instant::now();
    let mut size = 0;
    bodies(database, |body| size += body.len());
    assert!(size > 0);
    start.elapsed()
}

/// Sends request bodies that are built before the measurement starts.
pub fn http(database: &Path, base: &str) -> Duration {
    let mut prebuilt = Vec::new();
    bodies(database, |body| prebuilt.push(Bytes::copy_from_slice(body)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (prebuilt, next) = (Arc::new(prebuilt), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    runtime.block_on(async {
        let workers: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                let (client, url) = (client.clone(), format!("{base}/push"));
                let (prebuilt, next) = (Arc::clone(&prebuilt), Arc::clone(&next));
                tokio::spawn(async move {
                    while let Some(body) = prebuilt.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let response = client.post(&url).body(body.clone()).send().await.unwrap();
                        response.bytes().await.unwrap();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
    });
    start.elapsed()
}
