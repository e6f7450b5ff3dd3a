//! Requests to one of several servers, repeated at the next one until one answers. Not what is in them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The servers, and what was acknowledged by any of them.
pub struct Exchange {
    bases: Vec<String>,
    http: reqwest::Client,
    /// The highest step that was in an answer.
    highest: AtomicU64,
    acknowledged: AtomicU64,
}

/// How long a request may be repeated.
const PATIENCE: Duration = Duration::from_mins(1);

impl Exchange {
    pub fn new(bases: Vec<String>) -> Self {
        let http = super::super::client();
        Self { bases, http, highest: AtomicU64::new(0), acknowledged: AtomicU64::new(0) }
    }

    /// Posts a body, first to the server of this number, until one answers it.
    ///
    /// # Panics
    ///
    /// Where a server answers anything but a result or HTTP 503.
    pub async fn post(&self, first: usize, route: &str, body: &Value) -> Value {
        let (start, text) = (Instant::now(), body.to_string());
        for number in first.. {
            if let Some(result) = self.attempt(number % self.bases.len(), route, &text).await {
                return result;
            }
            assert!(start.elapsed() < PATIENCE, "no server answers {route}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        unreachable!()
    }

    async fn attempt(&self, server: usize, route: &str, body: &str) -> Option<Value> {
        let request = self.http.post(format!("{}/{route}", self.bases[server])).body(body.to_owned());
        // A server answers within seconds, unless it is stopped or killed.
        let response = request.timeout(Duration::from_secs(20)).send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        if status == 503 {
            return None;
        }
        let mut answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!((status, &answer["ok"]), (200, &Value::Bool(true)), "{route}: {answer}");
        Some(answer["result"].take())
    }

    /// The highest step that any answer has had so far.
    pub fn highest(&self) -> u64 {
        self.highest.load(Ordering::SeqCst)
    }

    /// Enters the step of an answer.
    pub fn has_seen(&self, step: u64) {
        self.highest.fetch_max(step, Ordering::SeqCst);
    }

    pub fn acknowledge(&self) {
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }
}

/// The number in an answer that is a step.
pub fn step(cursor: &Value) -> u64 {
    cursor.as_str().unwrap_or_else(|| panic!("not a cursor: {cursor}")).parse().unwrap()
}
