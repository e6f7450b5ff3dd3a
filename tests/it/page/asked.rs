//! A server with a token: the page asks for it, and keeps it in memory only.

use serde_json::{Value, json};
use synctool::server::Limits;

use crate::common::browser::{Look, Tab};
use crate::common::{SCHEMA, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_asked_for_and_kept_in_memory_only() {
    let token = "right ✓ \"token\"";
    let server = TestServer::start_with(SCHEMA, Some(token), Limits::default()).await;
    let Some(tab) = Tab::open(&server.url("/"), Look { width: 360, is_dark: true }) else { return };
    let asks = "!document.getElementById('ask').hidden && document.getElementById('content').hidden";
    tab.wait_for(asks).await;
    assert_eq!(tab.evaluate("document.activeElement.id"), "token");
    assert!(!tab.text("body").contains("refuses"));
    assert_eq!(tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);

    // With the keyboard alone.
    tab.type_text("wrong");
    tab.press("Enter");
    tab.wait_for("document.getElementById('token-error').textContent === 'The server refuses this token.'")
        .await;
    assert_eq!(tab.evaluate(asks), true);
    tab.type_text(token);
    tab.press("Tab");
    tab.press("Enter");
    tab.wait_for("document.getElementById('content').checkVisibility()").await;
    assert_eq!(tab.text("#status"), "Live");

    // It is in no URL, no storage and no field.
    assert!(
        tab.requests()
            .iter()
            .all(|url| url == &server.url("/") || url == &server.url("/events") || url.starts_with("data:"))
    );
    let kept =
        "[location.search + location.hash, document.cookie, localStorage.length, sessionStorage.length,
        document.getElementById('token').value]";
    assert_eq!(tab.evaluate(kept), json!(["", "", 0, 0, ""]));
    assert!(!tab.evaluate("document.documentElement.outerHTML").to_string().contains("✓"));
    assert_eq!(tab.problems(), [] as [Value; 0]);
    tab.evaluate("location.reload()");
    tab.wait_for(asks).await;
}
