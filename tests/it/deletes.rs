//! Deletes made offline reach the server before the change log is drained (contract 3.1, stage
//! C). Not which entries are drained (`finalize`).

use serde_json::{Value, json};

use super::common::Rig;

/// The `delete` and `unrelate` mutations that were pushed.
fn sent(rig: &Rig) -> Vec<Value> {
    rig.server
        .mutations()
        .into_iter()
        .filter(|m| m["operation"] == "delete" || m["operation"] == "unrelate")
        .collect()
}

#[tokio::test]
async fn a_logged_delete_is_pushed_with_its_own_mutation_id_and_missing_keys_are_filled_in() {
    let mut rig = Rig::new("INSERT INTO todos (id) VALUES ('there')").await;
    rig.offline.log("C", "m1", r#"{"resource":"todos","operation":"delete","id":"gone"}"#);
    rig.offline.log("C", "m2", r#"{"resource":"todos","operation":"delete","id":"there"}"#);
    rig.offline.log("C", "m3", r#"{"resource":"nowhere","operation":"delete","id":"x"}"#);
    let outcome = rig.succeed().await;
    assert_eq!(
        sent(&rig),
        [
            json!({"resource": "todos", "operation": "delete", "id": "gone", "version": 3, "clientId": "C", "mutationId": "m1"})
        ]
    );
    assert_eq!(outcome.stats.deletes.unwrap().mutations, 1);
    assert!(rig.offline.logged().is_empty());
}

#[tokio::test]
async fn stats_have_no_deletes_entry_when_none_were_sent() {
    let mut rig = Rig::new("INSERT INTO todos (id) VALUES ('there')").await;
    rig.offline.log("C", "m2", r#"{"resource":"todos","operation":"delete","id":"there"}"#);
    assert_eq!(rig.succeed().await.stats.deletes, None);
}

#[tokio::test]
async fn an_unrelate_is_pushed_only_for_join_rows_that_are_gone() {
    for (relations, expected) in [
        (json!({"tags": {"$ref": "g1"}}), Some(json!({"tags": {"$ref": "g1"}}))),
        (json!({"tags": "g1"}), Some(json!({"tags": "g1"}))),
        (json!({"tags": ["g1", {"$ref": "g2"}, "there"]}), Some(json!({"tags": ["g1", {"$ref": "g2"}]}))),
        (json!({"tags": "there"}), None),
        (json!({"nope": "g1"}), None),
    ] {
        let mut rig = Rig::new("INSERT INTO join_todos_tags_tags VALUES ('t', 'there', 1)").await;
        let entry = json!({"resource": "todos", "operation": "unrelate", "id": "t", "relations": relations});
        rig.offline.log("C", "m1", &entry.to_string());
        rig.succeed().await;
        let pushed: Vec<_> = sent(&rig).into_iter().map(|mutation| mutation["relations"].clone()).collect();
        assert_eq!(pushed, expected.into_iter().collect::<Vec<_>>(), "{relations}");
    }
}

#[tokio::test]
async fn an_unrelate_through_the_inverse_relation_refers_to_the_same_join_row() {
    let mut rig = Rig::new("INSERT INTO join_todos_tags_tags VALUES ('there', 'g', 1)").await;
    let entry = json!({"resource": "tags", "operation": "unrelate", "id": "g", "relations": {"todos": ["there", "gone"]}});
    rig.offline.log("C", "m1", &entry.to_string());
    rig.succeed().await;
    assert_eq!(sent(&rig)[0]["relations"], json!({"todos": ["gone"]}));
}

#[tokio::test]
async fn entries_of_another_client_are_sent_in_requests_of_that_client() {
    let mut rig = Rig::new("").await;
    for (client, mutation) in [("C", "m1"), ("D", "m2"), ("D", "m3"), ("C", "m4")] {
        let entry = json!({"resource": "todos", "operation": "delete", "id": mutation});
        rig.offline.log(client, mutation, &entry.to_string());
    }
    rig.succeed().await;
    let (pushes, sizes) = (rig.server.pushes(), rig.server.batch_sizes());
    assert_eq!((pushes.len(), sizes.iter().sum::<usize>()), (3, 4));
    for push in pushes {
        for mutation in push.body["mutations"].as_array().unwrap() {
            assert_eq!(mutation["clientId"], push.body["clientId"]);
        }
    }
}

#[tokio::test]
async fn deletes_out_of_scope_are_not_sent_and_stay_in_the_change_log() {
    for (deletes, join_rows, resources) in [(false, true, None), (true, true, Some(vec!["tags".to_owned()]))]
    {
        let mut rig = Rig::new("").await;
        rig.offline.log("C", "m1", r#"{"resource":"todos","operation":"delete","id":"gone"}"#);
        rig.options.include_deletes = deletes;
        rig.options.include_many_many = join_rows;
        rig.options.resources = resources;
        rig.succeed().await;
        assert!(sent(&rig).is_empty());
        assert_eq!(rig.offline.logged(), ["m1"]);
    }
    let mut rig = Rig::new("").await;
    rig.offline.log(
        "C",
        "m1",
        r#"{"resource":"todos","operation":"unrelate","id":"t","relations":{"tags":"g"}}"#,
    );
    rig.options.include_many_many = false;
    rig.succeed().await;
    assert!(sent(&rig).is_empty());
    assert_eq!(rig.offline.logged(), ["m1"]);
}

#[tokio::test]
async fn a_row_that_exists_under_an_untyped_key_is_not_deleted() {
    let schema = r#"{"resources": [
        {"name": "a", "fields": [], "storage": {"id": "k", "idFormat": "a:{}"}},
        {"name": "b", "fields": [], "storage": {"id": "k", "idFormat": "b:{}"}}],
      "relations": [{"type": "many-many", "from": "a", "to": "b", "relation": "r",
        "storage": {"table": "ab", "from": "x", "to": "y"}}]}"#;
    let tables = "CREATE TABLE a (k); CREATE TABLE b (k TEXT); CREATE TABLE ab (x, y);
        INSERT INTO a VALUES (5), ('6'); INSERT INTO b VALUES (7); INSERT INTO ab VALUES (5, '7')";
    let mut rig = Rig::with(schema, tables).await;
    for (index, id) in ["a:5", "a:6", "b:7"].into_iter().enumerate() {
        let entry = json!({"resource": &id[..1], "operation": "delete", "id": id});
        rig.offline.log("C", &format!("m{index}"), &entry.to_string());
    }
    let entry = json!({"resource": "a", "operation": "unrelate", "id": "a:5", "relations": {"r": "b:7"}});
    rig.offline.log("C", "m3", &entry.to_string());
    rig.succeed().await;
    assert!(sent(&rig).is_empty(), "{:?}", sent(&rig));
}

#[tokio::test]
async fn a_join_row_in_any_store_of_the_relation_exists() {
    let schema = r#"{"resources": [{"name": "a", "fields": []}, {"name": "b", "fields": []}, {"name": "c", "fields": []}],
      "relations": [{"type": "many-many", "from": "a", "to": ["b", "c"], "relation": "r"}]}"#;
    let tables = r#"CREATE TABLE a (id TEXT); CREATE TABLE b (id TEXT); CREATE TABLE c (id TEXT);
        CREATE TABLE join_a_r_c ("from" TEXT, "to" TEXT); INSERT INTO join_a_r_c VALUES ('1', 'x')"#;
    let mut rig = Rig::with(schema, tables).await;
    let entry =
        json!({"resource": "a", "operation": "unrelate", "id": "1", "relations": {"r": ["x", "gone"]}});
    rig.offline.log("C", "m1", &entry.to_string());
    rig.succeed().await;
    assert_eq!(sent(&rig)[0]["relations"], json!({"r": ["gone"]}));
}

#[tokio::test]
async fn an_unrelate_of_a_many_one_relation_is_pushed_unless_the_field_has_a_value() {
    let rows = "INSERT INTO projects VALUES ('p', 'P'), ('q', 'Q');
        INSERT INTO todos (id, projectId) VALUES ('empty', NULL), ('again', 'p'), ('other', 'q')";
    let mut rig = Rig::new(rows).await;
    for id in ["empty", "again", "other", "gone"] {
        let entry =
            json!({"resource": "todos", "operation": "unrelate", "id": id, "relations": {"project": "p"}});
        rig.offline.log("C", id, &entry.to_string());
    }
    rig.succeed().await;
    let pushed: Vec<_> = sent(&rig).into_iter().map(|mutation| mutation["id"].clone()).collect();
    assert_eq!(pushed, ["empty", "gone"]);
    assert!(rig.offline.logged().is_empty());
}

#[tokio::test]
async fn deletes_of_remote_only_resources_are_not_sent() {
    let mut rig = Rig::new("").await;
    rig.offline.log("C", "m1", r#"{"resource":"audit","operation":"delete","id":"x"}"#);
    rig.succeed().await;
    assert!(sent(&rig).is_empty());
}
