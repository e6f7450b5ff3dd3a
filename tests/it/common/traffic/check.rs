//! What must hold at the end: nothing that was acknowledged is lost, nothing is doubled, and followers
//! have seen all of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::exchange::{Exchange, step};
use super::follower::Followed;
use super::writer::{MUTATIONS, Written};

pub async fn problems(exchange: &Exchange, written: &[Written], followed: &[Followed]) -> Vec<String> {
    let mut problems: Vec<String> = written.iter().flat_map(|written| written.problems.clone()).collect();
    problems.extend(followed.iter().flat_map(|followed| followed.problems.clone()));
    let rows: BTreeSet<String> = written.iter().flat_map(Written::rows).collect();
    for followed in followed {
        let seen = followed.rows.keys().cloned().collect();
        problems.extend(rows.symmetric_difference(&seen).map(|id| format!("{id} is missed, or unknown")));
        let doubled = followed.rows.iter().filter(|(_, times)| **times > 1);
        problems.extend(doubled.map(|(id, times)| format!("{id} was in {times} pages")));
    }
    problems.extend(check_store(exchange, written, &rows).await);
    problems
}

/// Compares the data of a server with what was acknowledged.
async fn check_store(exchange: &Exchange, written: &[Written], rows: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let clone = exchange.post(0, "clone", &json!({"clientId": "checker"})).await;
    let records = |name: &str| -> BTreeMap<String, Value> {
        let records = clone["data"][name].as_array().into_iter().flatten();
        records.map(|record| (record["id"].as_str().unwrap().to_owned(), record.clone())).collect()
    };
    let stored = records("tags");
    let ids = stored.iter().filter(|(id, record)| record["label"] == id.as_str()).map(|(id, _)| id.clone());
    problems.extend(rows.symmetric_difference(&ids.collect()).map(|id| format!("{id} is lost, or unknown")));
    let stored = records("todos");
    for (id, field, value) in written.iter().flat_map(Written::hot) {
        let found = stored.get(&id).map(|record| record[field].clone());
        if found.as_ref() != Some(&value) {
            problems.push(format!("{field} of {id} is {found:?}, and {value} was acknowledged last"));
        }
    }
    // Each mutation takes one step, the first time that it is sent.
    let sent = written.iter().map(|written| written.pushes * MUTATIONS).sum::<u64>();
    let nothing = json!({"clientId": "checker", "mutations": []});
    let last = step(&exchange.post(0, "push", &nothing).await["cursor"]);
    if last != sent {
        problems.push(format!("the sequence ends at {last} after {sent} mutations"));
    }
    problems
}
