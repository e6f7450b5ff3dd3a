//! What a browser shows of an upload, while it runs and without reloading; and what it requests. Not how it
//! looks (`looks`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::browser::{Look, Tab};
use crate::common::{SCHEMA, TestServer, mutation, push};

/// Pushes new tags of client D.
async fn push_tags(server: &TestServer, numbers: std::ops::Range<usize>) {
    let tags: Vec<_> =
        numbers.map(|tag| mutation(&format!("m{tag}"), &json!({"id": format!("tag-{tag}")}))).collect();
    push(server, &tags).await;
}

fn shows(id: &str, text: &str) -> String {
    format!("document.getElementById({}).textContent === {}", json!(id), json!(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_move_during_an_upload_without_reloading() {
    let server = TestServer::start(SCHEMA).await;
    push_tags(&server, 0..3).await;
    let Some(tab) = Tab::open(&server.url("/"), Look::WIDE) else { return };
    tab.wait_for(&shows("records", "3")).await;
    assert_eq!(tab.text("#status"), "Live");
    assert!(tab.text(".rejected").contains("None since this server started."));
    tab.evaluate("window.isTheSame = true");
    for end in [600, 1200, 1800] {
        push_tags(&server, end - 600..end).await;
        let text = if end < 1000 { end.to_string() } else { format!("1,{}", end - 1000) };
        tab.wait_for(&shows("records", &text)).await;
        tab.wait_for(&shows("sequence", &text)).await;
    }
    let todo =
        mutation("t", &json!({"resource": "todos", "version": 3, "id": "t", "record": {"title": "A"}}));
    let mut relate =
        mutation("r", &json!({"resource": "todos", "version": 3, "id": "t", "operation": "relate"}));
    relate["relations"] = json!({"tags": ["tag-1", "tag-2"]});
    let rejected = mutation("no", &json!({"record": {"color": "red"}}));
    push(&server, &[todo, relate, rejected, mutation("m0", &json!({"id": "tag-0"}))]).await;
    tab.wait_for(&shows("join-rows", "2")).await;

    let rows = |id: &str| {
        let rows = tab.evaluate(&format!(
            "Array.from(document.getElementById({}).rows, (row) => Array.from(row.cells, (cell) => cell.innerText))",
            json!(id)
        ));
        serde_json::from_value::<Vec<Vec<String>>>(rows).unwrap()
    };
    let tables = rows("tables");
    let table = |name: &str| {
        tables.iter().find(|row| row[0].starts_with(name)).unwrap_or_else(|| panic!("{tables:?}"))
    };
    assert_eq!(table("tags\n"), &["tags\nresource", "1,800", "+1,797"]);
    assert_eq!(table("todos"), &["todos\nresource", "1", "+1"]);
    assert_eq!(table("projects"), &["projects\nresource", "0", "–"]);
    assert_eq!(table("join_todos_tags_tags"), &["join_todos_tags_tags\njoin store", "2", "+2"]);
    let uploads = rows("uploads");
    assert_eq!(uploads[0][..4], ["D", "1,802", "4", "1"], "{uploads:?}");
    let rejected = rows("rejected");
    assert_eq!(rejected[0][1..], ["DFQL_UNKNOWN_FIELD\nrecord.color", "Unknown field: color", "no", "D"]);
    let newest = rows("newest");
    assert_eq!(newest[0][..2], ["1,802", "join_todos_tags_tags"], "{newest:?}");
    assert_eq!(newest.len(), 15);
    // The curve has a point a second, and something happened in one of them.
    tab.wait_for("document.querySelector('#plot .line').getAttribute('d').split('L').length === 299").await;
    tab.wait_for(
        "/highest of the last five minutes is [1-9]/.test(document.getElementById('plot').ariaLabel)",
    )
    .await;
    assert_eq!(tab.evaluate("window.isTheSame"), true);
    assert_eq!(tab.problems(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_requested_but_the_page_and_its_events() {
    let server = TestServer::start(SCHEMA).await;
    let Some(tab) = Tab::open(&server.url("/"), Look::WIDE) else { return };
    tab.wait_for(&shows("records", "0")).await;
    let requests: BTreeSet<_> = tab.requests().into_iter().filter(|url| !url.starts_with("data:")).collect();
    assert_eq!(requests, BTreeSet::from([server.url("/"), server.url("/events")]));
    // And nothing else could be: neither another server nor a frame, a form or a script.
    let tried = tab.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)");
    assert_eq!(tried, "TypeError");
    let blocked = tab.problems();
    assert!(
        blocked.iter().any(|problem| problem.to_string().contains("Content Security Policy")),
        "{blocked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_page_stands_still_and_then_catches_up() {
    let server = TestServer::start(SCHEMA).await;
    let Some(tab) = Tab::open(&server.url("/"), Look::WIDE) else { return };
    tab.wait_for(&shows("records", "0")).await;
    tab.evaluate("document.getElementById('pause').click()");
    tab.wait_for(&shows("status", "Paused")).await;
    push_tags(&server, 0..5).await;
    // The state that the page has been told, and does not show.
    tab.wait_for("state.sequence === 5").await;
    assert_eq!(tab.text("#records"), "0");
    tab.evaluate("document.getElementById('pause').click()");
    tab.wait_for(&shows("records", "5")).await;
    assert_eq!(tab.text("#status"), "Live");
}
