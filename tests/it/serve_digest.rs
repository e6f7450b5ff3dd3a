//! The comparison route of the reference server (extension `sync.digest`, contract 3.8), against the
//! contract's vectors and against digests that are computed here from what was sent.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::common::{SCHEMA, TestServer, mutation, push};

/// Fields by key; a key is `[id]` or `[from,to]`. All of it is ASCII, so that the compact form with
/// sorted keys that `serde_json` writes is canonical.
type Table = BTreeMap<String, Map<String, Value>>;

fn h16(text: &[u8]) -> [u8; 16] {
    blake3::hash(text).as_bytes()[..16].try_into().unwrap()
}

fn content(fields: &Map<String, Value>) -> [u8; 16] {
    let present: Map<_, _> = fields.clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
    h16(Value::from(present).to_string().as_bytes())
}

fn bucket(key: &str, bits: u32) -> usize {
    let first = u32::from_be_bytes(blake3::hash(key.as_bytes()).as_bytes()[..4].try_into().unwrap());
    usize::try_from(u64::from(first) >> (32 - bits)).unwrap()
}

fn digests(table: &Table, bits: u32) -> String {
    let mut buckets = vec![[0_u8; 16]; 1 << bits];
    for (key, fields) in table {
        let leaf = h16(&[key.as_bytes(), &content(fields)].concat());
        for (byte, leaf) in buckets[bucket(key, bits)].iter_mut().zip(leaf) {
            *byte ^= leaf;
        }
    }
    STANDARD.encode(buckets.concat())
}

fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn ask(server: &TestServer, mut request: Value) -> Value {
    request["clientId"] = json!("X");
    server.post("digest", &request).await
}

