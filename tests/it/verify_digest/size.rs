//! What a comparison moves over the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{both_ways, uploaded, verify};
use crate::common::{Answer, SCHEMA, Scripted, TestServer, database, result, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_moves_digests_and_not_records() {
    let (server, offline) = (TestServer::start(SCHEMA).await, database());
    offline.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO todos (id, title, count) SELECT printf('todo:%06d', i), 'A title of some length ' || i, i FROM n",
    );
    uploaded(&server, &offline).await;
    let [digests, feed] = both_ways(&server).await;
    let equal = verify(&offline, digests.base(), &[]).await;
    assert_eq!(status(&equal), 0, "{}", stderr(&equal));
    // 4,096 buckets of 16 bytes in base64.
    assert!(digests.bytes() < 110_000, "{}", digests.bytes());
    let output = verify(&offline, feed.base(), &[]).await;
    assert_eq!(status(&output), 0);
    // The feed is compressed, and these records are much alike.
    assert!(feed.bytes() > digests.bytes() * 3 / 2, "{} {}", feed.bytes(), digests.bytes());

    let before = digests.bytes();
    offline.execute("UPDATE todos SET title = 'other' WHERE count % 1000 = 0");
    let output = verify(&offline, digests.base(), &[]).await;
    assert_eq!((status(&output), result(&output)["tables"][1]["different"].as_u64()), (1, Some(20)));
    // 20 buckets of about five items, and the digests of seven fields of the same.
    assert!(digests.bytes() - before < 200_000, "{}", digests.bytes() - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_items_of_a_server_with_many_more_rows_are_asked_for_in_small_buckets() {
    let server = Scripted::start().await;
    server.script("status", [Answer::result(&json!({"capabilities": ["sync.digest"]}))]);
    let empty = json!({"count": 0, "digests": STANDARD.encode([0; 16])});
    // The database has two tags, and the server 3,000: there is one bucket.
    let tags = json!({"count": 3000, "digests": STANDARD.encode([7; 16])});
    let tables = json!({"projects": empty, "todos": empty, "tags": tags, "join_todos_tags_tags": empty});
    let items = json!({"cursor": "3", "answered": 256, "items": []});
    server.script(
        "digest",
        [Answer::result(&json!({"cursor": "3", "tables": tables})), Answer::result(&items)],
    );
    let output = verify(&database(), server.base(), &[]).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let asked = server.requests().pop().unwrap().body;
    assert_eq!((&asked["bits"], asked["buckets"].as_array().unwrap().len()), (&json!(8), 256));
}
