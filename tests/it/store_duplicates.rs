//! Several servers that change the same records at the same moment are one server: duplicates are
//! applied once, merges lose no field, and a relation sees the records that are there (contract 4).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::common::postgres::Cluster;
use super::common::{StoreServers, Traffic, client, mutation};

async fn post(base: &str, route: &str, body: &Value) -> Value {
    let response = client().post(format!("{base}/{route}")).body(body.to_string()).send().await.unwrap();
    let mut answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["ok"], true, "{answer}");
    answer["result"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_push_to_every_server_at_once_is_applied_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let servers = StoreServers::start(&cluster.database_url(), 3).await;
    let bases = servers.bases();
    for round in 0..12_u64 {
        // New records in one round, the same ones in the next, and then none at all.
        let mutations: Vec<_> = (0..20)
            .map(|number| {
                let extra = match round % 3 {
                    0 => json!({"operation": "insert", "id": format!("{round}-{number}")}),
                    1 => json!({"id": format!("same-{number}"), "record": {"label": round.to_string()}}),
                    _ => json!({"operation": "relate", "id": "same-0", "relations": {"todos": []}}),
                };
                mutation(&format!("{round}-{number}"), &extra)
            })
            .collect();
        let push = json!({"clientId": "D", "mutations": mutations});
        // An insert that is applied again is a conflict, and any other one takes another step.
        for result in join_all(bases.iter().chain(&bases).map(|base| post(base, "push", &push))).await {
            assert_eq!((&result["ok"], &result["errors"]), (&json!(true), &json!([])));
            assert_eq!(result["cursor"], ((round + 1) * 20).to_string());
        }
    }
    let page = post(&bases[0], "pull", &json!({"clientId": "E", "cursor": "0", "limit": 1000})).await;
    assert_eq!(page["changes"].as_array().unwrap().len(), 4 * 20 + 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_of_the_same_records_through_several_servers_lose_no_field() {
    let Some(cluster) = Cluster::shared() else { return };
    let servers = StoreServers::start(&cluster.database_url(), 3).await;
    let traffic = Traffic::start(servers.bases());
    traffic.progress(120).await;
    traffic.stop().await.assert_complete().await;
}

/// The step of a change of the feed.
fn step_of(changes: &[Value], resource: &str, id: &str) -> Option<u64> {
    let change = changes.iter().find(|change| change["resource"] == resource && change["id"] == id)?;
    change["serverSeq"].as_u64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relation_to_a_record_that_another_server_deletes_comes_first_or_is_rejected() {
    const PAIRS: u64 = 40;
    let Some(cluster) = Cluster::shared() else { return };
    let servers = StoreServers::start(&cluster.database_url(), 2).await;
    let bases = servers.bases();
    let tags = (0..PAIRS).map(|tag| mutation(&format!("tag-{tag}"), &json!({"id": format!("g{tag}")})));
    let todo = mutation("todo", &json!({"resource": "todos", "version": 3, "id": "t", "record": {}}));
    let mutations: Vec<_> = tags.chain([todo]).collect();
    post(&bases[0], "push", &json!({"clientId": "D", "mutations": mutations})).await;
    let mut related = Vec::new();
    for tag in 0..PAIRS {
        let relate = mutation(
            &format!("relate-{tag}"),
            &json!({"resource": "todos", "version": 3, "operation": "relate", "id": "t",
                "relations": {"tags": format!("g{tag}")}}),
        );
        let delete = mutation(
            &format!("delete-{tag}"),
            &json!({"clientId": "E", "operation": "delete", "id": format!("g{tag}")}),
        );
        let relate = json!({"clientId": "D", "mutations": [relate]});
        let delete = json!({"clientId": "E", "mutations": [delete]});
        let (relate, delete) =
            tokio::join!(post(&bases[0], "push", &relate), post(&bases[1], "push", &delete));
        assert_eq!(delete["ok"], true, "{delete}");
        if relate["ok"] == true {
            related.push(tag);
        } else {
            assert_eq!(relate["errors"][0]["code"], "NOT_FOUND", "{relate}");
        }
    }
    let page = post(&bases[1], "pull", &json!({"clientId": "F", "cursor": "0", "limit": 1000})).await;
    let changes = page["changes"].as_array().unwrap();
    for tag in 0..PAIRS {
        let row = step_of(changes, "join_todos_tags_tags", &format!("t:g{tag}"));
        let gone = step_of(changes, "tags", &format!("g{tag}"));
        assert_eq!(row.is_some(), related.contains(&tag), "{tag}");
        assert!(row < gone, "{tag}: related at {row:?}, deleted at {gone:?}");
    }
}
