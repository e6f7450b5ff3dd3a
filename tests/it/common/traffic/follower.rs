//! A client that pages the feed without a pause, each page from the next server. Not the comparison with
//! what was written (`check`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::exchange::{Exchange, step};

/// What a follower has seen.
#[derive(Debug, Default)]
pub struct Followed {
    /// How often each record that a writer has inserted was in a page.
    pub rows: BTreeMap<String, u32>,
    pub problems: Vec<String>,
    cursor: u64,
}

/// Pages as long as `following` is true, and then to the end.
pub async fn follow(number: usize, exchange: Arc<Exchange>, following: Arc<AtomicBool>) -> Followed {
    let mut followed = Followed::default();
    for page in number.. {
        let is_last = !following.load(Ordering::Relaxed);
        if followed.page(page, &exchange).await {
            if is_last {
                break;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
    followed
}

impl Followed {
    /// Pulls one page. Returns whether it reaches the end of the feed.
    async fn page(&mut self, server: usize, exchange: &Exchange) -> bool {
        let (before, cursor) = (exchange.highest(), self.cursor);
        // Nothing is the follower's own; with this key the answer says how far it reaches.
        let query = json!({"clientId": "follower", "cursor": cursor.to_string(), "limit": 40,
            "excludeOwnAfter": "0"});
        let page = exchange.post(server, "pull", &query).await;
        let (reached, is_end) = (step(&page["reached"]), page["nextCursor"].is_null());
        let mut last = cursor;
        for change in page["changes"].as_array().unwrap() {
            let step = change["serverSeq"].as_u64().unwrap();
            if step <= last || step > reached {
                self.problems.push(format!("the step {step} after {last} in a page up to {reached}"));
            }
            last = step;
            if change["resource"] == "tags" {
                *self.rows.entry(change["id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        if reached < cursor || (is_end && reached < before) {
            self.problems.push(format!("a feed that ends at {reached}, after {cursor} and {before}"));
        }
        exchange.has_seen(reached);
        self.cursor = reached.max(cursor);
        is_end
    }
}
