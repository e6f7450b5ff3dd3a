//! Servers that name the capability and answer wrongly: a broken protocol, exit status 4, without a retry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::verify;
use crate::common::{Answer, Offline, Scripted, database, errors_of, result, status, stderr};

/// A server that names the capability.
async fn server(answers: impl IntoIterator<Item = Answer>) -> Scripted {
    let server = Scripted::start().await;
    server.script("status", [Answer::result(&json!({"capabilities": ["sync.digest"]}))]);
    server.script("digest", answers);
    server
}

fn tables(members: &Value) -> Answer {
    Answer::result(&json!({"cursor": "3", "tables": members}))
}

/// The digests of one bucket for each table of the schema, some of which are replaced.
fn digests(tags: &Value) -> Answer {
    let empty = json!({"count": 0, "digests": STANDARD.encode([0; 16])});
    tables(&json!({"projects": empty, "todos": empty, "tags": tags, "join_todos_tags_tags": empty}))
}

/// Tags that differ from those of the database.
fn other_tags() -> Answer {
    digests(&json!({"count": 2, "digests": STANDARD.encode([7; 16])}))
}

fn items(answered: u64, items: &Value) -> Answer {
    Answer::result(&json!({"cursor": "3", "answered": answered, "items": items}))
}

async fn is_broken(answers: impl IntoIterator<Item = Answer>) -> String {
    let (server, offline) = (server(answers).await, database());
    let output = verify(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 4, "{}", stderr(&output));
    let errors = errors_of(&output);
    assert_eq!((&*errors[0].0, &*errors[0].2), ("TRANSPORT_ERROR", "sync.digest"), "{errors:?}");
    errors[0].1.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_of_another_form_break_the_protocol() {
    let of = |digests: &str| digests_of(digests, 2);
    let empty = json!({"count": 0, "digests": STANDARD.encode([0; 16])});
    for (answer, expected) in [
        (of(&STANDARD.encode([0; 15])), "not those of 1 buckets"),
        (of(&STANDARD.encode([0; 32])), "not those of 1 buckets"),
        (of("%%%"), "`digests` of `tags`"),
        (tables(&json!({})), "`tables` has no"),
        (tables(&json!([])), "`tables`"),
        (
            tables(&json!({"projects": empty, "todos": empty, "tags": empty, "join_todos_tags_tags": empty,
                "other": empty})),
            "a table that was not asked for",
        ),
        (Answer::result(&json!({"tables": {}})), "`tables` has no"),
        // Bytes for no items.
        (digests_of(&STANDARD.encode([7; 16]), 0), "counts no items"),
        // The database has two tags.
        (digests_of(&local_tags(), 3), "of 2 items, and it counts 3"),
    ] {
        let message = is_broken([answer]).await;
        assert!(message.contains(expected), "{message}");
    }
}

fn digests_of(tags: &str, count: u64) -> Answer {
    digests(&json!({"count": count, "digests": tags}))
}

/// The digest of the two tags of the database.
fn local_tags() -> String {
    let mut bucket = [0; 16];
    for (id, label) in [("g", "G"), ("h", "H")] {
        let h16 = |bytes: &[u8]| blake3::hash(bytes).as_bytes()[..16].to_vec();
        let content = h16(json!({"label": label}).to_string().as_bytes());
        let leaf = h16(&[format!(r#"["{id}"]"#).as_bytes(), &content].concat());
        bucket.iter_mut().zip(leaf).for_each(|(byte, leaf)| *byte ^= leaf);
    }
    STANDARD.encode(bucket)
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_another_form_break_the_protocol() {
    let hex = "0123456789abcdef0123456789abcdef";
    for (answer, expected) in [
        (items(0, &json!([])), "`answered` is 0 of 1"),
        (items(2, &json!([])), "`answered` is 2 of 1"),
        (items(1, &json!([["g", "xyz"]])), "not 32 hex digits"),
        (items(1, &json!([["g"]])), "neither two nor three"),
        (items(1, &json!([["g", "h", hex]])), "an item with two ids"),
        (items(1, &json!([["g", hex], ["g", hex]])), "an item twice"),
        (items(1, &json!({})), "`items`"),
    ] {
        let message = is_broken([other_tags(), answer]).await;
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_a_bucket_that_was_not_asked_for_breaks_the_protocol() {
    let offline = database();
    offline.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 98)
         INSERT INTO tags SELECT 'g' || i, 'G' FROM n",
    );
    let empty = json!({"count": 0, "digests": STANDARD.encode([0; 16])});
    let others = json!({"projects": empty, "todos": empty, "join_todos_tags_tags": empty});
    // The server has one item, in the first bucket of 16.
    let mut first = [0; 256];
    first[0] = 1;
    let tags = json!({"tags": {"count": 1, "digests": STANDARD.encode(first)}});
    // BLAKE3 of `["g"]` begins with another digit than 0.
    assert_ne!(blake3::hash(br#"["g"]"#).as_bytes()[0] >> 4, 0);
    let hex = "0123456789abcdef0123456789abcdef";
    let server = server([tables(&others), tables(&tags), items(1, &json!([["g", hex]]))]).await;
    let output = verify(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 4, "{}", stderr(&output));
    assert!(stderr(&output).contains("an item of another bucket"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_route_after_all_is_compared_by_its_feed() {
    let nothing = || Answer::Json(404, json!({}));
    let server = server([nothing()]).await;
    let offline: Offline = database();
    let output = verify(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    assert_eq!(result(&output)["tables"][2]["missing"], 2);
    assert!(stderr(&output).contains("so its feed is read"), "{}", stderr(&output));
}
