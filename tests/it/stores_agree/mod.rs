//! A store in PostgreSQL answers as one in SQLite does: the same random pushes go to a server on each,
//! and every answer, the feed and the clone are compared. Not what happens while servers or the
//! database fail.
//!
//! `SYNCTOOL_STORES_CASES` sets the number of histories, `SYNCTOOL_STORES_SEED` the first seed.

mod history;

use history::{History, SCHEMA};
use serde_json::{Value, json};

use super::common::postgres::Cluster;
use super::common::{TestServer, postgres_store};

/// Requests of a history.
const REQUESTS: usize = 40;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Sends a request to both servers and compares the answers.
async fn assert_same_answer(servers: &[TestServer; 2], route: &str, body: &Value, what: &str) -> Value {
    let text = body.to_string();
    let (sqlite, postgres) =
        tokio::join!(servers[0].post_text(route, text.clone()), servers[1].post_text(route, text));
    assert_eq!(postgres, sqlite, "{what}: {route} {body}");
    sqlite.1
}

/// Pulls everything, page by page.
async fn assert_same_feed(servers: &[TestServer; 2], mut query: Value, what: &str) {
    loop {
        let page = assert_same_answer(servers, "pull", &query, what).await;
        let next = &page["result"]["nextCursor"];
        if next.is_null() {
            return;
        }
        query["cursor"] = next.clone();
    }
}

async fn assert_history(cluster: &Cluster, seed: u64) {
    let servers =
        [TestServer::start(SCHEMA).await, TestServer::start_on(SCHEMA, postgres_store(cluster)).await];
    let (mut history, what) = (History::new(seed), format!("seed {seed}"));
    for request in 0..REQUESTS {
        assert_same_answer(&servers, "push", &history.push(), &what).await;
        if request % 5 == 4 {
            let cursor = history.step();
            assert_same_feed(&servers, history.pull(&cursor), &what).await;
            let statuses = (servers[0].status().await, servers[1].status().await);
            assert_eq!(statuses.1["cursor"], statuses.0["cursor"], "{what}");
        }
    }
    for limit in [2, 1000] {
        let query = json!({"clientId": "other", "cursor": "0", "limit": limit});
        assert_same_feed(&servers, query, &what).await;
    }
    let clone = assert_same_answer(&servers, "clone", &json!({"clientId": "C"}), &what).await;
    assert!(clone["result"]["data"]["todos"].as_array().is_some_and(|todos| !todos.is_empty()), "{clone}");
    assert_same_answer(&servers, "clone", &json!({"clientId": "C", "tables": ["people", "tags"]}), &what)
        .await;
}

#[tokio::test]
async fn random_pushes_have_the_same_answers_feed_and_clone_in_both_stores() {
    let Some(cluster) = Cluster::shared() else { return };
    let first = number("SYNCTOOL_STORES_SEED", 0);
    for seed in first..first + number("SYNCTOOL_STORES_CASES", 4) {
        assert_history(cluster, seed).await;
    }
}