fn todo(number: u32, fields: &Value) -> Value {
    let id = format!("{number}-{fields}");
    mutation(
        &id,
        &json!({"resource": "todos", "operation": "replace", "id": format!("t{number}"), "record": fields}),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digests_are_those_of_the_contract() {
    let server = TestServer::start(SCHEMA).await;
    let rows: Vec<_> = (0..20)
        .map(|row| todo(row, &json!({"title": format!("Todo {row}"), "done": row % 2 == 0})))
        .collect();
    push(&server, &rows).await;
    let vectors: Value = serde_json::from_str(include_str!("../data/digest-vectors.json")).unwrap();
    for vector in vectors["buckets"].as_array().unwrap() {
        let answer = ask(&server, json!({"bits": vector["bits"], "tables": [{"name": "todos"}]})).await;
        let expected = json!({"count": vector["count"], "digests": vector["digests"]});
        assert_eq!((&answer["tables"]["todos"], &answer["cursor"]), (&expected, &json!("20")));
    }
}

/// A server with changed, deleted and related records, and the tables that it then has.
async fn filled() -> (TestServer, Table, Table) {
    let server = TestServer::start(SCHEMA).await;
    let (mut todos, mut rows) = (Table::new(), Table::new());
    let fields = |row: u32, title: &str| {
        let fields = json!({"title": title, "count": row, "note": null, "data": {"a": null, "n": row % 7}});
        let Value::Object(fields) = fields else { unreachable!() };
        fields
    };
    let mut mutations = vec![mutation("tag", &json!({"id": "g"}))];
    for row in 0..300 {
        mutations.push(todo(row, &fields(row, "first").into()));
        todos.insert(format!("[\"t{row}\"]"), fields(row, "first"));
    }
    for row in (0..300).step_by(3) {
        // A merge, whose result the server computes.
        let merge = json!({"resource": "todos", "operation": "merge", "id": format!("t{row}"),
            "record": {"title": "second", "count": row}});
        mutations.push(mutation(&format!("merge {row}"), &merge));
        todos.insert(format!("[\"t{row}\"]"), fields(row, "second"));
    }
    for row in (0..300).step_by(5) {
        let gone = json!({"resource": "todos", "operation": "delete", "id": format!("t{row}")});
        mutations.push(mutation(&format!("gone {row}"), &gone));
        todos.remove(&format!("[\"t{row}\"]"));
    }
    for row in (1..300).step_by(5) {
        let relations = json!({"tags": {"$ref": "g", "order": row}});
        let relate = json!({"resource": "todos", "operation": "relate", "id": format!("t{row}"), "relations": relations});
        mutations.push(mutation(&format!("relate {row}"), &relate));
        let Value::Object(order) = json!({"order": row}) else { unreachable!() };
        rows.insert(format!("[\"t{row}\",\"g\"]"), order);
    }
    let result = push(&server, &mutations).await;
    assert_eq!(result["errors"], json!([]));
    (server, todos, rows)
}

const ROWS: &str = "join_todos_tags_tags";

#[tokio::test(flavor = "multi_thread")]
async fn the_digests_follow_every_change() {
    let (server, mut todos, rows) = filled().await;
    for bits in [0, 3, 8, 16] {
        let request =
            json!({"bits": bits, "tables": [{"name": "todos"}, {"name": ROWS}, {"name": "projects"}]});
        let answer = ask(&server, request).await;
        let expected = |table: &Table| json!({"count": table.len(), "digests": digests(table, bits)});
        assert_eq!(answer["tables"]["todos"], expected(&todos), "{bits}");
        assert_eq!(answer["tables"][ROWS], expected(&rows), "{bits}");
        assert_eq!(answer["tables"]["projects"], expected(&Table::new()), "{bits}");
    }
    // Of some fields only.
    let tables = json!([{"name": "todos", "fields": ["count", "note"]}, {"name": ROWS, "fields": []}]);
    let answer = ask(&server, json!({"bits": 6, "tables": tables})).await;
    for fields in todos.values_mut() {
        fields.retain(|name, _| ["count", "note"].contains(&name.as_str()));
    }
    assert_eq!(answer["tables"]["todos"]["digests"], digests(&todos, 6));
    let keys = rows.into_keys().map(|key| (key, Map::new())).collect();
    assert_eq!(answer["tables"][ROWS]["digests"], digests(&keys, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_items_of_buckets_have_their_content_digests() {
    let (server, todos, rows) = filled().await;
    for (name, table) in [("todos", &todos), (ROWS, &rows)] {
        let buckets = [5, 0, 9];
        let answer = ask(&server, json!({"bits": 4, "name": name, "buckets": buckets})).await;
        assert_eq!(answer["answered"], 3);
        let mut found: Vec<_> = answer["items"].as_array().unwrap().iter().map(Value::to_string).collect();
        let of_buckets = table.iter().filter(|(key, _)| buckets.contains(&bucket(key, 4)));
        let mut expected: Vec<_> = of_buckets
            .map(|(key, fields)| {
                let mut item: Vec<String> = serde_json::from_str(key).unwrap();
                item.push(hex(content(fields)));
                json!(item).to_string()
            })
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
    let (status, answer) =
        server.post_text("digest", r#"{"clientId":"X","bits":4,"name":"no","buckets":[1]}"#).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("DFQL_UNKNOWN_RESOURCE")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_the_schema_has_no_longer_does_not_count() {
    let mut server = TestServer::start(SCHEMA).await;
    push(&server, &[todo(1, &json!({"title": "A", "count": 1})), todo(2, &json!({"title": "B"}))]).await;
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let fields = schema["resources"][0]["fields"].as_array_mut().unwrap();
    fields.retain(|field| field["name"] != "count");
    server.set_schema(&schema.to_string());
    let Value::Object(a) = json!({"title": "A"}) else { unreachable!() };
    let Value::Object(b) = json!({"title": "B"}) else { unreachable!() };
    let table = Table::from([("[\"t1\"]".to_owned(), a), ("[\"t2\"]".to_owned(), b)]);
    // Twice, because a server that has just been started may know more than one that finds its own notes.
    for _ in 0..2 {
        server.restart().await;
        let answer = ask(&server, json!({"bits": 2, "tables": [{"name": "todos"}]})).await;
        assert_eq!(answer["tables"]["todos"]["digests"], digests(&table, 2));
    }
}
