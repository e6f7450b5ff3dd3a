//! What was A, then B, then A again: the mutation id of the second A is that of the first, so that the
//! server takes it for a repetition. `--overwrite` sends it under another id.

use serde_json::json;

use super::{seed, upload, verify};
use crate::common::{SCHEMA, TestServer, result, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_a_then_b_then_a_again_is_a_repetition_without_overwrite() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    for title in ["A", "B"] {
        offline.execute(&format!("UPDATE todos SET title = '{title}' WHERE id = 'a'"));
        upload(&offline, &server, &[]).await;
    }
    offline.execute("UPDATE todos SET title = 'A' WHERE id = 'a'");
    // The upload succeeds, and so does one of what differs; but the server still has B.
    let again = upload(&offline, &server, &["--no-pull-after"]).await;
    assert_eq!(again["stats"]["resources"]["todos"]["repeated"], 3);
    let again = upload(&offline, &server, &["--only-changed", "--no-pull-after"]).await;
    assert_eq!(
        again["stats"]["resources"]["todos"],
        json!({"records": 3, "mutations": 1, "unchanged": 2, "repeated": 1})
    );
    let output = verify(&offline, &server).await;
    assert_eq!(status(&output), 1);
    assert_eq!(result(&output)["differences"][0]["fields"][0]["name"], "title");
    assert!(stderr(&output).contains("hint: cloneup --overwrite sends"), "{}", stderr(&output));

    let overwritten = upload(&offline, &server, &["--overwrite", "--no-pull-after"]).await;
    assert_eq!(
        overwritten["stats"]["resources"]["todos"],
        json!({"records": 3, "mutations": 1, "unchanged": 2})
    );
    assert_eq!(status(&verify(&offline, &server).await), 0);

    // The same once more: B on the server, A in the database.
    offline.execute("UPDATE todos SET title = 'B' WHERE id = 'a'");
    upload(&offline, &server, &["--overwrite"]).await;
    offline.execute("UPDATE todos SET title = 'A' WHERE id = 'a'");
    upload(&offline, &server, &["--overwrite", "--verify"]).await;
    assert_eq!(status(&verify(&offline, &server).await), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_deleted_on_the_server_comes_back_with_overwrite() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    let delete = json!({"resource": "todos", "operation": "delete", "id": "b"});
    crate::common::push(&server, &[crate::common::mutation("gone", &delete)]).await;
    upload(&offline, &server, &["--only-changed", "--no-pull-after"]).await;
    assert_eq!(status(&verify(&offline, &server).await), 1, "the same mutation is a repetition");
    upload(&offline, &server, &["--overwrite", "--no-pull-after", "--verify"]).await;
}
