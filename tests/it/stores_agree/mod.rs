//! A store in PostgreSQL answers as one in SQLite does: the same random pushes go to a server on each,
//! and every answer, the feed, the digests, the clone and the counts are compared. Not what happens while servers or the
//! database fail.
//!
//! `SYNCTOOL_STORES_CASES` sets the number of histories, `SYNCTOOL_STORES_SEED` the first seed.

mod history;

use history::{History, SCHEMA};
use serde_json::{Value, json};

use super::common::postgres::Cluster;
use super::common::{TestServer, client, postgres_store};
use super::page::{Stream, count};

/// Requests of a history.
const REQUESTS: usize = 60;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// A server on each store.
struct Both {
    sqlite: TestServer,
    postgres: TestServer,
    client: reqwest::Client,
    /// The seed, for messages.
    what: String,
}

impl Both {
    async fn start(cluster: &Cluster, seed: u64) -> Self {
        let sqlite = TestServer::start(SCHEMA).await;
        let postgres = TestServer::start_on(SCHEMA, postgres_store(cluster)).await;
        Self { sqlite, postgres, client: client(), what: format!("seed {seed}") }
    }

    async fn answer(&self, server: &TestServer, route: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}/{route}", server.base())).body(body.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    /// Sends a request to both and compares the answers.
    async fn assert_same(&self, route: &str, body: &Value) -> Value {
        let answers = (self.answer(&self.sqlite, route, body), self.answer(&self.postgres, route, body));
        let (sqlite, postgres) = tokio::join!(answers.0, answers.1);
        assert_eq!(postgres, sqlite, "{}: {route} {body}", self.what);
        sqlite.1
    }

    /// Pulls everything, page by page.
    async fn assert_same_feed(&self, mut query: Value) {
        loop {
            let page = self.assert_same("pull", &query).await;
            let next = &page["result"]["nextCursor"];
            if next.is_null() {
                return;
            }
            query["cursor"] = next.clone();
        }
    }

    async fn assert_same_state(&self) {
        let (sqlite, postgres) = (self.sqlite.status().await, self.postgres.status().await);
        assert_eq!(postgres["cursor"], sqlite["cursor"], "{}", self.what);
        for limit in [2, 1000] {
            self.assert_same_feed(json!({"clientId": "other", "cursor": "0", "limit": limit})).await;
        }
        for fields in [json!(null), json!(["title"])] {
            let tables = json!([{"name": "todos", "fields": fields}, {"name": "join_todos_labels_tags"}]);
            self.assert_same("digest", &json!({"clientId": "C", "bits": 3, "tables": tables})).await;
        }
        let clone = self.assert_same("clone", &json!({"clientId": "C"})).await;
        assert!(
            clone["result"]["data"]["todos"].as_array().is_some_and(|todos| !todos.is_empty()),
            "{clone}"
        );
        self.assert_same("clone", &json!({"clientId": "C", "tables": ["people", "tags"]})).await;
        for server in [&self.sqlite, &self.postgres] {
            self.assert_counts(server, &clone["result"]).await;
        }
    }

    /// The counts that a page shows are those of a clone.
    async fn assert_counts(&self, server: &TestServer, clone: &Value) {
        let stream = Stream::current(server).await;
        let mut tables = 0;
        for part in ["data", "joins"] {
            for (name, items) in clone[part].as_object().unwrap() {
                let cloned = i64::try_from(items.as_array().unwrap().len()).unwrap();
                assert_eq!(count(&stream.state, name), cloned, "{}: {name}", self.what);
                tables += 1;
            }
        }
        assert!(tables > 3, "{clone}");
    }
}

#[tokio::test]
async fn random_pushes_have_the_same_answers_feed_and_clone_in_both_stores() {
    let Some(cluster) = Cluster::shared() else { return };
    let first = number("SYNCTOOL_STORES_SEED", 0);
    for seed in first..first + number("SYNCTOOL_STORES_CASES", 4) {
        let (both, mut history) = (Both::start(cluster, seed).await, History::new(seed));
        for request in 0..REQUESTS {
            both.assert_same("push", &history.push()).await;
            if request % 5 == 4 {
                let cursor = history.step();
                both.assert_same_feed(history.pull(&cursor)).await;
            }
        }
        both.assert_same_state().await;
    }
}
