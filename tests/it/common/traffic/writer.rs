//! A client that pushes: records of its own, each inserted once, and its own field of hot records, which
//! all writers merge. Not the check of what has become of them (`check`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::exchange::{Exchange, step};

/// Records of its own in a push.
pub const ROWS: u64 = 3;

/// Hot records; a push merges two of them.
const HOT: u64 = 5;

/// Mutations in a push.
pub const MUTATIONS: u64 = ROWS + 2;

/// The field of the hot records that a writer has to itself.
const FIELDS: [&str; 4] = ["title", "note", "count", "data"];

/// Whose the hot records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hot {
    /// All writers merge the same ones, so that servers get in each other's way.
    #[default]
    Shared,
    /// Each writer has its own.
    Apart,
}

/// What a writer has sent, all of which was acknowledged.
#[derive(Debug, Default)]
pub struct Written {
    pub client: usize,
    pub pushes: u64,
    /// The push that has merged each hot record last.
    hot: BTreeMap<String, u64>,
    pub slowest: Duration,
    pub problems: Vec<String>,
}

impl Written {
    /// The ids of its own records.
    pub fn rows(&self) -> impl Iterator<Item = String> {
        (0..self.pushes * ROWS).map(|number| row(self.client, number))
    }

    /// The ids of the hot records, with the field and the value that this writer has given it last.
    pub fn hot(&self) -> impl Iterator<Item = (String, &'static str, Value)> {
        self.hot.iter().map(|(id, &push)| (id.clone(), FIELDS[self.client], value(self.client, push)))
    }
}

fn row(client: usize, number: u64) -> String {
    format!("{client}-{number:06}")
}

/// What push `push` of a writer gives its field.
fn value(client: usize, push: u64) -> Value {
    match FIELDS[client] {
        "title" | "note" => json!(push.to_string()),
        _ => json!(push),
    }
}

/// The hot records that a push merges.
fn hot_of(client: usize, push: u64, hot: Hot) -> [String; 2] {
    [push, push + 1].map(|number| match hot {
        Hot::Shared => format!("hot-{}", number % HOT),
        Hot::Apart => format!("hot-{client}-{}", number % HOT),
    })
}

fn body(client: usize, push: u64, hot: Hot) -> Value {
    let name = format!("writer-{client}");
    let mutation = |part: u64, operation: &str, resource: &str, version: u64, id: String, record: Value| {
        json!({"clientId": name, "mutationId": format!("{push}-{part}"), "operation": operation,
            "resource": resource, "version": version, "id": id, "record": record})
    };
    let rows = (0..ROWS).map(|part| {
        let id = row(client, push * ROWS + part);
        mutation(part, "insert", "tags", 1, id.clone(), json!({"label": id}))
    });
    let hot = (ROWS..).zip(hot_of(client, push, hot)).map(|(part, id)| {
        let fields = Map::from_iter([(FIELDS[client].to_owned(), value(client, push))]);
        mutation(part, "merge", "todos", 3, id, Value::Object(fields))
    });
    let mutations: Vec<Value> = rows.chain(hot).collect();
    json!({"clientId": name, "mutations": mutations})
}

/// Pushes as long as `writing` is true.
pub async fn write(client: usize, hot: Hot, exchange: Arc<Exchange>, writing: Arc<AtomicBool>) -> Written {
    let mut written = Written { client, ..Written::default() };
    while writing.load(Ordering::Relaxed) {
        let (push, before, start) = (written.pushes, exchange.highest(), Instant::now());
        let result = exchange.post(client, "push", &body(client, push, hot)).await;
        assert_eq!(result["ok"], true, "{result}");
        let cursor = step(&result["cursor"]);
        if cursor < before {
            written.problems.push(format!("the cursor {cursor} of a push after {before}"));
        }
        exchange.has_seen(cursor);
        exchange.acknowledge();
        written.slowest = written.slowest.max(start.elapsed());
        written.pushes += 1;
        written.hot.extend(hot_of(client, push, hot).map(|id| (id, push)));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    written
}
