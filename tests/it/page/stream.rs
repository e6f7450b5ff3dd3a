//! Reads the events of the page over a real socket, and puts their sections together as a page does.

use std::time::Duration;

use serde_json::Value;

use crate::common::{TestServer, client};

/// How long an event may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A stream of events.
pub struct Stream {
    response: reqwest::Response,
    rest: Vec<u8>,
    /// The latest state of every section.
    pub state: Value,
}

impl Stream {
    /// Opens the events of the server that has this URL of `/events`.
    pub async fn open(url: &str) -> Self {
        let response = client().get(url).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        Self::of(response)
    }

    pub fn of(response: reqwest::Response) -> Self {
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, rest: Vec::new(), state: Value::Object(serde_json::Map::new()) }
    }

    /// The next event, which is also added to the state; None at the end of the stream.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.rest.windows(2).position(|bytes| bytes == b"\n\n") {
                let event: Vec<u8> = self.rest.drain(..end + 2).collect();
                let event = String::from_utf8(event).unwrap();
                let data = event.strip_prefix("event: state\ndata: ").unwrap_or_else(|| panic!("{event}"));
                let sections: Value = serde_json::from_str(data.trim_end()).unwrap();
                self.state.as_object_mut().unwrap().extend(sections.as_object().unwrap().clone());
                return Some(sections);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            self.rest.extend_from_slice(&chunk.expect("an event a second").unwrap()?);
        }
    }

    /// Reads until the state is as it should be.
    pub async fn until(&mut self, is_so: impl Fn(&Value) -> bool) -> &Value {
        for _ in 0..PATIENCE.as_secs() {
            self.next().await.expect("the stream goes on");
            if is_so(&self.state) {
                return &self.state;
            }
        }
        panic!("never so: {:#}", self.state)
    }
}

impl Stream {
    /// Opens the events of a server and reads until they are at its sequence: the first event may be a
    /// second old, where another page is open.
    pub async fn current(server: &TestServer) -> Self {
        let sequence: u64 = server.status().await["cursor"].as_str().unwrap().parse().unwrap();
        let mut stream = Self::open(&server.url("/events")).await;
        stream.until(|state| state["sequence"] == sequence).await;
        stream
    }
}

/// The count of a resource or join store.
pub fn count(state: &Value, table: &str) -> i64 {
    let tables = state["tables"].as_array().unwrap_or_else(|| panic!("{state:#}"));
    let found = tables.iter().find(|found| found["name"] == table);
    found.unwrap_or_else(|| panic!("no {table}: {state:#}"))["count"].as_i64().unwrap()
}
