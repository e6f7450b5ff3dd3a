//! The page reads server-sent events as the standard has them, however the network cuts them: a proxy may
//! send other line ends and comments than the server does.

use serde_json::json;

use crate::common::browser::{Look, Tab};
use crate::common::{SCHEMA, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_the_same_however_they_are_cut() {
    let server = TestServer::start(SCHEMA).await;
    let Some(tab) = Tab::open(&server.url("/"), Look::WIDE) else { return };
    tab.wait_for("document.getElementById('status').textContent === 'Live'").await;
    for (text, expected) in [
        ("event: state\ndata: {}\n\ndata: x\n\n", json!([["state", "{}"], ["message", "x"]])),
        ("event: state\r\ndata: {}\r\n\r\n", json!([["state", "{}"]])),
        ("event: state\rdata: {}\r\rdata: y\r\r\n", json!([["state", "{}"], ["message", "y"]])),
        (
            ": hello\n\nevent: a\n\ndata: 1\ndata: 2\ndata\ndata:3: 4\nid: 7\nretry: 1\n\n",
            json!([["message", "1\n2\n\n3: 4"]]),
        ),
        ("data: the end is missing\n", json!([])),
    ] {
        for size in 1..=text.len() {
            let chunks: Vec<_> =
                text.as_bytes().chunks(size).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
            let events = tab.evaluate(&format!(
                "(() => {{ const events = []; const parser = new EventParser((...event) => events.push(event));
                   for (const chunk of {}) parser.push(chunk); return events; }})()",
                json!(chunks)
            ));
            assert_eq!(events, expected, "{text:?} in chunks of {size}");
        }
    }
}
