//! Both ways of comparing give the same result.

use serde_json::{Value, json};

use super::{both_ways, uploaded, verify};
use crate::common::{
    MIXED_ROWS, Offline, SCHEMA, TABLES, TestServer, cloneup, database, mutation, push, result, status,
    stderr,
};

/// The result of both ways, which must be the same.
async fn same(server: &TestServer, offline: &Offline, arguments: &[&str]) -> Value {
    let [digests, feed] = both_ways(server).await;
    let by_digests = verify(offline, digests.base(), arguments).await;
    let by_feed = verify(offline, feed.base(), arguments).await;
    assert_eq!(result(&by_digests), result(&by_feed), "{}{}", stderr(&by_digests), stderr(&by_feed));
    assert_eq!(status(&by_digests), status(&by_feed));
    assert_eq!((digests.requests().1, feed.requests().2), (0, 0), "each way has its own route");
    assert!(digests.requests().2 > 0 && feed.requests().1 > 0);
    result(&by_digests)
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_sides_have_no_difference_whatever_the_values() {
    let (server, offline) = (TestServer::start(SCHEMA).await, database());
    offline.execute(
        "DELETE FROM tags; INSERT INTO projects VALUES ('p', 'P');
         INSERT INTO tags VALUES ('a:b', 'x'), ('c', NULL), ('a', 'x'), ('b:c', 'x'), ('Zürich \"1\"', '');
         INSERT INTO todos (id, title, done, count, note, data, photo, projectId) VALUES
             ('all', 'x', 1, 1.5, NULL, '{\"b\": null, \"a\": [1.0, 1e21]}', x'00ff', 'p'),
             ('null', NULL, NULL, 9007199254740993, 'n', 'null', NULL, NULL), ('a:b', NULL, 0, -0.0, NULL, '[]', NULL, NULL);
         INSERT INTO join_todos_tags_tags VALUES ('all', 'c', 1), ('all', 'c', 2), ('all', 'a', NULL),
             ('a:b', 'c', 1), ('a', 'b:c', 1), ('null', 'a:b', 0.5)",
    );
    // One of the records that a join row needs.
    offline.execute("INSERT INTO todos (id) VALUES ('a')");
    uploaded(&server, &offline).await;
    let found = same(&server, &offline, &[]).await;
    assert_eq!((&found["ok"], &found["differences"]), (&json!(true), &json!([])), "{found}");
    let counts: Vec<_> =
        found["tables"].as_array().unwrap().iter().map(|table| table["server"].clone()).collect();
    assert_eq!(counts, [json!(1), json!(4), json!(5), json!(5)], "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_difference_is_found_with_its_fields() {
    let (server, offline) = (TestServer::start(SCHEMA).await, database());
    offline.execute(&format!("DELETE FROM tags; {MIXED_ROWS}; UPDATE todos SET note = 'n' WHERE id = 'u'"));
    uploaded(&server, &offline).await;
    offline.execute(
        "UPDATE todos SET title = 'B', note = NULL, data = '{\"x\":[2]}' WHERE id = 't';
         UPDATE todos SET note = NULL, count = 5 WHERE id = 'u'; INSERT INTO tags VALUES ('new', 'N');
         DELETE FROM tags WHERE id = 'h'; UPDATE join_todos_tags_tags SET \"order\" = 7 WHERE \"to\" = 'g';
         DELETE FROM join_todos_tags_tags WHERE \"to\" = 'h'; INSERT INTO join_todos_tags_tags VALUES ('t', 'new', NULL)",
    );
    let found = same(&server, &offline, &[]).await;
    let listed = found["differences"].as_array().unwrap();
    let told: Vec<_> = listed
        .iter()
        .map(|one| {
            let fields = one["fields"].as_array().into_iter().flatten();
            let fields: Vec<_> = fields.map(|field| field["name"].as_str().unwrap()).collect();
            let text = |key: &str| one[key].as_str().unwrap();
            format!("{}/{} {} {}", text("resource"), text("id"), text("kind"), fields.join(","))
        })
        .collect();
    assert_eq!(
        told,
        [
            "todos/t different data,title",
            "todos/u different count,note",
            "tags/new missing ",
            "tags/h extra ",
            "join_todos_tags_tags/t:g different order",
            "join_todos_tags_tags/t:new missing ",
            "join_todos_tags_tags/t:h extra ",
        ]
    );
    let fields = |index: usize| listed[index]["fields"].as_array().unwrap().clone();
    // The digest of a content with this field alone.
    let digest = |json: &str| json!(blake3::hash(json.as_bytes()).to_hex()[..32].to_string());
    assert_eq!(fields(0)[1]["local"], digest(r#"{"title":"B"}"#));
    assert_eq!(fields(0)[1]["server"], digest(r#"{"title":"A"}"#));
    assert_eq!((&fields(1)[0]["server"], &fields(1)[1]["local"]), (&Value::Null, &Value::Null));
    assert_eq!(fields(1)[1]["server"], digest(r#"{"note":"n"}"#));

    // Only what is asked for.
    let found = same(&server, &offline, &["--resources", "tags", "--no-include-many-many"]).await;
    assert_eq!(found["differences"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_scattered_differences_and_extras_are_found() {
    let server = TestServer::start(SCHEMA).await;
    let offline = database();
    offline.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
         INSERT INTO todos (id, title, count) SELECT printf('%08x', i * 2654435761 % 4294967296), 'Todo ' || i, i FROM n",
    );
    uploaded(&server, &offline).await;
    let extra: Vec<_> = (0..40)
        .map(|row| {
            let (id, record) = (format!("extra{row}"), json!({"title": "x"}));
            mutation(&id, &json!({"resource": "todos", "operation": "insert", "id": id, "record": record}))
        })
        .collect();
    push(&server, &extra).await;
    offline.execute("UPDATE todos SET title = title || '!' WHERE count % 300 = 0; DELETE FROM todos WHERE count % 1000 = 1");
    let found = same(&server, &offline, &[]).await;
    let todos = &found["tables"][1];
    assert_eq!(
        *todos,
        json!({"name": "todos", "local": 29_970, "server": 30_040, "missing": 0, "different": 100, "extra": 70})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_the_server_does_not_have_is_compared_by_the_feed() {
    let server = TestServer::start(SCHEMA).await;
    let offline = Offline::new(&format!(
        "{TABLES} INSERT INTO tags VALUES ('a', 'A'); ALTER TABLE tags ADD COLUMN color TEXT"
    ));
    let schema = r#"{"resources": [{"name": "tags", "fields": [{"name": "label", "type": "string"},
        {"name": "color", "type": "string"}]}], "relations": []}"#;
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let record = json!({"label": "A"});
    push(
        &server,
        &[mutation("m", &json!({"resource": "tags", "operation": "insert", "id": "a", "record": record}))],
    )
    .await;
    let output = verify(&offline, server.base(), &["--schema", "schema.json"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("Unknown field: color"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_that_refers_to_itself_is_compared() {
    let schema = r#"{"resources": [{"name": "nodes", "fields": [{"name": "up", "type": "string"}]}],
        "relations": [{"type": "many-one", "from": "nodes", "to": "nodes", "fkField": "up"}]}"#;
    let server = TestServer::start(schema).await;
    let offline = Offline::new(
        "CREATE TABLE nodes (id TEXT PRIMARY KEY, up TEXT);
         INSERT INTO nodes VALUES ('a', 'b'), ('b', NULL), ('c', 'a')",
    );
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let output = cloneup(&offline, server.base(), &["--schema", "schema.json", "--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    offline.execute("UPDATE nodes SET up = NULL WHERE id = 'a'");
    let found = same(&server, &offline, &["--schema", "schema.json"]).await;
    assert_eq!(found["differences"].as_array().unwrap().len(), 1);
}
