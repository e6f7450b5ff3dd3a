//! Shards of random databases: together they send what one run sends, each mutation once, to the shard of
//! its id (contract 3.7). Not the flags, locks and checkpoints of shards (`shards`).

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use synctool::cloneup::{Outcome, Shard, Stage};

use super::common::{Rig, Scripted};

/// A resource that refers to itself and marks rows as deleted, one with integer keys, and one with a key of
/// two columns that refers to both.
const SCHEMA: &str = r#"{"resources": [
    {"name": "nodes", "storage": {"deletedWhen": {"column": "gone", "values": [1]}}, "fields": [
        {"name": "title", "type": "string"}, {"name": "up", "type": "string"}]},
    {"name": "items", "storage": {"id": "n", "idFormat": "item:{}"}, "fields": [{"name": "title", "type": "string"}]},
    {"name": "pairs", "storage": {"id": ["a", "b"]}, "fields": [
        {"name": "node", "type": "string"}, {"name": "item", "type": "number"}]}],
  "relations": [
    {"type": "many-one", "from": "nodes", "to": "nodes", "relation": "up", "fkField": "up"},
    {"type": "many-one", "from": "pairs", "to": "items", "relation": "item", "fkField": "item"},
    {"type": "many-many", "from": "nodes", "to": "items", "relation": "items"}]}"#;

const TABLES: &str = r#"
CREATE TABLE nodes (id TEXT PRIMARY KEY, title TEXT, up TEXT, gone INTEGER);
CREATE TABLE items (n INTEGER PRIMARY KEY, title TEXT);
CREATE TABLE pairs (a TEXT, b, node TEXT, item INTEGER);
CREATE TABLE join_nodes_items_items ("from" TEXT, "to" TEXT);
"#;

/// An id of a node: any characters, and not too many of them, so that some are chosen twice.
fn node_id(random: &mut fastrand::Rng) -> String {
    let characters = ["a", "Z", "é", "東", "😀", "'", "%", ":", " ", "\u{1}", "0"];
    (0..random.usize(1..4)).map(|_| *random.choice(&characters).unwrap()).collect()
}

