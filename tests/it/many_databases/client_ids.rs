//! Client ids of several databases: each its own, one for all, or the same one in two files.

use serde_json::json;

use super::super::common::{SCHEMA, Scripted, TestServer, status, stderr};
use super::{Folder, uploaded};

#[tokio::test(flavor = "multi_thread")]
async fn every_database_has_the_client_id_that_it_stores_or_a_new_one() {
    let (folder, server) = (Folder::with(&["a.db", "b.db", "c.db"]), Scripted::start().await);
    folder.execute("c.db", "DELETE FROM __datafn_meta");
    let output = folder.run(server.base(), &["--db", "*.db", "--jobs", "1"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let stored: String =
        folder.connect("c.db").query_row("SELECT value FROM __datafn_meta", [], |row| row.get(0)).unwrap();
    let ids: Vec<_> = server.pushes().iter().map(|push| push.body["clientId"].clone()).collect();
    assert_eq!(ids, [json!("a.db"), json!("b.db"), json!(stored)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_client_id_is_that_of_all_and_nothing_is_left_out_of_their_pulls() {
    let (folder, server) = (Folder::with(&["a.db", "b.db"]), TestServer::start(SCHEMA).await);
    let arguments = ["--db", "a.db", "--db", "b.db", "--client-id", "X", "--jobs", "1"];
    let output = folder.run(server.base(), &arguments).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(folder.tags("b.db").len(), 4, "the tags of the first one are pulled");
    let output = folder.run(server.base(), &arguments).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(folder.tags("a.db").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_with_one_client_id_are_uploaded_in_turn_and_lose_no_change_of_each_other() {
    let (folder, server) = (Folder::with(&["a.db"]), TestServer::start(SCHEMA).await);
    folder.add("b.db", "a.db");
    let output = folder.run(server.base(), &["--db", "a.db", "b.db", "--jobs", "2"]).await;
    assert_eq!((status(&output), uploaded(&output).len()), (0, 2), "{}", stderr(&output));
    let words = stderr(&output);
    assert!(words.contains("stores the same client id, a.db"), "{words}");
    // One of them was second, and has pulled what the first one had sent under their id.
    let both = folder.tags("a.db").len() + folder.tags("b.db").len();
    assert_eq!(both, 6, "{:?} {:?}", folder.tags("a.db"), folder.tags("b.db"));
    let output = folder.run(server.base(), &["--db", "a.db", "b.db"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!((folder.tags("a.db").len(), folder.tags("b.db").len()), (4, 4));
}
