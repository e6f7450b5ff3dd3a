//! Microbenchmarks of encoding: canonical JSON, content hashes and a whole mutation. Whole uploads
//! are measured in `benches/whole`. Run with `cargo bench --bench encode`.

#![allow(clippy::unwrap_used, reason = "a benchmark ends at its first failure")]

use bytes::BytesMut;
use divan::{Bencher, black_box, counter::BytesCount};
use serde_json::{Value, json};
use synctool::internal::canonical::{write_string, write_value};
use synctool::internal::{ContentHash, ContentHasher, RecordEncoder, RecordOperation};

fn main() {
    divan::main();
}

fn record() -> Value {
    json!({
        "createdAt": "2026-01-01T09:30:00.000Z", "done": false, "estimate": 2.25, "priority": 3,
        "notes": "Remember to ask about the delivery, the invoice and the second key. ".repeat(5),
        "projectId": "project-17", "title": "To-do number 17: call back about the order",
    })
}

fn canonical(value: &Value) -> BytesMut {
    let mut out = BytesMut::new();
    write_value(&mut out, value);
    out
}

#[divan::bench]
fn string_of_340_ascii_bytes(bencher: Bencher) {
    let text = "Remember to ask about the delivery, the invoice and the second key. ".repeat(5);
    let mut out = BytesMut::with_capacity(1024);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        out.clear();
        write_string(&mut out, black_box(&text));
    });
}

#[divan::bench]
fn canonical_json_of_a_value(bencher: Bencher) {
    let value = record();
    let mut out = BytesMut::with_capacity(1024);
    bencher.counter(BytesCount::new(canonical(&value).len())).bench_local(|| {
        out.clear();
        write_value(&mut out, black_box(&value));
    });
}

#[divan::bench]
fn one_content_hash(bencher: Bencher) {
    let json = canonical(&record());
    bencher.counter(BytesCount::new(json.len())).bench_local(|| ContentHash::of(&[black_box(&json)]));
}

/// 100 inputs in one call, as the upload hashes them: in the lanes of the vector unit.
#[divan::bench]
fn hundred_content_hashes(bencher: Bencher) {
    let json = canonical(&record());
    let mut hasher = ContentHasher::default();
    bencher.counter(BytesCount::new(100 * json.len())).bench_local(|| {
        black_box(hasher.hash(0..100, |text, _| text.extend_from_slice(black_box(&json))));
    });
}

#[divan::bench]
fn mutation_without_hashing(bencher: Bencher) {
    let json = canonical(&record());
    let encoder = RecordEncoder::new("cloneup", "a-client", "todos", 1, RecordOperation::Merge);
    let (mut body, hash) = (BytesMut::with_capacity(4096), ContentHash::of(&[]));
    bencher.counter(BytesCount::new(json.len())).bench_local(|| {
        body.clear();
        encoder.encode(&mut body, black_box("00000000000000a7"), black_box(&json), black_box(hash))
    });
}
