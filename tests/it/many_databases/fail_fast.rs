//! When no new upload begins: after the first failure, after the server has failed, or never.

use serde_json::json;

use super::super::common::{Answer, SCHEMA, Scripted, TestServer, refusal, result, status, stderr};
use super::{Folder, databases, uploaded};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_no_new_upload_begins() {
    let folder = Folder::with(&["a.db", "c.db", "d.db"]);
    folder.write("b.db", "not a database, but long enough to look at");
    let server = TestServer::start(SCHEMA).await;
    let output = folder.run(server.base(), &["--db", "*.db", "--jobs", "1"]).await;
    assert_eq!(status(&output), 3, "those that were not begun do not count: {}", stderr(&output));
    assert_eq!(uploaded(&output), ["a.db"]);
    let codes: Vec<_> = databases(&output).into_iter().flat_map(|(_, _, codes)| codes).collect();
    assert_eq!(codes, ["STORAGE_ERROR", "CANCELLED", "CANCELLED"]);
    let last = &result(&output)["databases"][3];
    assert_eq!(last["errors"][0]["path"], "$");
    assert_eq!((&last["stats"]["batches"], &last["cursor"]), (&json!(0), &json!("0")));
    let words = stderr(&output);
    assert!(words.contains("failed: b.db\n") && words.contains("not begun: 2 databases"), "{words}");
    assert!(!words.contains("CANCELLED") && words.matches("error:").count() == 1, "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_under_way_ends_although_another_one_fails() {
    let (folder, server) = (Folder::with(&["a.db", "c.db"]), Scripted::start().await);
    folder.write("b.db", "not a database, but long enough to look at");
    server.script("push", [Answer::late(1500)]);
    let output = folder.run(server.base(), &["--db", "*.db", "--jobs", "2"]).await;
    assert_eq!((status(&output), uploaded(&output)), (3, vec!["a.db".to_owned()]), "{}", stderr(&output));
    assert_eq!(databases(&output)[2].2, ["CANCELLED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_ends_the_run_whatever_fail_fast_says() {
    let names: Vec<_> = (0..20).map(|number| format!("t{number:02}.db")).collect();
    let folder = Folder::with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let arguments = ["--db", "t*.db", "--no-fail-fast", "--jobs", "1", "--max-retries", "1"];
    let output = folder.run("http://127.0.0.1:9/datafn", &arguments).await;
    assert_eq!(status(&output), 4, "{}", stderr(&output));
    let codes: Vec<_> = databases(&output).into_iter().flat_map(|(_, _, codes)| codes).collect();
    assert_eq!(codes.iter().filter(|code| *code == "CANCELLED").count(), 19, "{codes:?}");
    let server = Scripted::start().await;
    server.script("push", [Answer::Apply, Answer::Json(401, refusal("UNAUTHORIZED"))]);
    let output = folder.run(server.base(), &arguments).await;
    assert_eq!((status(&output), uploaded(&output).len()), (4, 1), "{}", stderr(&output));
    assert_eq!(databases(&output)[1].2, ["FORBIDDEN"]);
    assert_eq!(server.pushes().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_says_about_one_database_stops_nobody_without_fail_fast() {
    let (folder, server) = (Folder::with(&["a.db", "b.db", "c.db"]), Scripted::start().await);
    // The pull of the first database is refused.
    server.script("pull", [Answer::Json(410, refusal("CURSOR_EXPIRED"))]);
    let output = folder.run(server.base(), &["--db", "*.db", "--no-fail-fast", "--jobs", "1"]).await;
    assert_eq!(databases(&output)[0].2, ["CURSOR_EXPIRED"], "{}", stderr(&output));
    assert_eq!((status(&output), uploaded(&output)), (4, vec!["b.db".to_owned(), "c.db".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_are_counted_over_all_databases() {
    let names: Vec<_> = (0..10).map(|number| format!("t{number}.db")).collect();
    let folder = Folder::with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names {
        folder.execute(name, "UPDATE tags SET label = 'rejected'");
    }
    // The server knows no labels.
    let schema = SCHEMA.replace(r#""label""#, r#""unknown""#);
    let server = TestServer::start(&schema).await;
    let arguments = ["--db", "t*.db", "--no-fail-fast", "--max-errors", "5", "--jobs", "1"];
    let output = folder.run(server.base(), &arguments).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let begun = databases(&output).iter().filter(|(_, _, codes)| codes[0] != "CANCELLED").count();
    assert_eq!(begun, 3, "two are rejected in each: {}", stderr(&output));
    assert!(stderr(&output).contains("more than --max-errors 5"), "{}", stderr(&output));
}