/// A random database; its change log has deletes and unrelates of records that are there, gone or marked.
async fn database(random: &mut fastrand::Rng) -> Rig {
    let rig = Rig::with(SCHEMA, TABLES).await;
    // Makes the change log.
    rig.offline.log("C", "m", r#"{"resource":"items","operation":"delete","id":"item:-1000"}"#);
    let connection = rig.offline.connect();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    for _ in 0..random.usize(0..80) {
        let sql = "INSERT OR IGNORE INTO nodes VALUES (?1, ?2, ?3, ?4)";
        let (title, gone) = (random.u32(..).to_string(), random.u8(0..5) == 0);
        connection.execute(sql, (node_id(random), title, node_id(random), gone)).unwrap();
    }
    for _ in 0..random.usize(0..60) {
        let sql = "INSERT OR IGNORE INTO items VALUES (?1, ?2)";
        connection.execute(sql, (random.i32(-50..1000), random.u32(..).to_string())).unwrap();
    }
    for n in 0..random.usize(0..60) {
        let sql = "INSERT INTO pairs VALUES (?1, ?2, ?3, ?4)";
        connection.execute(sql, (node_id(random), n, node_id(random), random.i32(-50..1000))).unwrap();
    }
    for n in 0..random.usize(0..40) {
        let node = node_id(random);
        let mutation = match random.u8(0..4) {
            0 => json!({"resource": "nodes", "operation": "delete", "id": node}),
            1 => {
                json!({"resource": "items", "operation": "delete", "id": format!("item:{}", random.u16(0..99))})
            }
            2 => {
                json!({"resource": "nodes", "operation": "unrelate", "id": node, "relations": {"up": node_id(random)}})
            }
            _ => {
                let relations = json!({"items": [format!("item:{}", random.u16(0..99))]});
                json!({"resource": "nodes", "operation": "unrelate", "id": node, "relations": relations})
            }
        };
        let sql = "INSERT INTO __datafn_changelog (clientId, mutationId, mutation, timestampMs) VALUES (?1, ?2, ?3, 0)";
        let client = random.choice(["C", "D"]).unwrap();
        connection.execute(sql, (client, format!("m{n}"), mutation.to_string())).unwrap();
    }
    rig
}

/// Uploads one stage to a new server; returns what it got, in the order in which it arrived.
async fn sent(rig: &mut Rig, stage: Stage) -> (Vec<Value>, Outcome) {
    rig.server = Scripted::start().await;
    rig.server.base().clone_into(&mut rig.remote.base);
    rig.options.stage = stage;
    let outcome = rig.succeed().await;
    (rig.server.mutations(), outcome)
}

/// The number of the shard that has an id, by the words of the contract.
fn shard_of(id: &str, of: u64) -> u64 {
    let hash = blake3::hash(id.as_bytes());
    hash.as_bytes()[..8].iter().fold(0, |number, byte| (number * 256 + u64::from(*byte) % of) % of) + 1
}

fn texts(mutations: &[Value]) -> Vec<String> {
    let mut texts: Vec<_> = mutations.iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// Every record comes after the record that it refers to, where both are there.
fn assert_parents_first(mutations: &[Value], context: &str) {
    let nodes = || {
        mutations.iter().enumerate().filter(|(_, m)| m["resource"] == "nodes" && m["operation"] == "merge")
    };
    let places: HashMap<_, _> = nodes().map(|(place, mutation)| (mutation["id"].clone(), place)).collect();
    // What is on a cycle, or refers to one, comes in any order.
    let mut depths = HashMap::new();
    for (_, mutation) in nodes() {
        depths.insert(mutation["id"].clone(), mutation["record"]["up"].clone());
    }
    let ends = |id: &Value| {
        let mut at = id;
        for _ in 0..depths.len() {
            match depths.get(at) {
                Some(up) => at = up,
                None => return true,
            }
        }
        false
    };
    for (place, mutation) in nodes().filter(|(_, mutation)| ends(&mutation["id"])) {
        if let Some(parent) = places.get(&mutation["record"]["up"]) {
            assert!(*parent < place, "{context}: {mutation}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shards_together_send_what_one_run_sends_and_each_mutation_once() {
    let seeds = std::env::var("SYNCTOOL_SHARD_SEEDS").map_or(6, |text| text.parse().unwrap());
    let mut log = String::new();
    for seed in 0..seeds {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut rig = database(&mut random).await;
        rig.batch_size(random.usize(1..8));
        let of = random.u32(1..10);
        let (whole, expected) = sent(&mut rig, Stage::Records).await;
        assert!(whole.iter().all(|mutation| mutation["operation"] != "relate"));
        let (mut all, mut records, mut deletes) = (Vec::new(), 0, 0);
        for index in 1..=of {
            let (own, outcome) = sent(&mut rig, Stage::Shard(Shard::new(index, of).unwrap())).await;
            let context = format!("seed {seed}, shard {index} of {of}");
            for mutation in &own {
                let shard = shard_of(mutation["id"].as_str().unwrap(), u64::from(of));
                assert_eq!(shard, u64::from(index), "{context}: {mutation}");
            }
            assert_parents_first(&own, &context);
            records += outcome.stats.resources.iter().map(|(_, stats)| stats.records).sum::<u64>();
            deletes += outcome.stats.deletes.map_or(0, |stats| stats.mutations);
            all.extend(own);
        }
        assert_eq!(texts(&all), texts(&whole), "seed {seed}, {of} shards");
        assert_eq!(records, expected.stats.resources.iter().map(|(_, stats)| stats.records).sum::<u64>());
        assert_eq!(deletes, expected.stats.deletes.map_or(0, |stats| stats.mutations), "seed {seed}");
        writeln!(log, "seed {seed}: {of} shards, {records} records, {deletes} deletes").unwrap();
    }
    // The histories that the test is about do occur.
    assert!(log.lines().any(|line| !line.ends_with(" 0 deletes")), "{log}");
}
