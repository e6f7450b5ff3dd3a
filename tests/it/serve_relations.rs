//! What `relate`, `modifyRelation` and `unrelate` do in the reference server (contract 4). Not
//! which of them are rejected (`serve_mutations`).

use serde_json::{Value, json};

use super::common::{SCHEMA, TestServer, clone, mutation, pull, push};

#[tokio::test(flavor = "multi_thread")]
async fn a_join_store_is_a_resource_of_the_feed() {
    let server = TestServer::start(SCHEMA).await;
    let todo = |id: &str, operation: &str, relations: Value| {
        mutation(
            id,
            &json!({"resource": "todos", "id": "t", "operation": operation, "relations": relations, "record": {}}),
        )
    };
    push(
        &server,
        &[
            mutation("1", &json!({})),
            mutation("2", &json!({"id": "h"})),
            todo("3", "merge", json!({})),
            todo("4", "relate", json!({"tags": [{"$ref": "g", "order": 1}, "h"]})),
            todo("5", "modifyRelation", json!({"tags": {"$ref": "h", "order": 2}})),
            mutation("6", &json!({"operation": "unrelate", "relations": {"todos": "t"}})),
            mutation("7", &json!({"operation": "unrelate", "relations": {"todos": "t"}})),
        ],
    )
    .await;
    let feed = pull(&server, "3", 1000).await;
    let row = |seq: u64, to: &str, op: &str, order: Option<u64>| {
        let mut record = json!({"from": "t", "to": to});
        if let Some(order) = order {
            record["order"] = json!(order);
        }
        json!({"serverSeq": seq, "resource": "join_todos_tags_tags", "id": format!("t:{to}"), "op": op, "record": record})
    };
    assert_eq!(feed["changes"], json!([row(5, "h", "upsert", Some(2)), row(7, "g", "delete", None),]));
    assert_eq!(feed["nextCursor"], Value::Null);
    assert_eq!(
        clone(&server).await["joins"]["join_todos_tags_tags"],
        json!([{"from": "t", "to": "h", "order": 2}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_many_one_relation_is_stored_in_its_field() {
    let server = TestServer::start(SCHEMA).await;
    let todo = |id: &str, operation: &str| {
        mutation(
            id,
            &json!({"resource": "todos", "id": "t", "operation": operation, "relations": {"project": "p"}, "record": {}}),
        )
    };
    let result = push(&server, &[todo("1", "merge"), todo("2", "relate")]).await;
    assert_eq!(result["errors"][0]["code"], "NOT_FOUND", "there is no such project yet");
    let project =
        |id: &str| mutation(id, &json!({"resource": "projects", "id": id, "record": {"name": "P"}}));
    push(&server, &[project("p"), project("q"), todo("2", "relate")]).await;
    assert_eq!(clone(&server).await["data"]["todos"], json!([{"id": "t", "projectId": "p"}]));
    let unrelate = |id: &str, todo: &str, project: &str| {
        mutation(
            id,
            &json!({"resource": "todos", "id": todo, "operation": "unrelate", "relations": {"project": project}}),
        )
    };
    // An unrelate of a relation that does not exist counts as applied.
    let result = push(&server, &[unrelate("3", "t", "q"), unrelate("4", "nowhere", "p")]).await;
    assert_eq!(result["applied"], json!(["3", "4"]));
    assert_eq!(clone(&server).await["data"]["todos"], json!([{"id": "t", "projectId": "p"}]));
    push(&server, &[unrelate("5", "t", "p")]).await;
    assert_eq!(clone(&server).await["data"]["todos"], json!([{"id": "t"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mutation_may_change_several_relations() {
    let schema = r#"{"resources": [{"name": "a", "fields": [{"name": "x", "type": "string"}, {"name": "y", "type": "string"}]}],
        "relations": [{"type": "many-one", "from": "a", "to": "a", "relation": "one", "fkField": "x"},
                      {"type": "many-one", "from": "a", "to": "a", "relation": "two", "fkField": "y"}]}"#;
    let server = TestServer::start(schema).await;
    let of = |id: &str, extra: Value| {
        let mut all = json!({"resource": "a", "id": "r", "record": {}});
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        mutation(id, &all)
    };
    push(
        &server,
        &[of("1", json!({})), of("2", json!({"operation": "relate", "relations": {"one": "r", "two": "r"}}))],
    )
    .await;
    assert_eq!(clone(&server).await["data"]["a"], json!([{"id": "r", "x": "r", "y": "r"}]));
}
