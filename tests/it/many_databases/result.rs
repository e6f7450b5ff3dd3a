//! The result on stdout, the summary and the exit status of a folder in which some databases are broken.

use serde_json::json;

use super::super::common::{SCHEMA, Scripted, TestServer, clone, result, status, stderr};
use super::{Folder, databases, uploaded};

#[tokio::test(flavor = "multi_thread")]
async fn every_database_has_its_result_in_the_order_of_the_names() {
    let (folder, server) = (Folder::with(&["b.db", "a.db", "c.db"]), TestServer::start(SCHEMA).await);
    let output = folder.run(server.base(), &["--db", "b.db", "--db", "c.db", "--db", "a.db"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let document = result(&output);
    assert_eq!(document["ok"], true);
    let names: Vec<_> = document["databases"].as_array().unwrap().iter().map(|it| it["db"].clone()).collect();
    assert_eq!(names, ["b.db", "c.db", "a.db"]);
    for database in document["databases"].as_array().unwrap() {
        assert_eq!(database["stats"]["resources"]["tags"], json!({"records": 2, "mutations": 2}));
        assert_eq!((&database["ok"], &database["errors"]), (&json!(true), &json!([])));
        assert!(database["cursor"].as_str().unwrap().parse::<u64>().unwrap() >= 2);
    }
    assert_eq!(clone(&server).await["data"]["tags"].as_array().unwrap().len(), 6);
    let words = stderr(&output);
    assert!(words.contains("uploaded 3 databases: 6 records, 0 join rows in 3 requests"), "{words}");
    assert!(words.contains("all new"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_and_an_empty_file_stop_nobody_without_fail_fast() {
    let folder = Folder::with(&["a.db", "d.db", "e.db"]);
    folder.write("b.db", "not a database, but long enough to look at");
    folder.write("c.db", "");
    let server = TestServer::start(SCHEMA).await;
    let output = folder.run(server.base(), &["--db", "*.db", "--no-fail-fast", "--jobs", "1"]).await;
    // The highest of 0, 3 and 3.
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    assert_eq!(result(&output)["ok"], false);
    assert_eq!(uploaded(&output), ["a.db", "d.db", "e.db"]);
    let broken: Vec<_> = databases(&output).into_iter().filter(|(_, ok, _)| !ok).collect();
    let storage = || vec!["STORAGE_ERROR".to_owned()];
    assert_eq!(broken, [("b.db".to_owned(), false, storage()), ("c.db".to_owned(), false, storage())]);
    let words = stderr(&output);
    for expected in [
        "error: b.db: offline database: cannot use b.db",
        "error: c.db: offline database: there is no table",
        "uploaded 3 of 5 databases: 6 records",
        "failed: b.db, c.db",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    // Corrected, the same command uploads the rest.
    std::fs::remove_file(folder.path().join("b.db")).unwrap();
    std::fs::remove_file(folder.path().join("c.db")).unwrap();
    folder.add("b.db", "b.db");
    folder.add("c.db", "c.db");
    let output = folder.run(server.base(), &["--db", "*.db"]).await;
    assert_eq!((status(&output), uploaded(&output).len()), (0, 5), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_rows_is_uploaded_and_stays_empty_handed() {
    let (folder, server) = (Folder::with(&["a.db", "empty.db"]), TestServer::start(SCHEMA).await);
    folder.execute("empty.db", "DELETE FROM tags");
    let output = folder.run(server.base(), &["--db", "a.db", "empty.db", "--no-pull-after"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(result(&output)["databases"][1]["stats"]["resources"], json!({}));
    assert_eq!(result(&output)["databases"][1]["stats"]["batches"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_is_the_highest_of_all() {
    use super::super::common::{Answer, refusal};
    let folder = Folder::with(&["a.db", "b.db"]);
    folder.execute("b.db", "UPDATE __datafn_meta SET value = ''; DROP TABLE tags");
    let server = Scripted::start().await;
    server.script("push", vec![Answer::Json(422, refusal("CONFLICT")); 2]);
    let arguments = ["--db", "a.db", "--db", "b.db", "--jobs", "1", "--no-fail-fast", "--batch-size", "1"];
    let output = folder.run(server.base(), &arguments).await;
    let codes: Vec<_> = databases(&output).into_iter().map(|(_, _, codes)| codes[0].clone()).collect();
    assert_eq!(codes, ["CONFLICT", "STORAGE_ERROR"]);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
}
