//! A page that loses its server says so, and goes on when the server is back.

use serde_json::json;

use crate::common::ServeProcess;
use crate::common::browser::{Look, Tab};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_that_the_server_is_gone_and_goes_on_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServeProcess::start(folder.path(), &[], None).await;
    let page = server.base().replace("/datafn", "/");
    let Some(tab) = Tab::open(&page, Look::WIDE) else { return };
    tab.wait_for("document.getElementById('status').textContent === 'Live'").await;
    tab.evaluate("window.isTheSame = true");
    server.kill();
    tab.wait_for("/trying again$/.test(document.getElementById('status').textContent)").await;
    assert_eq!(tab.evaluate("document.getElementById('status').dataset.tone"), "bad");
    // The last numbers stay.
    assert_eq!(tab.text("#records"), "0");
    server.restart().await;
    let body = json!({"clientId": "C", "mutations": [{"clientId": "C", "mutationId": "1", "resource": "tags",
        "version": 1, "operation": "merge", "id": "g", "record": {}}]});
    let request = crate::common::client().post(format!("{}/push", server.base())).body(body.to_string());
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    tab.wait_for("document.getElementById('records').textContent === '1'").await;
    assert_eq!((tab.text("#status"), tab.evaluate("window.isTheSame")), ("Live".to_owned(), json!(true)));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_the_page_is_printed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServeProcess::start(folder.path(), &[], None).await;
    let page = server.base().replace("/datafn", "/");
    let log = server.terminate_and_log();
    assert_eq!(log[1], format!("what arrives is shown at {page}"), "{log:?}");
}
